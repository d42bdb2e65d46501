// The explicit public list of @stillpoint/sim.
export { defineWorld, describeWorld, loadWorld, parametersOf } from './world/index.ts';
export { det } from './math/index.ts';
export { keyedRandom, type KeyedRandom } from './random/index.ts';
export {
  askRun,
  findLivingRuns,
  findRunSocket,
  startControl,
  type AskOptions,
  type LivingRun,
} from './control/index.ts';
export { driveRun, resumeRun, startRun } from './runner/index.ts';
export { simulate } from './session/index.ts';
export { compareIdentity, identify, lintWorld, type Finding } from './identity/index.ts';
export { createCheckpointWriter, openCheckpoint } from './checkpoint/index.ts';
export { latestRun, listRuns, newestThatVerifies, openRunDirectory } from './directory/index.ts';
export { createCheckpointer, hashOwnState } from './own-loop/index.ts';
export {
  diffCheckpoints,
  EXPORT_FORMATS,
  exportCheckpoint,
  forkCheckpoint,
  inspectCheckpoint,
  listCheckpoints,
  locateCheckpoint,
  locateRun,
  planPrune,
  pruneRun,
  verifyCheckpoint,
  verifyRun,
} from './manage/index.ts';
export { openLens, directoryPlace, filePlace, httpPlace, s3Place } from './lens/read/index.ts';
export {
  openRecorder,
  type Dropped,
  type Recorder,
  type RecorderOptions,
} from './lens/record/index.ts';
export {
  degreesOf,
  directionsFrom,
  isStatistic,
  pathBetween,
  queryLens,
} from './lens/ask/index.ts';
export { openLensSql } from './lens/sql/index.ts';
export { exportLens, LENS_EXPORT_FORMATS } from './lens/export/index.ts';
export {
  compactLens,
  diffLenses,
  lensInfo,
  lensRunsAt,
  listLenses,
  lensRunNamed,
  locateLens,
  locateLensRuns,
  planLensPrune,
  pruneLens,
  verifyLens,
} from './lens/manage/index.ts';
export {
  createLensCapture,
  createSampler,
  lensFieldsOf,
  parsePrecision,
  precisionText,
} from './lens/capture/index.ts';
export { COLOUR_MAPS, lensPicture, lensRaster, lensSeries, plotLens } from './lens/plot/index.ts';
export { seedStream, streamOver } from './random/index.ts';
export type * from './checkpoint/contract.ts';
export type * from './directory/contract.ts';
export type * from './control/contract.ts';
export type * from './state/contract.ts';
export type * from './world/contract.ts';
export type * from './random/contract.ts';
export type * from './runner/contract.ts';
export type * from './session/contract.ts';
export type * from './own-loop/index.ts';
export type * from './manage/index.ts';
export type * from './lens/contract.ts';
export type * from './lens/capture/index.ts';
export type * from './lens/read/contract.ts';
export type * from './lens/ask/index.ts';
export type * from './lens/sql/contract.ts';
export type * from './lens/manage/index.ts';
export type * from './lens/plot/index.ts';
export type * from './lens/export/index.ts';
