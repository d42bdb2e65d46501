// Checkpoints: written by a thread of their own, read section by section.
export type * from './contract.ts';
export { openCheckpoint } from './reader.ts';
export { createCheckpointWriter } from './writer.ts';
