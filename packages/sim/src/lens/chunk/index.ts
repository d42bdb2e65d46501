// The door of a lens's chunks.
export {
  fieldAttributes,
  perFrameArray,
  positionsArray,
  tickArray,
  TICKS,
  timeArray,
  TIMES,
  valuesArray,
} from './arrays.ts';
export { createBlocks, type Blocks } from './blocks.ts';
export { createFrameMemory, type FrameMemory } from './frame-memory.ts';
export { mergeChunks, type Merged } from './merge.ts';
export { openChunk, type LensChunk } from './open.ts';
export { sealJournal, type Sealed } from './seal.ts';
