// Checkpoints for a loop of the user's own.
export type * from './contract.ts';
export { createCheckpointer } from './create-checkpointer.ts';
export type { OwnHash } from './own-identity.ts';
export { hashOwnState } from './own-hash.ts';
export type { OwnArray, OwnArrays, OwnState } from './own-state.ts';
