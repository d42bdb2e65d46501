// The driver contract: what the engine asks of everything it can capture.
//
// THE LAW. A driver upholds it, the shared suite (testkit.ts) proves it, the faulty double breaks it on purpose.
//  1. begin() may take long and disturbs nobody: it catches up, copies ahead, opens connections.
//  2. mark() runs inside the freeze. Its time does not depend on the amount of data (git: on the number of
//     files, not their bytes). It never waits for the network, a vault or a lock without its signal.
//  3. After mark() the state of that moment can be captured, whatever is written afterwards. capture() gives
//     exactly that state, and only that.
//  4. Nothing that a user can see changes by probe, begin, mark or capture.
//  5. A captured record is plain JSON without secrets. Together with the objects that went into the sink it is
//     all that prepare() needs, on another machine too, without this source existing, whatever other snapshot is forgotten.
//  6. prepare() builds beside the live state and touches nothing of it. Its placement is plain JSON: it survives the
//     death of the process, and switch(placement) in another process does the same.
//  7. switch() is idempotent and can be repeated after dying anywhere inside it. It never destroys what the
//     placement that was current before needs: switch(before) brings that back, just as idempotently.
//  8. close() leaves no writer; open() lets them in again. Both are idempotent.
//  9. Every refusal is an error of the catalogue, thrown by probe() or begin(): before anything is paused.
// 10. A driver sees streams, never the vault, the catalog or another driver.
import * as z from 'zod';
import type { Json, ProgressListener, SnapshotId } from '@stillpoint/core';
import type { DatabaseAccess } from './database.ts';
import type { RunAccess } from './runs.ts';
import type { TreeAccess } from './tree.ts';

export type * from './database.ts';
export type * from './runs.ts';
export type * from './tree.ts';

/** Facts of the world, not wishes. All default to false in the suite. */
export interface DriverSupports {
  /** Writers are kept out by close() until open(); false for sources that nobody can be kept out of. */
  readonly closes: boolean;
  /** Writing may go on between mark() and capture() without changing what is captured. */
  readonly capturesWhileLive: boolean;
  /** A second capture stores only what changed. */
  readonly incremental: boolean;
  /** prepare() can place the state into a project that has never had this source. */
  readonly preparesFromNothing: boolean;
  /**
   * mark() keeps this process busy, so that the answers other marks wait for would lie unread: it comes after those. Left
   * out: it only waits for others.
   */
  readonly marksByComputing?: boolean;
}

/** A stream in the vault. Opaque to drivers: they keep it in their record and hand it back. */
export interface StreamRef {
  readonly digest: string;
  /** Plain bytes. */
  readonly bytes: number;
  /** How many levels of chunk lists lie above the chunks; 0: the digest is the one chunk. */
  readonly depth: number;
  /** The stream is an image of pages of so many bytes; the digest is then that of its head. */
  readonly pageBytes?: number;
}

/** A stream as a record names it. */
export interface NamedStream extends StreamRef {
  /** What of the source it holds, for people: the path of a file. Left out: what belongs to the source as a whole. */
  readonly of?: string;
}

export const streamRefSchema = z.strictObject({
  digest: z.string(),
  bytes: z.int().min(0),
  depth: z.int().min(0),
  pageBytes: z.exactOptional(z.int().min(1)),
});

/** What a driver knows of a stream; all of it only saves work. */
export interface StreamHints {
  /** A database: whole pages of so many bytes, of which few change. It is then stored as an image, page by page. */
  readonly pageBytes?: number;
  /** The same stream in an earlier snapshot: what is equal at the same place is not stored again. May be gone from the vault. */
  readonly previous?: StreamRef;
}

/** Content that lies in a file that nobody changes meanwhile: read by whoever hashes it, from position 0. */
export interface FileContent {
  /** Open for reading; the caller closes it after the writing has ended. */
  readonly descriptor: number;
  readonly bytes: number;
}

/** Where a driver puts bytes. Nothing written is durable before the engine seals. */
export interface ObjectSink {
  /** Stores the content; equal content is stored once. Resolves when the content was taken over. */
  writeStream(
    content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    hints?: StreamHints,
  ): Promise<StreamRef>;
  writeFile(content: FileContent, hints?: StreamHints): Promise<StreamRef>;
  writeBytes(content: Uint8Array): Promise<StreamRef>;
  /**
   * Whether all that a stream of an earlier capture rests on is there: only then may a record name it again without writing it.
   * Left out: it always is.
   */
  has?(ref: StreamRef): Promise<boolean>;
}

/** Where a driver gets bytes back. Every byte is verified before it is handed out. */
export interface ObjectSource {
  readStream(ref: StreamRef): AsyncIterable<Uint8Array>;
  /**
   * Writes the stream into a file that is there and empty, in any order and by several threads; what is zeros may be left out, at the end
   * too. When it rejects, some of it may be written yet: nobody uses the file any more. Where it is missing, read the stream.
   */
  writeInto?(ref: StreamRef, file: string): Promise<void>;
  readBytes(ref: StreamRef): Promise<Uint8Array>;
}

export interface Room {
  readonly directory: string;
  readonly bytes: number;
}

/** What a driver says of its source before anything is paused. */
export interface Probe {
  /** How it would be captured, in one or two words: 'base+wal', 'git'. */
  readonly strategy: string;
  /** Rough size of what is captured whole, in bytes. */
  readonly bytesTotal: number;
  /** Rough upper bound of the bytes that the next capture adds to the vault. */
  readonly bytesNext: number;
  /** What the user should know: unlogged tables, a missing tool, a slow strategy. */
  readonly notes: readonly string[];
}

export interface BeginOptions {
  readonly snapshot: SnapshotId;
  /**
   * Records of this source in sealed snapshots, to capture incrementally against: this project's newest first, then those of others
   * that share the vault. Any may be forgotten meanwhile. Each one costs the reading of a manifest.
   */
  readonly history: AsyncIterable<Json>;
  readonly sink: ObjectSink;
  /**
   * The capture is the undo point of a restore, which waits for it: what only pays later is left to the next snapshot, and what
   * is damaged is captured as it is.
   */
  readonly forUndo?: boolean;
  /** Also to read what earlier captures of `history` hold. */
  readonly source: ObjectSource;
  readonly signal: AbortSignal;
  readonly progress: ProgressListener;
}

export interface CaptureSession extends AsyncDisposable {
  /** Inside the freeze. Rejects when the mark cannot be taken: the snapshot is then given up. */
  mark(signal: AbortSignal): Promise<void>;
  /** Outside the freeze, once, only after mark(). Resolves when everything it names was given to the sink. */
  capture(): Promise<Captured>;
  /** The snapshot with this record is sealed: what was kept only to be able to repeat may go. Never throws for the source's sake. */
  sealed?(): Promise<void>;
}

export interface Captured {
  /** The driver's own record; goes into the manifest. */
  readonly record: Json;
  readonly strategy: string;
  readonly bytesTotal: number;
  /** A digest over the schema (databases) or undefined. Goes into the lockfile. */
  readonly schemaDigest?: string;
  /** For the lockfile, members only. */
  readonly member?: MemberState;
}

export interface MemberState {
  /** Relative to the project, '/' between parts, '.' for the project itself. */
  readonly path: string;
  /** null: an empty repository, no commit yet. */
  readonly commit: string | null;
  /** null: detached. */
  readonly branch: string | null;
  readonly dirty: boolean;
  /** Remote URLs without credentials. */
  readonly remotes: readonly { readonly name: string; readonly url: string }[];
  /** Dependency lockfiles in the work tree (package-lock.json, uv.lock, Cargo.lock, ...) with a digest of their raw bytes. */
  readonly dependencyLocks: readonly { readonly path: string; readonly digest: string }[];
}

export interface PrepareOptions {
  /** The snapshot that is restored. */
  readonly snapshot: SnapshotId;
  readonly source: ObjectSource;
  /** A private directory of this restore on the project's own file system; gone when the restore has ended. */
  readonly workDirectory: string;
  /** Only to be proved: it is never switched to, and what a dead process left of it may be dropped by the next capture. */
  readonly onlyToProve?: boolean;
  readonly signal: AbortSignal;
  readonly progress: ProgressListener;
}

export interface RebaseOptions {
  /** The snapshot of the record. */
  readonly snapshot: SnapshotId;
  /** Records of this source in other snapshots, newest first: what they name stays in the vault. Any may be forgotten meanwhile. */
  readonly others: AsyncIterable<Json>;
  readonly sink: ObjectSink;
  readonly source: ObjectSource;
  readonly signal: AbortSignal;
  readonly progress: ProgressListener;
}

/** A state that a source can be switched to, prepared and durable. Plain JSON, journaled. */
export type Placement = Json;

/** What prove() found; goes into the restore's report. Rejects (RESTORE_NOT_PROVED) when the proof fails. */
export interface Proof {
  readonly checks: readonly string[];
}

/** What would change, for people: `restore --dry-run`. */
export interface Change {
  readonly summary: string;
  readonly details: readonly string[];
}

export interface SwitchContext {
  /** The undo snapshot of this restore: names what must be kept (git: moved tips). */
  readonly undo: SnapshotId;
  readonly progress: ProgressListener;
}

export interface SwitchReport {
  /** Things kept for the user under a name, e.g. moved git tips: "extensions/a: main was 1234abcd, kept as refs/stillpoint/..." */
  readonly kept: readonly string[];
}

export interface CloseOptions {
  /**
   * Called when every other writer is gone and before the source stops: throws when the freeze was lost meanwhile, and
   * close() then opens again and rejects.
   */
  readonly verifyHeld: () => Promise<void>;
  /** The undo snapshot, whose state is the one being closed: a driver may keep it at hand for a fast way back. */
  readonly undo: SnapshotId;
}

export interface SourceDriver {
  /** 'postgres', 'git', 'memory'. Part of the manifest. */
  readonly kind: string;
  /** The source's name in the config. */
  readonly name: string;
  readonly supports: DriverSupports;
  /** Databases only: what the gate and `diff` read. */
  readonly database?: DatabaseAccess;
  /** Of files only: what `diff` compares. */
  readonly tree?: TreeAccess;
  /** Of runs only: what `diff` looks into beside their files. */
  readonly runs?: RunAccess;
  /** False where there is nothing yet (an empty machine): then there is nothing to capture, close or go back to. */
  exists(): Promise<boolean>;
  /** What prepare() will need, and a directory on the file system where; left out: bytesTotal, in the project. */
  roomToPrepare?(record: Json, snapshot: SnapshotId): Promise<Room>;
  probe(signal: AbortSignal): Promise<Probe>;
  begin(options: BeginOptions): Promise<CaptureSession>;
  /**
   * Called before begin() of an undo point: `record` is what is going to be restored. The capture then also holds every path that
   * this restore overwrites or removes, ignored or not.
   */
  protect?(record: Json, source: ObjectSource): Promise<void>;
  /** What restoring `record` would change now. Reads only. */
  compare(record: Json, source: ObjectSource, signal: AbortSignal): Promise<Change>;
  /** Every stream that restoring `record` reads. What verify checks and what later keeps objects from being pruned. */
  references(record: Json, source: ObjectSource): AsyncIterable<NamedStream>;
  prepare(record: Json, options: PrepareOptions): Promise<Placement>;
  prove(placement: Placement, signal: AbortSignal): Promise<Proof>;
  /**
   * The same captured state told by a record that keeps less alive, beside the live state and without touching it; undefined: there is
   * nothing to gain. Left out: records of this kind keep no more than they restore.
   */
  rebase?(record: Json, options: RebaseOptions): Promise<Json | undefined>;
  /** Known from the record alone: false where rebase() would find nothing to gain. */
  worthRebasing?(record: Json): boolean;
  /**
   * The placement that leads back to the state captured as `record` in the undo snapshot, taken after that snapshot is
   * sealed and while the freeze is held. Must survive switch() to another placement.
   */
  placementOfUndo(record: Json, options: PrepareOptions): Promise<Placement>;
  close(options: CloseOptions): Promise<void>;
  switch(placement: Placement, context: SwitchContext): Promise<SwitchReport>;
  open(): Promise<void>;
  /** Drops what prepare() made and nothing was ever switched to: a restore was given up, or died before it was ready. Idempotent. */
  abandon(): Promise<void>;
  /** The restore has ended with `live` in place; `other` may be dropped unless the driver keeps it for undo. Idempotent. */
  finish(live: Placement, other: Placement): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}
