// The vault's two seams: the store below (a directory, memory, later S3) and the vault itself above.
//
// INVARIANTS (docs/format/vault.md derives the write and read order from them)
//  I1. A manifest names only what is durable in the store. It is written last; writing it is the seal.
//  I2. An object never changes. Its name is the BLAKE3 of its stored bytes (packs, indexes) or holds it (manifests).
//  I3. A reader that finds a manifest finds an index for everything it names; hence packs before indexes before manifests.
//  I4. What is not named by any manifest is garbage and harms nobody.
//  I5. A snapshot is forgotten by deleting its manifest, its only name. Whoever deletes one looks at the holds first.
import type { Digest, ProgressListener, SnapshotId } from '@stillpoint/core';
import type { ObjectSink, ObjectSource } from '../sources/contract.ts';

/** Names use a-z, 0-9, '.', '-', '_' and '/' between parts, at most 200 characters. */
export type StoreKey = string;

export interface StoreSupports {
  /** put() with `ifAbsent` is decided by the store itself, also against other machines. */
  readonly conditionalPut: boolean;
  /** get() with a range reads only that range. */
  readonly ranges: boolean;
}

/**
 * THE LAW OF A STORE
 *  - put() is atomic and durable: when it resolves the object survives power loss; when it rejects or the process dies
 *    there is the whole object or none. Putting the same key again with the same bytes is harmless.
 *  - read after write: what put() resolved is found by get(), stat() and list() at once.
 *  - list() is complete at any size, in ascending order of key (UTF-8 bytes).
 *  - what list() yields is durable, even if another process put it there just now.
 *  - get() of an absent key rejects with OBJECT_MISSING; stat() resolves to undefined.
 *  - a range that reaches past the end gives what is there, down to nothing.
 *  - delete() of an absent key resolves.
 *  - every method rejects promptly when its signal aborts.
 */
export interface Store {
  readonly description: string;
  readonly supports: StoreSupports;
  put(key: StoreKey, content: Uint8Array, options?: PutOptions): Promise<void>;
  get(key: StoreKey, options?: GetOptions): Promise<Uint8Array>;
  stat(key: StoreKey): Promise<{ readonly bytes: number } | undefined>;
  list(prefix: string): AsyncIterable<{ readonly key: StoreKey; readonly bytes: number }>;
  delete(key: StoreKey): Promise<void>;
  /**
   * Rejects with what a put() would now reject with whatever its content (VAULT_READ_ONLY, ...), so that it is known
   * before anything is paused. May clear away what dead writers left half-written.
   */
  ensureWritable(): Promise<void>;
  /** Free bytes where it writes, or undefined if unknown. */
  freeBytes(): Promise<number | undefined>;
  close(): Promise<void>;
}

export interface PutOptions {
  /** Rejects with OBJECT_EXISTS if the key is there. */
  readonly ifAbsent?: boolean;
  readonly signal?: AbortSignal;
}

export interface GetOptions {
  readonly range?: { readonly offset: number; readonly bytes: number };
  readonly signal?: AbortSignal;
}

/** A sealed snapshot as the store lists it: known without reading it. */
export interface SealedEntry {
  readonly id: SnapshotId;
  readonly digest: Digest;
  readonly bytes: number;
}

export interface SessionStats {
  /** Plain bytes handed in. */
  readonly bytesIn: number;
  /** Bytes that were new and stored, after compression. */
  readonly bytesStored: number;
}

export interface VaultSink extends ObjectSink {
  /**
   * Stores one chunk as it was cut, unless the vault has it: how chunks of another vault, or of a damaged pack, are taken over.
   * It is read only if it is needed. False: it was there.
   */
  addChunk(digest: Digest, read: () => Promise<Uint8Array>): Promise<boolean>;
  stats(): SessionStats;
}

export interface VaultSession extends AsyncDisposable {
  /** A sink that counts for one source. Sinks of one session may be used at the same time. */
  sink(): VaultSink;
  /** Resolves when everything handed to the sinks, and the index of it, is durable in the store. */
  flush(): Promise<void>;
  /** flush(), then writes the manifest. The seal. Rejects with NAME_TAKEN never: names are the engine's matter. */
  seal(id: SnapshotId, manifest: Uint8Array): Promise<SealedEntry>;
}

/** Packs that were looked at once and need not be again. */
export interface CheckedPacks {
  /** Packs that were read whole, and their bytes, of how many. */
  counts(): { readonly packs: number; readonly bytes: number; readonly of: number };
  /** Of every pack that was looked at, whether a stream names it or not. */
  damages(): readonly Damage[];
  /** What is wrong with the pack, undefined when nothing is; `read`: after it was read whole. */
  problemOf(
    pack: { readonly hex: string; readonly bytes: number },
    read: boolean,
    signal: AbortSignal,
  ): Promise<string | undefined>;
}

export interface CheckPacksOptions {
  /** Of the bytes of all packs, 0 to 1: those first that nobody has read for the longest time. It is remembered in the vault. */
  readonly share: number;
  readonly now: Date;
  readonly signal: AbortSignal;
  readonly progress: ProgressListener;
}

export interface StreamsReport<T> extends VerifyReport {
  /** The streams that cannot be read whole. */
  readonly lost: readonly LostStream<T>[];
}

export interface LostStream<T> {
  readonly stream: T;
  readonly why: string;
}

export interface VerifyReport {
  readonly objects: number;
  readonly bytes: number;
  readonly damages: readonly Damage[];
}

export interface Damage {
  /** The store key that is missing or wrong. */
  readonly key: StoreKey;
  readonly what: string;
}

export interface Vault extends ObjectSource, AsyncDisposable {
  readonly id: string;
  readonly description: string;
  openSession(options: { readonly signal: AbortSignal }): Promise<VaultSession>;
  /** All sealed snapshots, in no particular order. */
  list(): Promise<readonly SealedEntry[]>;
  /** The manifest's bytes, verified against the digest in its name. Rejects with MANIFEST_DAMAGED. */
  readManifest(entry: SealedEntry): Promise<Uint8Array>;
  /** The ids that somebody holds, from whatever machine. A hold may outlive its snapshot; it then means nothing. */
  holds(): Promise<ReadonlySet<SnapshotId>>;
  /** Keeps the snapshot from being forgotten. Held already: nothing happens. Rejects with OBJECT_MISSING when it is gone. */
  hold(entry: SealedEntry, at: Date): Promise<void>;
  /** Lets go of it. Not held: nothing happens. */
  release(id: SnapshotId): Promise<void>;
  /**
   * Deletes the manifest: the snapshot is gone, at once and as a whole. Everything it named stays until somebody prunes, so no
   * other snapshot is touched. Rejects with SNAPSHOT_HELD; gone already: nothing happens.
   */
  forget(entry: SealedEntry): Promise<void>;
  /**
   * Checks the streams: that each chunk is in the index and its pack is there with the right size; `deep` reads and
   * verifies every byte. Reports damage instead of throwing.
   */
  verify<T extends StreamRefLike>(
    refs: AsyncIterable<T>,
    options: VerifyOptions,
  ): Promise<StreamsReport<T>>;
  /** Reads a share of all packs; what it gives is for verify(), of this vault only. */
  checkPacks(options: CheckPacksOptions): Promise<CheckedPacks>;
  /**
   * Every chunk that the stream rests on, in order: lists, heads and layers too. One that is named twice comes twice. Rejects with
   * what reading a list rejects with, after its own digest was given.
   */
  chunksOf(ref: StreamRefLike): AsyncIterable<Digest>;
  /** A chunk's plain bytes, verified. CHUNK_MISSING, CHUNK_DAMAGED. */
  readChunk(digest: Digest): Promise<Uint8Array>;
  /** For what is remembered of the vault on this machine's disk: as secret as its own objects are. */
  sealLocal(plain: Uint8Array): Uint8Array;
  /** undefined: it is damaged, or was sealed with other keys. */
  openLocal(stored: Uint8Array): Uint8Array | undefined;
  freeBytes(): Promise<number | undefined>;
}

export interface StreamRefLike {
  readonly digest: string;
  readonly bytes: number;
  readonly depth: number;
}

export interface VerifyOptions {
  readonly deep: boolean;
  /** What was looked at already: one for all calls of a run. */
  readonly packs?: CheckedPacks;
  readonly signal: AbortSignal;
}
