// The door of a lens's chunks.
export { openChunk, type LensChunk } from './open.ts';
export { sealJournal, type Sealed } from './seal.ts';
