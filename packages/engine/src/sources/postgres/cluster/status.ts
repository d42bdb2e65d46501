// What `db status` shows, from what is on disk and in the process table. Reads only, and needs no lock.
import type { ClusterStatus } from './contract.ts';
import type { Postmaster } from './postmaster.ts';
import type { ClusterFacts } from './state-files.ts';

export interface Seen {
  readonly facts: ClusterFacts | undefined;
  /** Of the binaries here; asked only when there is no cluster yet. */
  version(): string;
  readonly configuredPort: number | undefined;
  readonly incarnation: string | undefined;
  readonly supervised: boolean;
  dataOf(incarnation: string): string;
  findPublic(incarnation: string): Postmaster | undefined;
}

export function statusOf(seen: Seen): ClusterStatus {
  const { facts, incarnation, supervised } = seen;
  const version = facts?.version ?? seen.version();
  if (incarnation === undefined) return { state: 'absent', supervised: false, version };
  const found = seen.findPublic(incarnation);
  const port = found?.port ?? seen.configuredPort ?? facts?.port;
  return {
    state: stateOf(found, supervised),
    supervised,
    ...(found !== undefined && { pid: found.pid, socketDirectory: found.socketDirectory }),
    ...(port !== undefined && { port }),
    incarnation,
    version,
    dataDirectory: seen.dataOf(incarnation),
  };
}

/** A supervisor without a postmaster is between two lives of it. */
function stateOf(found: Postmaster | undefined, supervised: boolean): ClusterStatus['state'] {
  if (found === undefined) return supervised ? 'starting' : 'stopped';
  return found.state === 'starting' ? 'starting' : 'running';
}
