// The door of reading a lens.
export type {
  EachOptions,
  FrameRange,
  FrameTime,
  Lens,
  LensPartFile,
  LensPlace,
  ReadOptions,
} from './contract.ts';
export { openLens } from './open-lens.ts';
export { partFiles, type PartFile } from './parts.ts';
export { httpPlace } from './http-place.ts';
export { directoryPlace, filePlace } from './places.ts';
export { isS3Address, s3AddressText } from './s3-address.ts';
export { openS3, s3Place, type S3Directory, type S3PlaceOptions } from './s3-place.ts';
