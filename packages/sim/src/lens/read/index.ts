// The door of reading a lens.
export type {
  FrameRange,
  FrameTime,
  Lens,
  LensPartFile,
  LensPlace,
  ReadOptions,
} from './contract.ts';
export { openLens } from './open-lens.ts';
export { partFiles, type PartFile } from './parts.ts';
export { directoryPlace, filePlace, httpPlace } from './places.ts';
