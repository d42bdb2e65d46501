// The explicit public list of @stillpoint/engine.
export type {
  CallOptions,
  DamagedSnapshot,
  DiffOptions,
  ForgetOptions,
  ForgetResult,
  GateOptions,
  KeptSnapshot,
  Loss,
  ManagedDatabase,
  PruneOptions,
  RebaseResult,
  RestoreOptions,
  RestorePlan,
  RestoreResult,
  RetainOptions,
  RetainResult,
  RetentionRules,
  SnapshotOptions,
  SnapshotSummary,
  SnapshotVerification,
  Stillpoint,
  UndoOptions,
  VerifyCallOptions,
} from './api.ts';
export type {
  ArrayChange,
  CheckpointChanges,
  CommitsDiff,
  CompareCheckpoints,
  DatabaseDiff,
  DiffSide,
  DiffState,
  FactChange,
  FileChange,
  FilesDiff,
  FromTo,
  LockfileDiff,
  Named,
  NamedChanges,
  RowChange,
  RowsDiff,
  RunDiff,
  SourceDiff,
  StateDiff,
  TableDiff,
  ValuesChange,
} from './diff/index.ts';
export type { KeepReason } from './snapshot/index.ts';
export type { OpenSession, PruneReport } from './vault/index.ts';
export type {
  CareOptions,
  CopiedSnapshot,
  CopyOptions,
  CopyResult,
  CopyState,
  ExportResult,
  HarmedSnapshot,
  ImportResult,
  RepairOptions,
  RepairResult,
  SnapshotUsage,
  SourceUsage,
  VaultCare,
  VaultStats,
} from './care/index.ts';
export type { EngineEnvironment, QueueParticipantOptions } from './compose.ts';
export type { DatabaseRemark } from './doctor/index.ts';
export type { Participant } from './freeze/index.ts';
export {
  openVaultCare,
  readPlace,
  validatePlace,
  type OpenVaultCareOptions,
} from './compose-care.ts';
export { placeText } from './compose-vault.ts';
export { readPassphrase } from './compose-passphrase.ts';
export {
  CONFIG_NAMES,
  DEFAULT_LOCK_KEY,
  defineConfig,
  findConfig,
  loadConfig,
  resolveConfig,
  type LoadOptions,
  type ResolvedConfig,
  type ResolvedMember,
  type ResolvedParticipant,
  type ResolvedPassphrase,
  type ResolvedSource,
  type ResolvedVault,
  type ResolveOptions,
  type UserConfig,
} from './config/index.ts';
export {
  chooseLikely,
  discoverProject,
  writeConfigText,
  type Choice,
  type DiscoverOptions,
  type Discovery,
  type FoundDatabase,
  type FoundRepository,
  type FoundUploads,
} from './discovery/index.ts';
export { AREAS, type Area, type DoctorReport, type Finding, type Level } from './doctor/index.ts';
export { createStillpoint } from './engine.ts';
export { restoreFrom, type RestoredFrom, type RestoreFromOptions } from './restore-from.ts';
export { examineProject, type Unloaded } from './examine-project.ts';
export type {
  GateDatabase,
  GateFinding,
  GateLevel,
  GateRule,
  GateVerdict,
} from './gate/contract.ts';
export type { BrokenSeal, SealPart } from './project/index.ts';
export type { FreezeTimes } from './freeze/index.ts';
export {
  findUnendedRestore,
  forwardSteps,
  stepName,
  type Step,
  type StepSource,
} from './restore/index.ts';
export { lockfileText, type Lockfile } from './snapshot/index.ts';
export type { CommitLine, TreeHead } from './sources/contract.ts';
export type { ClusterStatus } from './sources/postgres/cluster/contract.ts';
export type { Damage, Encryption, KeySlot, VerifyReport } from './vault/contract.ts';
export type { StoreCheck } from './vault/index.ts';
