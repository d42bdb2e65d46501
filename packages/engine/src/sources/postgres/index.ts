// The managed Postgres source: its driver, its cluster and the lock applications hold still by.
export { createAdvisoryLockParticipant, type AdvisoryLockOptions } from './advisory-lock.ts';
export {
  createCluster,
  protectedSettings,
  type Cluster,
  type ClusterOptions,
  type ClusterStatus,
} from './cluster/index.ts';
export { createManagedPostgresDriver, type ManagedPostgresOptions } from './driver.ts';
export { listLockDatabases } from './lock-databases.ts';
export { postgresReferences } from './references.ts';
