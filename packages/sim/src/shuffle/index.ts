// The door of the byte shuffle.
export { createShuffler, type Shuffler } from './shuffle.ts';
export { SHUFFLE_BYTES } from './bytes.ts';
