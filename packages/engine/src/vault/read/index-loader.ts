// Brings the index files of the store into memory, each once. Two ways further when a chunk is not there:
//   refresh()  reads the index files that others wrote since;
//   recover()  reads the tables of packs that no index names. An index that was lost or damaged costs time then, not
//              data. What it finds is good for reading only: new snapshots must not rely on it (I3).
import { digestHex, digestOf, isFailure } from '@stillpoint/core';
import { createChunkIndex, type ChunkIndex } from './chunk-index.ts';
import type { IndexCache } from './index-cache.ts';
import type { Damage, Store, StoreKey } from '../contract.ts';
import type { VaultKeys } from '../crypto/keys.ts';
import { createOpener, HEADER_BYTES, LAST_PART, saltOf } from '../crypto/sealed-object.ts';
import { readIndexFile, STORED_INDEX_BYTES_MAX } from '../format/index-file.ts';
import { INDEX_PREFIX, indexOfKey, PACK_PREFIX, packOfKey } from '../format/layout.ts';
import {
  FOOTER_BYTES,
  readFooter,
  sealedTableBytes,
  type IndexedPack,
} from '../format/pack-table.ts';
import { forEachConcurrently, joinNext } from '../flow.ts';
import { asBuffer } from '../as-buffer.ts';

const READS_AT_ONCE = 8;
/** For files that are merged while they are read. */
const LOOKS = 4;

export interface IndexLoader {
  /** What index files say. */
  readonly index: ChunkIndex;
  /** What only the packs' own tables say; empty unless recover() was needed. */
  readonly recovered: ChunkIndex;
  refresh(): Promise<void>;
  /** The same, and what this machine's disk remembered is read from the store itself: so that damage there is found. */
  recheck(): Promise<void>;
  recover(): Promise<void>;
  /** Index files that could not be used, as of the last refresh(). */
  damages(): readonly Damage[];
}

export interface LoaderOptions {
  readonly store: Store;
  readonly keys: VaultKeys;
  readonly signal: AbortSignal;
  /** Of a store that is far away. */
  readonly cache?: IndexCache | undefined;
}

export function createIndexLoader(options: LoaderOptions): IndexLoader {
  const { store, keys, cache } = options;
  const index = createChunkIndex(keys);
  const recovered = createChunkIndex(keys);
  const loaded = new Set<StoreKey>();
  /** Of these, those that nobody has seen in the store, only that they are there. */
  const unseen = new Set<StoreKey>();
  const scanned = new Set<StoreKey>();
  let damages: Damage[] = [];

  /** False: it is gone. */
  const load = async (file: IndexObject, found: Damage[], trust: boolean): Promise<boolean> => {
    const { key, hex } = file;
    const kept = trust ? await cache?.read(hex) : undefined;
    const packs = (kept && readIndexFile(keys, kept)) ?? (await readIndex(options, file));
    if (packs === undefined) return false;
    if (typeof packs === 'string') {
      found.push({ key, what: packs });
      return true;
    }
    for (const pack of packs) index.addPack(pack);
    loaded.add(key);
    if (kept === undefined) unseen.delete(key);
    else unseen.add(key);
    return true;
  };

  const look = async (trust: boolean): Promise<void> => {
    for (let look = 1; ; look++) {
      const found: Damage[] = [];
      const there = new Set<string>();
      let merged = false;
      await forEachConcurrently(store.list(INDEX_PREFIX), READS_AT_ONCE, async ({ key, bytes }) => {
        const hex = indexOfKey(key);
        if (hex === undefined) return;
        there.add(hex);
        if (loaded.has(key) && (trust || !unseen.has(key))) return;
        if (!(await load({ key, hex, bytes }, found, trust))) merged = true;
      });
      damages = found;
      await cache?.retain(there);
      // Somebody merged one into another just now: that one was put before, so another list has it.
      if (!merged || look === LOOKS) return;
    }
  };

  const recover = async (): Promise<void> => {
    await forEachConcurrently(store.list(PACK_PREFIX), READS_AT_ONCE, async ({ key, bytes }) => {
      const hex = packOfKey(key);
      if (hex === undefined || index.hasPack(hex) || scanned.has(key)) return;
      const pack = await readTable(options, { key, hex, bytes });
      if (pack !== undefined) recovered.addPack(pack);
      scanned.add(key);
    });
  };

  return {
    index,
    recovered,
    refresh: joinNext(() => look(true)),
    recheck: joinNext(() => look(false)),
    recover: joinNext(recover),
    damages: () => damages,
  };
}

interface IndexObject {
  readonly key: StoreKey;
  readonly hex: string;
  readonly bytes: number;
}

/** The packs of an index file, or what is wrong with it; undefined: it is gone. */
async function readIndex(
  { store, keys, signal, cache }: LoaderOptions,
  { key, hex, bytes }: IndexObject,
): Promise<readonly IndexedPack[] | string | undefined> {
  if (bytes > STORED_INDEX_BYTES_MAX) return 'the index is larger than any that is written';
  const content = await store.get(key, { signal }).catch(unreadable);
  if (content === undefined || typeof content === 'string') return content;
  if (digestHex(digestOf(content)) !== hex) return 'the index does not have the digest in its name';
  await cache?.keep(hex, content);
  return readIndexFile(keys, content) ?? 'the index is of another vault or of an unknown format';
}

/** What a pack says of itself; undefined: it is no pack of this vault, or damaged just there. */
async function readTable(
  { store, keys, signal }: LoaderOptions,
  { key, hex, bytes }: IndexObject,
): Promise<IndexedPack | undefined> {
  const read = async (offset: number, length: number): Promise<Buffer | undefined> => {
    if (offset < 0) return undefined;
    const range = { offset, bytes: length };
    const found = await store.get(key, { range, signal }).catch(unlessMissing);
    return found === undefined ? undefined : asBuffer(found);
  };
  const footer = await read(bytes - FOOTER_BYTES, FOOTER_BYTES);
  const header = await read(0, HEADER_BYTES);
  const chunks = footer === undefined ? undefined : readFooter(footer);
  const salt = header === undefined ? undefined : saltOf(keys, 'SPPACK01', header);
  if (chunks === undefined || salt === undefined) return undefined;
  const sealedBytes = sealedTableBytes(chunks);
  const sealed = await read(bytes - FOOTER_BYTES - sealedBytes, sealedBytes);
  const table =
    sealed === undefined ? undefined : createOpener(keys, 'SPPACK01', salt).open(LAST_PART, sealed);
  return table === undefined ? undefined : { hex, salt, bytes, table };
}

/** A bad sector under one index must not make the whole vault unreadable. */
function unreadable(error: unknown): string | undefined {
  if (isFailure(error, 'OBJECT_MISSING')) return undefined;
  if (isFailure(error, 'VAULT_IO_FAILED')) return `the index cannot be read: ${error.message}`;
  throw error;
}

function unlessMissing(error: unknown): undefined {
  if (!isFailure(error, 'OBJECT_MISSING')) throw error;
}
