// What doctor looks at, and what it says. It changes nothing: it asks drivers to probe and participants to open, which by their
// laws disturb nobody.
import type { CopyState } from '../care/contract.ts';
import type { Clock, ErrorCode, Json, SnapshotId } from '@stillpoint/core';
import type {
  ResolvedConfig,
  ResolvedParticipant,
  ResolvedPlace,
  ResolvedSource,
} from '../config/resolved.ts';
import type { Participant } from '../freeze/contract.ts';
import type { ProjectState } from '../project/index.ts';
import type { NamedStream, ObjectSource, SourceDriver } from '../sources/contract.ts';
import type { Cluster } from '../sources/postgres/cluster/contract.ts';
import type { Vault } from '../vault/contract.ts';

/**
 * 'fail': a snapshot or a restore would not work, or would not hold what it should. 'warn': it works, and could be better or
 * could hurt later. 'info': worth knowing.
 */
export type Level = 'ok' | 'info' | 'warn' | 'fail';

export const AREAS = ['project', 'machine', 'members', 'sources', 'participants', 'vault'] as const;
export type Area = (typeof AREAS)[number];

export interface Finding {
  readonly area: Area;
  /** Of what: the name of a source, the path of a member, 'git', 'free space'. */
  readonly about: string;
  readonly level: Level;
  /** What was found, with its evidence. */
  readonly what: string;
  /** One command or sentence; on everything that fails, and wherever something can be done. */
  readonly fix?: string;
  /** The error of the catalogue that a command would end with. */
  readonly code?: ErrorCode;
  /** ISO 8601, UTC: when what is told happened. */
  readonly at?: string;
}

export interface DoctorReport {
  /** Grouped by area, in the order of AREAS. */
  readonly findings: readonly Finding[];
  readonly failed: number;
  readonly warned: number;
}

/** Made, or the reason why not: one that cannot be made must not hide the others. */
export type Attempt<T> = { readonly value: T } | { readonly error: unknown };

/** Of the inside of a database. */
export type DatabaseRemark =
  | { readonly level: 'ok'; readonly what: string }
  | { readonly level: 'warn' | 'fail'; readonly what: string; readonly fix: string };

/** A project as it is put together to be looked at. */
export interface Patient {
  readonly config: ResolvedConfig;
  readonly state: ProjectState;
  /** Of what is in .stillpoint; undefined: no command has worked here yet. */
  readonly stateFormat: number | undefined;
  readonly clock: Clock;
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly vaultPlace: ResolvedPlace;
  /** Opened to read. undefined: there is none yet. */
  readonly vault: Attempt<Vault | undefined>;
  /** How far the copies that the configuration names are behind; none while there is no vault. */
  readonly copies: () => Promise<readonly CopyState[]>;
  readonly clusters: ReadonlyMap<string, Cluster>;
  /** Of a source that was reached. */
  readonly examineDatabase: (source: ResolvedSource) => Promise<readonly DatabaseRemark[]>;
  readonly sources: readonly {
    readonly source: ResolvedSource;
    readonly driver: Attempt<SourceDriver>;
  }[];
  readonly members: readonly { readonly path: string; readonly driver: Attempt<SourceDriver> }[];
  readonly participants: readonly {
    readonly participant: ResolvedParticipant;
    readonly made: Attempt<Participant>;
  }[];
  readonly referencesOf: (
    driver: string,
    record: Json,
    source: ObjectSource,
    snapshot: SnapshotId,
  ) => AsyncIterable<NamedStream>;
}
