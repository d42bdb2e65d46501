export type * from './contract.ts';
export { startControl } from './control.ts';
export { askRun, type AskOptions } from './client.ts';
export { findLivingRuns, findRunSocket, type LivingRun } from './find-runs.ts';
