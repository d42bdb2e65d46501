// The public list of `stillpoint`: what a configuration imports, and the library behind the command.
export {
  defineConfig,
  findConfig,
  loadConfig,
  resolveConfig,
  type BrokenSeal,
  type CallOptions,
  type DamagedSnapshot,
  type ForgetOptions,
  type ForgetResult,
  type ManagedDatabase,
  type ResolvedConfig,
  type RestoreOptions,
  type RestorePlan,
  type RestoreResult,
  type SnapshotOptions,
  type SnapshotSummary,
  type SnapshotVerification,
  type Stillpoint,
  type UserConfig,
} from '@stillpoint/engine';
export { createStillpoint, type OpenOptions } from './library.ts';
export {
  isFailure,
  StillpointError,
  type ErrorCode,
  type ProgressEvent,
  type ProgressListener,
} from '@stillpoint/core';
