// The explicit public list of @stillpoint/persistence.
export { openPersistence, type Persistence, type PersistenceOptions } from './open.ts';
export {
  DEFAULT_FREEZE_LOCK_KEY,
  identifier,
  literal,
  openDatabase,
  qualified,
} from './database/index.ts';
export {
  appRoleName,
  checkChambers,
  examineChambers,
  installChambers,
  settleChambers,
} from './chambers/index.ts';
export type {
  ChamberFinding,
  ChamberName,
  ChamberOptions,
  ChamberPart,
  Expectation,
} from './chambers/index.ts';
export type {
  Database,
  OpenDatabaseOptions,
  Queryable,
  QueryResult,
  ServerFacts,
  Session,
  Transaction,
  TransactionOptions,
} from './database/contract.ts';
export {
  defineExtension,
  extensions,
  loadFederation,
  settings,
  settingsOf,
  users,
  uuidBase,
} from './registry/index.ts';
export type {
  Extension,
  ExtensionParticipant,
  Federation,
  LoadFederationOptions,
  MemberDirectory,
  RegisteredExtension,
  RegisteredTable,
  Rename,
  Settings,
  SetupContext,
} from './registry/index.ts';
export {
  findDrift,
  migrate,
  migrationStatus,
  rollback,
  type AppliedMigration,
  type ApplyOptions,
  type DriftFinding,
  type DriftOptions,
  type DriftReport,
  type Guard,
  type Loss,
  type MigrateOptions,
  type MigrateOutcome,
  type MigrationStatus,
  type MigrationStep,
  type RollbackOptions,
  type RollbackOutcome,
  type StatusOptions,
} from './migrate/index.ts';
export { libraryParts } from './parts.ts';
export { createQueue, createQueueParticipant, defineJob, queuePart } from './queue/index.ts';
export type {
  Attempt,
  BatchHandler,
  BatchOptions,
  Duration,
  Effect,
  EnqueueOptions,
  HandlerContext,
  JobData,
  JobDefinition,
  JobHandler,
  JobInput,
  JobOptions,
  JobState,
  Queue,
  QueueOptions,
  QueueParticipantOptions,
  QueueSupports,
  Recovered,
  Schedule,
  Worker,
  WorkOptions,
} from './queue/index.ts';
export {
  copyRows,
  encodeJson,
  jsonb,
  JsonBytes,
  jsonBytes,
  jsonbOf,
  jsonbParameter,
  jsonbText,
  readJsonBytes,
  readRaw,
  refusedJson,
  type CopyColumn,
  type CopyRow,
  type CopyTarget,
  type CopyType,
  type JsonbColumn,
  type JsonBytesOptions,
  type RawRow,
} from './jsonb/index.ts';
export { createSweeps, prepareSweeps, sweepsPart } from './sweeps/index.ts';
export type { SweepJob, SweepPlan, SweepResult, SweepRun, Sweeps } from './sweeps/index.ts';
export { createDocuments, documentsPart } from './documents/index.ts';
export type {
  CompactAllOptions,
  Compacted,
  CompactOptions,
  DocumentState,
  Documents,
  ExactState,
  HistoryOptions,
  Keep,
  ReadOptions,
  SaveExactOptions,
  SaveOptions,
  State,
  StateVersion,
} from './documents/index.ts';
export { createVerbatim, verbatimPart } from './verbatim/index.ts';
export type {
  Correction,
  Fact,
  FoundBy,
  FoundFact,
  LookOptions,
  NewFact,
  Verbatim,
} from './verbatim/index.ts';
export {
  buildVectorIndex,
  createMemory,
  createTestEmbedder,
  examineMemory,
  memoryPart,
  transitions,
} from './memory/index.ts';
export type {
  BuildIndexOptions,
  Embedder,
  ExaminedMemory,
  FirstStatus,
  Memory,
  MemoryFacts,
  MemoryItem,
  MemoryOptions,
  MemoryStatus,
  NewItem,
  NextStatus,
  Recalled,
  RecallOptions,
  RememberOptions,
} from './memory/index.ts';
export {
  createSpanExporter,
  createTraceQueries,
  createTraces,
  tracesPart,
} from './traces/index.ts';
export type {
  CountedExporter,
  DetailedSpan,
  NameSummary,
  SpanExporterOptions,
  SpanQueue,
  SpanRecord,
  Trace,
  TraceNode,
  TraceQueries,
  Traces,
  TracesOptions,
  TraceStats,
} from './traces/index.ts';
