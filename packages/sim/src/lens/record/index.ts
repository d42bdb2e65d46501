// The door of the writing of a lens.
export type { ChunkEntry, Dropped, LensManifest, Recorder, RecorderOptions } from './contract.ts';
export { mergedGaps } from './gaps.ts';
export { lensFilesIn, tidyUp, type LensFile } from './files.ts';
export { parseManifest, readManifest, renewManifest } from './manifest.ts';
export { openRecorder, takeLensLock } from './recorder.ts';
