// The library: what `createStillpoint(config)` gives. The command is a thin user of it.
import type { Digest, ProgressListener, SnapshotId } from '@stillpoint/core';
import type { ResolvedRetention } from './config/index.ts';
import type { CopyState, VaultCare } from './care/contract.ts';
import type { StateDiff } from './diff/contract.ts';
import type { DoctorReport } from './doctor/contract.ts';
import type { FreezeTimes } from './freeze/contract.ts';
import type { GateVerdict } from './gate/contract.ts';
import type { BrokenSeal } from './project/index.ts';
import type { KeepReason, Lockfile } from './snapshot/index.ts';
import type { ClusterStatus } from './sources/postgres/cluster/contract.ts';
import type { OpenSession, PruneReport, VerifyReport } from './vault/contract.ts';

export interface CallOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: ProgressListener;
  /** How long to wait for another snapshot or restore of this project to end, in milliseconds. 0: LEASE_HELD at once. */
  readonly waitMs?: number;
}

export interface SnapshotOptions extends CallOptions {
  readonly name?: string;
  readonly message?: string;
}

/** What is said of one captured source, in the manifest and to people. */
export interface SourceSummary {
  readonly name: string;
  readonly driver: string;
  /** Where in the project its files lay; left out: it is a member, or a server's. */
  readonly place?: string;
  readonly strategy: string;
  /** False: no participant held its writers still; consistent in itself, not with the others. */
  readonly quiesced: boolean;
  /** How long its own mark took, inside the freeze; sources mark side by side. */
  readonly markMs: number;
  readonly bytesTotal: number;
  readonly bytesStored: number;
}

export interface SnapshotSummary {
  readonly id: SnapshotId;
  readonly name: string | null;
  readonly message: string | null;
  /** 'undo': what a restore replaced. */
  readonly kind: 'snapshot' | 'undo';
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  /** Of the manifest. */
  readonly digest: Digest;
  readonly freezeMs: number;
  readonly freeze: FreezeTimes;
  readonly durationMs: number;
  readonly project: { readonly id: string; readonly directory: string };
  readonly members: readonly {
    readonly path: string;
    readonly commit: string | null;
    readonly branch: string | null;
    readonly dirty: boolean;
  }[];
  readonly sources: readonly SourceSummary[];
  readonly lockfile: { readonly signature: Digest };
  /** Somebody wants it kept: it is not forgotten until it is let go of. */
  readonly held: boolean;
  /** What was captured was itself put together from different moments (`restore --only`); null: it was whole. */
  readonly brokenSeal: BrokenSeal | null;
}

/** A snapshot that cannot be shown because its manifest is damaged; list() gives it rather than hiding it. */
export interface DamagedSnapshot {
  readonly id: SnapshotId;
  /** What is wrong with it. */
  readonly damaged: string;
  readonly held: boolean;
}

export interface RestoreOptions extends CallOptions {
  /** Restores into this directory (empty or absent) instead of the project: a new project with its own cluster. */
  readonly into?: string;
  /** Only these sources and members, by name. Every one the snapshot holds: the same as none. SOURCE_NOT_IN_SNAPSHOT. */
  readonly only?: readonly string[];
  /** What `only` needs in place: the others stay as they are, from another moment. Without it: SEAL_WOULD_BREAK. */
  readonly breakSeal?: boolean;
}

export interface UndoOptions extends CallOptions {
  /** The undo point that planUndo() showed: back to that one, even if something was restored since. */
  readonly point?: SnapshotId;
}

export interface RestorePlan {
  readonly snapshot: SnapshotSummary;
  readonly changes: readonly {
    readonly source: string;
    readonly driver: string;
    readonly summary: string;
    readonly details: readonly string[];
  }[];
  readonly warnings: readonly string[];
  /** Rough bytes that preparing needs on the project's file system. */
  readonly bytesNeeded: number;
  /** With `only`: what would stay as it is, from another moment, and needs `breakSeal`; null: nothing. A warning tells the rest. */
  readonly breaksSeal: readonly string[] | null;
  /** Commands that would run in members because their dependency lockfiles change. */
  readonly rebuilds: readonly { readonly member: string; readonly command: string }[];
}

export interface RestoreResult {
  readonly snapshot: SnapshotId;
  /** null for a restore into an empty directory: it replaced nothing. */
  readonly undo: SnapshotId | null;
  readonly durationMs: number;
  /** How long the applications were kept out, in milliseconds. */
  readonly closedMs: number;
  readonly directory: string;
  readonly proofs: readonly { readonly source: string; readonly checks: readonly string[] }[];
  /** Moved git tips and the like, kept under a name. */
  readonly kept: readonly string[];
  /** What is there now is a mix of moments; null: it is whole. */
  readonly brokenSeal: BrokenSeal | null;
  /** May the code that was brought back wake on the data? A restore stays, whatever it says. */
  readonly gate: GateVerdict;
}

export interface GateOptions extends CallOptions {
  /** Writes down, in each database, which code uses it from now on, unless something blocks. For what starts programs. */
  readonly stamp?: boolean;
}

export interface ForgetOptions extends CallOptions {
  /** Only says what would be forgotten; refuses what would be refused. */
  readonly dryRun?: boolean;
  /** Also the undo point that undo() would go back to. Without it: UNDO_POINT_NEEDED. */
  readonly undoPoint?: boolean;
  /** Even if no other good snapshot of its project remains. Without it: LAST_SNAPSHOT. */
  readonly last?: boolean;
}

export interface RebaseResult {
  readonly rebased: readonly { readonly from: SnapshotId; readonly to: SnapshotId }[];
  /** Nothing was to be gained. */
  readonly unchanged: readonly SnapshotId[];
}

export interface ForgetResult {
  /** In the order in which they were named. */
  readonly forgotten: readonly (SnapshotSummary | DamagedSnapshot)[];
  /** Snapshots and undo points that remain in the vault and can be read. */
  readonly remaining: number;
  /** False for a dry run. */
  readonly done: boolean;
}

/** How many of each to keep; `withinMs`: all that are at most so much older than the newest. */
export type RetentionRules = ResolvedRetention;

export interface RetainOptions extends CallOptions {
  readonly dryRun?: boolean;
}

/** Why a snapshot stays: a rule that counts it, `within`, somebody holds it, or undo goes back to it. */
export interface KeptSnapshot {
  readonly snapshot: SnapshotSummary;
  readonly reasons: readonly KeepReason[];
}

export interface RetainResult {
  /** Of this project, oldest first. */
  readonly kept: readonly KeptSnapshot[];
  readonly forgotten: readonly SnapshotSummary[];
  /** False for a dry run. */
  readonly done: boolean;
}

export interface PruneOptions extends CallOptions {
  readonly dryRun?: boolean;
  /** Packs of which at least this share is garbage are rewritten; 0.3 unless told. 1: none that holds anything needed. */
  readonly repackShare?: number;
  /** With a dry run: as if these were forgotten. */
  readonly without?: readonly SnapshotId[];
}

export interface DiffOptions extends CallOptions {
  /** Do not look at rows: faster where there are many. */
  readonly schemaOnly?: boolean;
  /** List every changed file and many more changed rows, instead of some of them. */
  readonly all?: boolean;
}

export interface SnapshotVerification {
  readonly snapshot: SnapshotId;
  readonly report: VerifyReport;
  /** What cannot be restored of it. Empty although there is damage: all that it needs can still be read. */
  readonly losses: readonly Loss[];
}

/** What damage costs: a part of a source, or the whole of it. */
export interface Loss {
  /** null: the manifest, or the configuration that it keeps. */
  readonly source: string | null;
  /** The file; null: the source as a whole. */
  readonly of: string | null;
  readonly why: string;
}

export interface VerifyCallOptions extends CallOptions {
  /** Only this snapshot; all when left out. */
  readonly ref?: string;
  /** Read and verify every byte. */
  readonly deep?: boolean;
  /** Of all bytes, 0 to 1: read and verify so much, those first that were not read for the longest time. Not with `ref`. */
  readonly sample?: number;
}

export interface Stillpoint extends AsyncDisposable {
  readonly projectDirectory: string;
  /** Finishes or reverses what a dead process left; every other call does this first. Resolves to what was done, if anything. */
  recover(options?: CallOptions): Promise<{
    readonly action: 'none' | 'finished' | 'reversed' | 'resumed';
    readonly text: string;
  }>;
  snapshot(options?: SnapshotOptions): Promise<SnapshotSummary>;
  /** Oldest first. */
  list(options?: CallOptions): Promise<readonly (SnapshotSummary | DamagedSnapshot)[]>;
  /** `ref`: an id, a unique prefix of one, a name, 'latest', 'latest~2'. */
  show(ref: string, options?: CallOptions): Promise<SnapshotSummary>;
  verify(options?: VerifyCallOptions): Promise<readonly SnapshotVerification[]>;
  /** The project's vault as a whole. It ends with this. */
  care(): VaultCare;
  /** How far the copies that the configuration names are behind. */
  copies(): Promise<readonly CopyState[]>;
  /** What exactly the project consisted of. */
  lockfile(ref: string, options?: CallOptions): Promise<Lockfile>;
  /**
   * What differs between two snapshots, or, without `to`, between a snapshot and what is there now. Changes nothing; a captured
   * database takes as long to look into as to restore. What cannot be looked at is told in the result.
   */
  diff(from: string, to?: string, options?: DiffOptions): Promise<StateDiff>;
  plan(ref: string, options?: RestoreOptions): Promise<RestorePlan>;
  restore(ref: string, options?: RestoreOptions): Promise<RestoreResult>;
  /** Back to what the last restore (or undo) replaced. NOTHING_TO_UNDO. */
  undo(options?: UndoOptions): Promise<RestoreResult>;
  /** What undo() would change. Touches nothing but what a dead process left. NOTHING_TO_UNDO. */
  planUndo(options?: CallOptions): Promise<RestorePlan>;
  /** Looks at all that a snapshot and a restore rest on. Changes nothing; what is wrong is a finding, never a rejection. */
  doctor(options?: CallOptions): Promise<DoctorReport>;
  /** May the code that is here wake on the data that is here? Changes nothing unless it is to stamp. */
  gate(options?: GateOptions): Promise<GateVerdict>;
  /**
   * Takes code and data as they are: what blocked is passed until there is new evidence, and a broken seal is forgotten. The
   * verdict afterwards. An unended restore cannot be accepted. Throws STAMP_NOT_WRITABLE.
   */
  acceptGate(options?: CallOptions): Promise<GateVerdict>;
  /** Keeps a snapshot from being forgotten, on every machine that shares the vault. A damaged one by its whole id. */
  hold(ref: string, options?: CallOptions): Promise<SnapshotSummary | DamagedSnapshot>;
  /** Lets go of it again. */
  release(ref: string, options?: CallOptions): Promise<SnapshotSummary | DamagedSnapshot>;
  /**
   * Removes snapshots from the vault: they can no longer be restored. Their bytes stay until they are pruned. All or none are
   * refused: SNAPSHOT_HELD, UNDO_POINT_NEEDED, LAST_SNAPSHOT. A damaged one by its whole id.
   */
  forget(refs: readonly string[], options?: ForgetOptions): Promise<ForgetResult>;
  /**
   * Forgets this project's snapshots that no rule keeps; those of other projects in the vault stay. Rules left out: those of the
   * configuration. RETENTION_KEEPS_NOTHING when there are none.
   */
  retain(rules?: RetentionRules, options?: RetainOptions): Promise<RetainResult>;
  /**
   * Deletes from the vault what no snapshot of any project needs. Others may write meanwhile; what they may rely on is left to a
   * later run. PRUNE_UNSURE: it cannot be told what a snapshot needs, and nothing was deleted.
   */
  prune(options?: PruneOptions): Promise<PruneReport>;
  /** Who writes into the vault now, or died without saying so. */
  sessions(): Promise<readonly OpenSession[]>;
  /** Its process is known to be dead: prune no longer waits for it. SESSION_UNKNOWN. */
  endSession(id: string): Promise<void>;
  /**
   * Tells old snapshots again so that they keep less alive, each proved equal before the old one is forgotten: databases that hold much
   * write-ahead log. Their ids change; names, holds and what the old ids mean stay. Without refs all of this project.
   */
  rebase(refs?: readonly string[], options?: CallOptions): Promise<RebaseResult>;
  /**
   * The address of the Postgres `name`, managed or by URL, as programs get it: with its password, and of this project's own
   * database. A managed server that is stopped is started. SOURCE_UNKNOWN, SOURCE_URL_MISSING.
   */
  databaseUrl(name: string, options?: CallOptions): Promise<string>;
  /** The managed database of the source `name`; the only one when left out. */
  database(name?: string): ManagedDatabase;
}

export interface ManagedDatabase {
  readonly name: string;
  start(options?: CallOptions): Promise<ClusterStatus>;
  stop(options?: CallOptions): Promise<ClusterStatus>;
  status(): Promise<ClusterStatus>;
  /** With the application role's password. */
  url(): Promise<string>;
}
