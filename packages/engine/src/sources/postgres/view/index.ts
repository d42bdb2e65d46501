// A Postgres database as the gate and `diff` see it, over any connection: of our own cluster or of a server by URL.
export { createPostgresView, type PostgresViewOptions } from './view.ts';
