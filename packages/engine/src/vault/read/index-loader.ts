// Brings the index files of the store into memory, each once. Two ways further when a chunk is not there:
//   refresh()  reads the index files that others wrote since;
//   recover()  reads the trailers of packs that no index names. An index that was lost or damaged costs time then, not
//              data. What it finds is good for reading only: new snapshots must not rely on it (I3).
import { digestHex, digestOf, isFailure } from '@stillpoint/core';
import { createChunkIndex, type ChunkIndex } from './chunk-index.ts';
import type { Damage, Store, StoreKey } from '../contract.ts';
import { readIndexFile } from '../format/index-file.ts';
import { INDEX_PREFIX, indexOfKey, PACK_PREFIX, packOfKey } from '../format/layout.ts';
import type { IndexedPack } from '../write/pack-builder.ts';
import { FOOTER_BYTES, isTableOf, tableBytesOf } from '../format/pack-table.ts';
import { forEachConcurrently, joinNext } from '../flow.ts';

const READS_AT_ONCE = 8;

export interface IndexLoader {
  /** What index files say. */
  readonly index: ChunkIndex;
  /** What only trailers say; empty unless recover() was needed. */
  readonly recovered: ChunkIndex;
  refresh(): Promise<void>;
  recover(): Promise<void>;
  /** Index files that could not be used, as of the last refresh(). */
  damages(): readonly Damage[];
}

export function createIndexLoader(store: Store, signal: AbortSignal): IndexLoader {
  const index = createChunkIndex();
  const recovered = createChunkIndex();
  const loaded = new Set<StoreKey>();
  const scanned = new Set<StoreKey>();
  let damages: Damage[] = [];

  const load = async (key: StoreKey, hex: string, found: Damage[]): Promise<void> => {
    const packs = await readIndex(store, key, hex, signal);
    if (typeof packs === 'string') {
      found.push({ key, what: packs });
      return;
    }
    for (const pack of packs) index.addPack(pack);
    loaded.add(key);
  };

  const refresh = async (): Promise<void> => {
    const found: Damage[] = [];
    await forEachConcurrently(store.list(INDEX_PREFIX), READS_AT_ONCE, async ({ key }) => {
      const hex = indexOfKey(key);
      if (hex !== undefined && !loaded.has(key)) await load(key, hex, found);
    });
    damages = found;
  };

  const recover = async (): Promise<void> => {
    await forEachConcurrently(store.list(PACK_PREFIX), READS_AT_ONCE, async ({ key, bytes }) => {
      const hex = packOfKey(key);
      if (hex === undefined || index.hasPack(hex) || scanned.has(key)) return;
      const pack = await readTrailer(store, key, hex, bytes, signal);
      if (pack !== undefined) recovered.addPack(pack);
      scanned.add(key);
    });
  };

  return {
    index,
    recovered,
    refresh: joinNext(refresh),
    recover: joinNext(recover),
    damages: () => damages,
  };
}

/** The packs of an index file, or what is wrong with it. */
async function readIndex(
  store: Store,
  key: StoreKey,
  hex: string,
  signal: AbortSignal,
): Promise<readonly IndexedPack[] | string> {
  const content = await store.get(key, { signal }).catch(unreadable);
  if (typeof content === 'string') return content;
  if (digestHex(digestOf(content)) !== hex) return 'the index does not have the digest in its name';
  return readIndexFile(content) ?? 'the index is of an unknown format';
}

async function readTrailer(
  store: Store,
  key: StoreKey,
  hex: string,
  bytes: number,
  signal: AbortSignal,
): Promise<IndexedPack | undefined> {
  if (bytes < FOOTER_BYTES) return undefined;
  const footer = await readRange(store, key, bytes - FOOTER_BYTES, FOOTER_BYTES, signal);
  const tableBytes = footer === undefined ? undefined : tableBytesOf(footer, bytes);
  if (footer === undefined || tableBytes === undefined) return undefined;
  const offset = bytes - FOOTER_BYTES - tableBytes;
  const table = await readRange(store, key, offset, tableBytes, signal);
  return table !== undefined && isTableOf(table, footer) ? { hex, bytes, table } : undefined;
}

async function readRange(
  store: Store,
  key: StoreKey,
  offset: number,
  bytes: number,
  signal: AbortSignal,
): Promise<Buffer | undefined> {
  const content = await store.get(key, { range: { offset, bytes }, signal }).catch(unlessMissing);
  return content === undefined
    ? undefined
    : Buffer.from(content.buffer, content.byteOffset, content.byteLength);
}

/** A bad sector under one index must not make the whole vault unreadable. */
function unreadable(error: unknown): string {
  if (isFailure(error, 'OBJECT_MISSING')) return 'the index is gone';
  if (isFailure(error, 'VAULT_IO_FAILED')) return `the index cannot be read: ${error.message}`;
  throw error;
}

function unlessMissing(error: unknown): undefined {
  if (!isFailure(error, 'OBJECT_MISSING')) throw error;
}
