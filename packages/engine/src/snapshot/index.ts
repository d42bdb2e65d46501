export { beginCapture, type Capture, type CaptureOptions } from './capture.ts';
export { describeFound, findSnapshot, forgetSnapshots, type FoundSnapshot } from './forget.ts';
export {
  isSignedRight,
  lockfileText,
  mixLockfiles,
  signLockfile,
  type Lockfile,
} from './lockfile.ts';
export {
  parseManifest,
  summarize,
  type Manifest,
  type ManifestSource,
  type Sealed,
} from './manifest.ts';
export { listSnapshots } from './list.ts';
export { rebaseSnapshots } from './rebase.ts';
export { pruneSnapshots } from './prune.ts';
export { retainSnapshots } from './retain.ts';
export type { KeepReason } from './retention.ts';
export { resolveRef } from './refs.ts';
export { readSealed, type Damaged } from './sealed.ts';
export { createCatalogue, type Catalogue } from './catalogue.ts';
export { OUTLINE_FORM, type Known, type Outline } from './outline.ts';
export { checkSpace, freeBytesAt, sayDiskFull } from './space.ts';
export { streamsOfSnapshot, type SnapshotStream } from './streams.ts';
export { takeSnapshot, type TakeOptions } from './take-snapshot.ts';
export { verifySnapshot } from './verify.ts';
export { placedAsCaptured, refuseMoved } from './place.ts';
