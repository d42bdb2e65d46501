export type * from './contract.ts';
export { fold } from './fold.ts';
export { verbatimPart } from './part.ts';
export { createVerbatim } from './verbatim.ts';
