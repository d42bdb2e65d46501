// One SQLite database for the gate and `diff`.
export { createSqliteView, type SqliteViewOptions } from './view.ts';
