// The door of the writing of a lens.
export type { ChunkEntry, Dropped, LensManifest, Recorder, RecorderOptions } from './contract.ts';
export { lensFilesIn, type LensFile } from './files.ts';
export { parseManifest, readManifest } from './manifest.ts';
export { openRecorder } from './recorder.ts';
