// The door of reading a lens.
export type { FrameRange, FrameTime, Lens, LensPlace, ReadOptions } from './contract.ts';
export { openLens } from './open-lens.ts';
export { directoryPlace, filePlace, httpPlace } from './places.ts';
