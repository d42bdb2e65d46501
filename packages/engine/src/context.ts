// What one open Stillpoint is made of: handed by engine.ts, the only composition root, to the rooms that orchestrate.
import type { Clock, Json, SnapshotId } from '@stillpoint/core';
import type { ResolvedConfig } from './config/resolved.ts';
import type { CompareCheckpoints } from './diff/contract.ts';
import type { MemberHistory } from './federation/index.ts';
import type { Participant } from './freeze/contract.ts';
import type { ProjectState } from './project/index.ts';
import type { Catalogue } from './snapshot/index.ts';
import type { NamedStream, ObjectSource, SourceDriver } from './sources/contract.ts';
import type { Vault } from './vault/contract.ts';

export interface EngineContext {
  readonly config: ResolvedConfig;
  readonly state: ProjectState;
  readonly vault: Vault;
  /** The vault's snapshots. */
  readonly catalogue: Catalogue;
  readonly clock: Clock;
  /** Of everything that the configuration names: databases first, then members. */
  readonly drivers: readonly SourceDriver[];
  readonly participants: readonly Participant[];
  /** Drivers for the sources of a manifest, in its order. Throws SOURCE_NOT_CONFIGURED. */
  driversFor(
    sources: readonly { readonly name: string; readonly driver: string }[],
    snapshot: SnapshotId,
  ): ReadonlyMap<string, SourceDriver>;
  /** All streams of a record, without a configured source. Throws MANIFEST_UNREADABLE for a driver it does not know. */
  referencesOf(
    driver: string,
    record: Json,
    source: ObjectSource,
    snapshot: SnapshotId,
  ): AsyncIterable<NamedStream>;
  /** To read a member's history and files; undefined: there is no repository at this path. */
  openHistory(member: string, signal: AbortSignal): Promise<MemberHistory | undefined>;
  /** What is in two checkpoints; left out: nobody here can read them. */
  readonly compareCheckpoints?: CompareCheckpoints;
  readonly version: string;
  /** Called before and after every line of the restore journal: where the crash tests kill the process. */
  readonly crashPoint: (point: string) => void;
}
