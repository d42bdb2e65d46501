export type * from './contract.ts';
export { createSweeps, prepareSweeps } from './sweeps.ts';
export { sweepsPart } from './part.ts';
