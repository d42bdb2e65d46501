// The public list of `stillpoint`: what a configuration imports, and the library behind the command.
export {
  createStillpoint,
  defineConfig,
  findConfig,
  loadConfig,
  resolveConfig,
  type CallOptions,
  type DamagedSnapshot,
  type EngineEnvironment,
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
export {
  isFailure,
  StillpointError,
  type ErrorCode,
  type ProgressEvent,
  type ProgressListener,
} from '@stillpoint/core';
