// SQLite files: the driver, and the participant that holds their writers still.
export { createSqliteDriver, type SqliteDriverOptions } from './driver.ts';
export { createSqliteLockParticipant, type SqliteLockOptions } from './lock-participant.ts';
export { references as sqliteReferences } from './restore.ts';
