// The explicit public list of @stillpoint/sim.
export { defineWorld, loadWorld, parametersOf } from './world/index.ts';
export { det } from './math/index.ts';
export { askRun, findLivingRuns, findRunSocket, startControl } from './control/index.ts';
export type * from './control/contract.ts';
export type * from './state/contract.ts';
export type * from './world/contract.ts';
export type * from './random/contract.ts';
