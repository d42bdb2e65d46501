// Every error that Stillpoint can tell a person, in one place. A code is API: it is never renamed and never used again for
// something else. docs/reference/errors.md is made from this table (npm run docs) and a test holds the two equal; another test
// proves that each code is thrown somewhere and each thrown code stands here.
import { command } from './catalogue/command.ts';
import { diff } from './catalogue/diff.ts';
import { discovery } from './catalogue/discovery.ts';
import { federation } from './catalogue/federation.ts';
import { files } from './catalogue/files.ts';
import { freeze } from './catalogue/freeze.ts';
import { gate } from './catalogue/gate.ts';
import { managedPostgres } from './catalogue/managed-postgres.ts';
import { persistenceChambers } from './catalogue/persistence-chambers.ts';
import { persistenceDaemon } from './catalogue/persistence-daemon.ts';
import { persistenceDatabase } from './catalogue/persistence-database.ts';
import { persistenceDocuments } from './catalogue/persistence-documents.ts';
import { persistenceJsonb } from './catalogue/persistence-jsonb.ts';
import { persistenceMemory } from './catalogue/persistence-memory.ts';
import { persistenceMigrate } from './catalogue/persistence-migrate.ts';
import { persistenceQueue } from './catalogue/persistence-queue.ts';
import { persistenceRegistry } from './catalogue/persistence-registry.ts';
import { persistenceSweeps } from './catalogue/persistence-sweeps.ts';
import { persistenceTraces } from './catalogue/persistence-traces.ts';
import { persistenceVerbatim } from './catalogue/persistence-verbatim.ts';
import { postgresByUrl } from './catalogue/postgres-by-url.ts';
import { project } from './catalogue/project.ts';
import { runSource } from './catalogue/run-source.ts';
import { s3 } from './catalogue/s3.ts';
import { prune } from './catalogue/prune.ts';
import { simLens } from './catalogue/sim-lens.ts';
import { simLensExport } from './catalogue/sim-lens-export.ts';
import { simLensPlaces } from './catalogue/sim-lens-places.ts';
import { simLensSql } from './catalogue/sim-lens-sql.ts';
import { simLensCapture } from './catalogue/sim-lens-capture.ts';
import { simLensPlot } from './catalogue/sim-lens-plot.ts';
import { simControl } from './catalogue/sim-control.ts';
import { simCheckpoint } from './catalogue/sim-checkpoint.ts';
import { simDirectory } from './catalogue/sim-directory.ts';
import { simManage } from './catalogue/sim-manage.ts';
import { simOwnLoop } from './catalogue/sim-own-loop.ts';
import { simWorld } from './catalogue/sim-world.ts';
import { simRun } from './catalogue/sim-run.ts';
import { snapshotAndRestore } from './catalogue/snapshot-and-restore.ts';
import { sqlite } from './catalogue/sqlite.ts';
import { vault } from './catalogue/vault.ts';
import { vaultCare } from './catalogue/vault-care.ts';
import { vaultKeys } from './catalogue/vault-keys.ts';

/** As the reference shows them. */
export const catalogueSections = {
  command,
  'project and config': project,
  freeze,
  'federation (git)': federation,
  'managed Postgres': managedPostgres,
  'Postgres by URL': postgresByUrl,
  SQLite: sqlite,
  files,
  vault,
  'copies and exports': vaultCare,
  'keys of a vault': vaultKeys,
  prune,
  'vault on S3': s3,
  'snapshot and restore': snapshotAndRestore,
  gate,
  'init and doctor': discovery,
  diff,
  'database of the persistence library': persistenceDatabase,
  'daemons and their scaffold': persistenceDaemon,
  chambers: persistenceChambers,
  'extensions and models': persistenceRegistry,
  migrations: persistenceMigrate,
  'documents as jsonb': persistenceJsonb,
  'state documents': persistenceDocuments,
  queue: persistenceQueue,
  facts: persistenceVerbatim,
  memory: persistenceMemory,
  traces: persistenceTraces,
  'runs of simulations': simRun,
  checkpoints: simCheckpoint,
  'directories of runs': simDirectory,
  'management of checkpoints': simManage,
  'loops of your own': simOwnLoop,
  'worlds of simulations': simWorld,
  lenses: simLens,
  'exports of lenses': simLensExport,
  'SQL over lenses': simLensSql,
  'lenses far away': simLensPlaces,
  'capture of lenses': simLensCapture,
  'pictures of lenses': simLensPlot,
  'control of runs': simControl,
  'runs in snapshots': runSource,
  'sweeps of simulations': persistenceSweeps,
} as const;

export const catalogue = {
  ...command,
  ...project,
  ...freeze,
  ...federation,
  ...managedPostgres,
  ...postgresByUrl,
  ...sqlite,
  ...files,
  ...vault,
  ...vaultCare,
  ...vaultKeys,
  ...prune,
  ...s3,
  ...snapshotAndRestore,
  ...gate,
  ...discovery,
  ...diff,
  ...persistenceDatabase,
  ...persistenceDaemon,
  ...persistenceChambers,
  ...persistenceRegistry,
  ...persistenceMigrate,
  ...persistenceJsonb,
  ...persistenceDocuments,
  ...persistenceQueue,
  ...persistenceVerbatim,
  ...persistenceMemory,
  ...persistenceTraces,
  ...simRun,
  ...simCheckpoint,
  ...simDirectory,
  ...simManage,
  ...simOwnLoop,
  ...simWorld,
  ...simLens,
  ...simLensExport,
  ...simLensSql,
  ...simLensPlaces,
  ...simLensCapture,
  ...simLensPlot,
  ...simControl,
  ...runSource,
  ...persistenceSweeps,
} as const;

export type ErrorCode = keyof typeof catalogue;
