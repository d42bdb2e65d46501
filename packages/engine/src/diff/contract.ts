// What differs between two states of a project: two snapshots, or a snapshot and what is there now. `from` is always the first
// of the two, `to` the second; 'added' is what only the second has. docs/reference/json.md describes the same as JSON.
import type { SnapshotId } from '@stillpoint/core';
import type { CommitLine, TreeHead } from '../sources/contract.ts';

export interface StateDiff {
  readonly from: DiffSide;
  readonly to: DiffSide;
  /** False: all that was compared is equal. Look at `problem` of the sources for what was not compared. */
  readonly different: boolean;
  readonly lockfile: LockfileDiff;
  /** Databases in the order of the configuration, then members; what only the second state has comes last. */
  readonly sources: readonly SourceDiff[];
}

export interface DiffSide {
  /** null: the live state. */
  readonly snapshot: SnapshotId | null;
  readonly name: string | null;
  /** ISO 8601, UTC; null: the live state. */
  readonly createdAt: string | null;
}

export interface FromTo<T> {
  readonly from: T;
  readonly to: T;
}

export interface LockfileDiff {
  /** null: the live state, which nobody has signed. */
  readonly signature: FromTo<string | null>;
  /** Dependency lockfiles (package-lock.json, uv.lock, ...) that differ. */
  readonly dependencyLocks: readonly {
    readonly source: string;
    readonly path: string;
    readonly state: 'added' | 'removed' | 'changed';
  }[];
}

export type DiffState = 'same' | 'added' | 'removed' | 'changed';

export interface SourceDiff {
  readonly name: string;
  readonly driver: string;
  /** 'unknown': it could not be compared at all. */
  readonly state: DiffState | 'unknown';
  /** Why it was not compared, or not whole; null: it was. */
  readonly problem: string | null;
  /** git only. */
  readonly commits: CommitsDiff | null;
  /** git, directories of files, and the checkpoints of runs. */
  readonly files: FilesDiff | null;
  /** Databases only; none where only schemas were asked for and the lockfiles say that they are equal. */
  readonly databases: readonly DatabaseDiff[] | null;
  /** Runs of simulations only: those that both states have, where something in their newest checkpoints differs. */
  readonly runs: readonly RunDiff[] | null;
}

export interface CommitsDiff {
  readonly head: FromTo<TreeHead | null>;
  /** How many commits the second has that the first has not; null: the repository does not have both commits any more. */
  readonly ahead: number | null;
  readonly behind: number | null;
  /** The newest of those ahead, and of those behind. */
  readonly added: readonly CommitLine[];
  readonly removed: readonly CommitLine[];
}

export interface FilesDiff {
  readonly count: FromTo<number>;
  readonly bytes: FromTo<number>;
  readonly added: number;
  readonly removed: number;
  readonly changed: number;
  /** In the order of their paths; the first ones, or all with `all`. */
  readonly changes: readonly FileChange[];
}

export interface FileChange {
  readonly state: 'added' | 'removed' | 'changed';
  readonly path: string;
  /** null where it is not. */
  readonly bytes: FromTo<number | null>;
  readonly mode: FromTo<number | null>;
}

/** The newest checkpoint of a run, side by side. */
export interface RunDiff {
  readonly run: string;
  readonly tick: FromTo<number>;
  /** Why its checkpoints were not looked into; null: they were. */
  readonly problem: string | null;
  /** null: they were not. */
  readonly changes: CheckpointChanges | null;
}

export interface CheckpointChanges {
  /** Seed, era, parameters, and of the world its signals, modules and packages. */
  readonly facts: readonly FactChange[];
  /** The arrays that differ. */
  readonly arrays: readonly ArrayChange[];
  readonly equalArrays: number;
}

export interface FactChange {
  /** 'parameters.rotation', 'world.signal temperature'. */
  readonly name: string;
  /** null: it has none such. */
  readonly from: string | number | null;
  readonly to: string | number | null;
}

export interface ArrayChange {
  /** Of a signal 'current/temperature'. */
  readonly name: string;
  readonly state: 'added' | 'removed' | 'changed';
  /** dtype and shape, where they differ: elements cannot be put side by side then. */
  readonly layout: FromTo<string> | null;
  /** null where there was nothing to put side by side. */
  readonly values: ValuesChange | null;
}

export interface ValuesChange {
  readonly elements: number;
  readonly differing: number;
  /** Over those that are finite on both sides; null where there is none. */
  readonly maxAbsolute: number | null;
  /** The difference by the larger of both. */
  readonly maxRelative: number | null;
}

/** Undefined: the simulation library is not there to ask. */
export type CompareCheckpoints = (
  files: FromTo<string>,
  signal: AbortSignal,
) => Promise<CheckpointChanges | undefined>;

export interface DatabaseDiff {
  readonly name: string;
  /** 'unknown': it could not be looked at. */
  readonly state: DiffState | 'unknown';
  /** Why not everything in it was compared; null: it was. */
  readonly problem: string | null;
  readonly schemaDigest: FromTo<string | null>;
  /** Of its tables with their indexes; null where it is not, or where that is unknown. */
  readonly bytes: FromTo<number | null>;
  /** How many tables there are. */
  readonly count: FromTo<number>;
  /** Those that differ. */
  readonly tables: readonly TableDiff[];
  /** The schema differs in something else: constraints, defaults, views, functions, triggers, policies. */
  readonly otherSchemaChange: boolean;
}

export interface TableDiff {
  /** null: SQLite's main database. */
  readonly schema: string | null;
  readonly name: string;
  readonly state: 'added' | 'removed' | 'changed';
  readonly columns: NamedChanges;
  readonly indexes: NamedChanges;
  /** The primary key's columns, when they differ. */
  readonly key: FromTo<readonly string[]> | null;
  readonly bytes: FromTo<number | null>;
  /** null: rows were not looked at. */
  readonly rows: RowsDiff | null;
}

/** Of columns the type, of indexes the definition. */
export interface NamedChanges {
  readonly added: readonly Named[];
  readonly removed: readonly Named[];
  readonly changed: readonly ({ readonly name: string } & FromTo<string>)[];
}

export interface Named {
  readonly name: string;
  readonly definition: string;
}

export interface RowsDiff {
  /** Exact; null where the table is not. */
  readonly count: FromTo<number | null>;
  /** How many rows one was compared of: 1 means all, 40 that about one in 40 was; null: none could be compared. */
  readonly oneIn: number | null;
  /** Among the compared ones. */
  readonly added: number;
  readonly removed: number;
  readonly changed: number;
  /** Some of them. */
  readonly samples: readonly RowChange[];
}

export interface RowChange {
  readonly state: 'added' | 'removed' | 'changed';
  /** The primary key; empty where there is none. */
  readonly key: Readonly<Record<string, string | null>>;
  /** The other columns, of a changed row those that differ. A side that has no such row or column is left out. */
  readonly columns: Readonly<
    Record<string, { readonly from?: string | null; readonly to?: string | null }>
  >;
}
