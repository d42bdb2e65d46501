// What is done with lenses that are there.
export { diffLenses, type FieldDifference, type LensDiff, type LensSide } from './diff.ts';
export { lensInfo, type LensInfo } from './info.ts';
export {
  lensRunNamed,
  lensRunsAt,
  locateLens,
  locateLensRuns,
  type LocatedLens,
  type LocateLensOptions,
} from './locate.ts';
export { listLenses, type ListedLens } from './runs.ts';
export { verifyLens, type VerifiedLensFile } from './verify.ts';
export { compactLens, type CompactedLens, type CompactOptions } from './compact.ts';
export {
  planLensPrune,
  pruneLens,
  type LensChunkFile,
  type LensPrunePlan,
  type LensPruneRule,
} from './prune.ts';
