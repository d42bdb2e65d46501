// What is done with checkpoints that are there.
export type { ChosenPruned, PruneRule } from './choose-pruned.ts';
export * from './diff.ts';
export * from './export.ts';
export * from './fork.ts';
export * from './inspect.ts';
export * from './list.ts';
export { locateCheckpoint, locateRun, type Where } from './locate.ts';
export type { ArrayDifference, Summary } from './numbers.ts';
export * from './prune.ts';
export * from './verify.ts';
