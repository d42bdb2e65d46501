// Directories of runs: opened under a lock, listed, and searched for the newest checkpoint that verifies.
export type * from './contract.ts';
export { checkpointName, checkRunId, isRunId, tickOfName } from './names.ts';
export { newestThatVerifies } from './newest.ts';
export { openRunDirectory } from './open.ts';
export { makeWay, recordCheckpoint, superfluous } from './record.ts';
export { isRunLocked, takeRunLock, type RunLock } from './run-lock.ts';
export { pointedTo, pointTo } from './link.ts';
export { latestRun, listRuns } from './runs.ts';
