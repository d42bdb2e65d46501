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
import type { Passphrase } from './crypto/key-slot.ts';
import type { KeySlot } from './crypto/key-slots.ts';
import type { Encryption } from './crypto/keys.ts';

export type { Encryption, KeySlot, Passphrase };

/** Names use a-z, 0-9, '.', '-', '_' and '/' between parts, at most 200 characters. */
export type StoreKey = string;

export interface StoreSupports {
  /** put() with `ifAbsent` is decided by the store itself, also against other machines. */
  readonly conditionalPut: boolean;
  /** A put() that rejected may still come to be, moments later: the request was on its way when its answer was given up. */
  readonly latePuts: boolean;
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
 *  - every method rejects promptly when its signal aborts. What it was about is then done as a whole or not at all: a delete()
 *    that rejected may have been carried out.
 */
export interface Store {
  readonly description: string;
  readonly supports: StoreSupports;
  put(key: StoreKey, content: Uint8Array, options?: PutOptions): Promise<void>;
  get(key: StoreKey, options?: GetOptions): Promise<Uint8Array>;
  stat(key: StoreKey, options?: StoreCallOptions): Promise<{ readonly bytes: number } | undefined>;
  list(
    prefix: string,
    options?: StoreCallOptions,
  ): AsyncIterable<{ readonly key: StoreKey; readonly bytes: number }>;
  delete(key: StoreKey, options?: StoreCallOptions): Promise<void>;
  /**
   * Rejects with what a put() would now reject with whatever its content (VAULT_READ_ONLY, ...), so that it is known
   * before anything is paused. May clear away what dead writers left half-written.
   */
  ensureWritable(options?: StoreCallOptions): Promise<void>;
  /** Free bytes where it writes, or undefined if unknown. */
  freeBytes(options?: StoreCallOptions): Promise<number | undefined>;
  close(): Promise<void>;
}

export interface StoreCallOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface PutOptions extends StoreCallOptions {
  /** Rejects with OBJECT_EXISTS if the key is there. */
  readonly ifAbsent?: boolean;
}

export interface GetOptions extends StoreCallOptions {
  readonly range?: { readonly offset: number; readonly bytes: number };
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
  /**
   * flush(), then writes the manifest. The seal. `references`: all streams that it names, for a writer that takes over streams of
   * earlier snapshots without writing them. SESSION_ENDED, SNAPSHOT_OVERTAKEN: nothing is sealed.
   */
  seal(
    id: SnapshotId,
    manifest: Uint8Array,
    references?: AsyncIterable<StreamRefLike>,
  ): Promise<SealedEntry>;
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

/** The key slots of an encrypted vault. Each opens it, and none revokes what was opened before. */
export interface Keyring {
  /** The name of the slot that opened the vault. */
  readonly opened: string;
  list(): Promise<readonly KeySlot[]>;
  /** Rejects with VAULT_KEY_SHORT. */
  add(slot: NewKeySlot): Promise<KeySlot>;
  /** Another passphrase in place of the one that opened the vault. Whenever it dies one of the two opens it. */
  change(slot: NewKeySlot): Promise<KeySlot>;
  /** Rejects with VAULT_KEY_IN_USE for the slot that opened the vault, so that one is left; VAULT_KEY_SLOT_UNKNOWN. */
  remove(name: string): Promise<void>;
}

export interface NewKeySlot {
  readonly passphrase: Passphrase;
  /** What a person calls it. */
  readonly label: string | null;
  readonly at: Date;
}

export interface OpenSessionOptions {
  readonly signal: AbortSignal;
  /** Packs, by the hex digits of their names, that do not count as there: what lies in them is stored anew. */
  readonly absent?: ReadonlySet<string>;
}

export interface RepairVaultOptions {
  /** All packs, read whole. */
  readonly packs: CheckedPacks;
  /** Only says what would be done. */
  readonly dryRun: boolean;
  readonly signal: AbortSignal;
}

export interface VaultRepair {
  /** Packs that are damaged, cut off or gone. What was whole in them lies in other packs now. */
  readonly packs: readonly RepairedPack[];
  /** Index files that could not be used. */
  readonly indexes: readonly Damage[];
  /** Marks of prune that could not be read. All packs are doomed in their place: the next prune writes anew what is needed. */
  readonly marks: readonly Damage[];
  /** Packs that no index named, and that one names again. */
  readonly reindexed: number;
}

export interface RepairedPack {
  readonly key: StoreKey;
  readonly what: string;
  readonly wholeChunks: number;
  readonly lostChunks: number;
}

export interface ChunkSizes {
  readonly plainBytes: number;
  readonly storedBytes: number;
}

/** What lies in the store, chunks by their index. */
export interface VaultSurvey {
  readonly packs: { readonly objects: number; readonly bytes: number };
  readonly indexes: { readonly objects: number; readonly bytes: number };
  /** What a pack takes beside the stored bytes of its chunks. */
  readonly overheadBytes: { readonly pack: number; readonly chunk: number };
  /** undefined: no index names it. */
  sizesOf(digest: Digest): ChunkSizes | undefined;
}

export interface Vault extends ObjectSource, AsyncDisposable {
  readonly id: string;
  readonly description: string;
  readonly encryption: Encryption;
  /** undefined: the vault is not encrypted. */
  readonly keyring?: Keyring;
  openSession(options: OpenSessionOptions): Promise<VaultSession>;
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
   * Stores anew what is whole in damaged packs, makes lost indexes again, and takes away what is damaged. Nothing whole is deleted.
   */
  repair(options: RepairVaultOptions): Promise<VaultRepair>;
  /** Needs a listing of packs and indexes. */
  survey(): Promise<VaultSurvey>;
  /**
   * Every chunk that the stream rests on, in order: lists, heads and layers too. One that is named twice comes twice. Rejects with
   * what reading a list rejects with, after its own digest was given.
   */
  chunksOf(ref: StreamRefLike): AsyncIterable<Digest>;
  /** A chunk's plain bytes, verified. CHUNK_MISSING, CHUNK_DAMAGED. */
  readChunk(digest: Digest): Promise<Uint8Array>;
  /** The same vault; whatever is asked of it this way rejects when the signal aborts, and what is read by it ends. */
  within(signal: AbortSignal): Vault;
  /** For what is remembered of the vault on this machine's disk: as secret as its own objects are. */
  sealLocal(plain: Uint8Array): Uint8Array;
  /** undefined: it is damaged, or was sealed with other keys. */
  openLocal(stored: Uint8Array): Uint8Array | undefined;
  /** Deletes what no snapshot needs. Any number of writers and prunes may be at work. PRUNE_UNSURE: nothing was deleted. */
  prune(options: PruneVaultOptions): Promise<PruneReport>;
  /** Who writes now, or died without ending its session. */
  sessions(): Promise<readonly OpenSession[]>;
  /** Its writer is known to be dead; should it live, it will not seal. SESSION_UNKNOWN. */
  endSession(id: string): Promise<void>;
  freeBytes(): Promise<number | undefined>;
}

/** A writer's session as it says of itself, for people; null: it cannot be read. */
export interface OpenSession {
  readonly id: string;
  /** By its own clock. */
  readonly openedAt: string | null;
  readonly user: string | null;
  readonly host: string | null;
  readonly pid: number | null;
  /** Its process has certainly ended. */
  readonly dead: boolean;
}

export interface PruneVaultOptions {
  /**
   * Begins a walk: every stream that the manifest names. Within one walk, streams that were given before may be left out. Rejects
   * when it cannot be told.
   */
  readonly references: () => (entry: SealedEntry) => AsyncIterable<StreamRefLike>;
  /** Only looks. */
  readonly dryRun: boolean;
  /** With a dry run: as if these were forgotten. */
  readonly without?: ReadonlySet<SnapshotId>;
  /** A pack of which at least this share is garbage is rewritten, 0 to 1. 1: none that holds anything needed. */
  readonly repackShare: number;
  readonly signal: AbortSignal;
  readonly progress: ProgressListener;
}

/** Bytes are stored ones. A dry run says what a run would do now. */
export interface PruneReport {
  readonly done: boolean;
  readonly snapshots: number;
  /** In the vault before. */
  readonly packs: number;
  readonly bytes: number;
  readonly deletedPacks: number;
  readonly deletedBytes: number;
  /** Written anew: what was needed of packs that were deleted. */
  readonly copiedBytes: number;
  /** No longer needed, and left until those who write now have ended: a later run deletes them. */
  readonly waitingPacks: number;
  readonly waitingBytes: number;
  /** Who writes, and is waited for. */
  readonly sessions: readonly OpenSession[];
}

export interface StreamRefLike {
  readonly digest: string;
  readonly bytes: number;
  readonly depth: number;
  /** Of an image. */
  readonly pageBytes?: number;
}

export interface VerifyOptions {
  readonly deep: boolean;
  /** What was looked at already: one for all calls of a run. */
  readonly packs?: CheckedPacks;
  readonly signal: AbortSignal;
}
