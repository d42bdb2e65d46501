// The databases of a running managed cluster in which the freeze takes its lock.
import { listLockableDatabases } from './advisory-lock.ts';
import type { Cluster } from './cluster/contract.ts';
import { withControl } from './session.ts';

export function listLockDatabases(cluster: Cluster): Promise<readonly string[]> {
  return withControl(cluster, new AbortController().signal, listLockableDatabases);
}
