// The explicit public list of @stillpoint/sim.
export type * from './state/contract.ts';
export type * from './world/contract.ts';
export type * from './random/contract.ts';
