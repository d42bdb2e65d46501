// Directories of runs: opened under a lock, listed, and searched for the newest checkpoint that verifies.
export type * from './contract.ts';
export { checkpointName, checkRunId, isRunId, tickOfName } from './names.ts';
export { forgetCheckpoint, recordCheckpoint } from './record.ts';
