// Index files rewritten: many small ones into few, so that opening the vault does not grow slower with every snapshot, and without the
// packs that are going to be deleted. The new file is durable before the old ones are deleted; whoever finds an old one gone looks
// again and finds the new one. Several may do this at once: what one deletes stands in a file that it has put, and as no file
// ever gets the name of another (its salt is random), nobody deletes a file that somebody else has just put.
import { digestHex, digestOf, failure, isFailure } from '@stillpoint/core';
import type { Store, StoreKey } from '../contract.ts';
import type { VaultKeys } from '../crypto/keys.ts';
import { readIndexFile, writeIndexFile } from '../format/index-file.ts';
import { INDEX_PREFIX, indexKey, indexOfKey, packKey } from '../format/layout.ts';
import type { IndexedPack } from '../format/pack-table.ts';
import { listPacks } from './liveness.ts';
import { readBack } from './read-back.ts';

export interface IndexParts {
  readonly store: Store;
  readonly keys: VaultKeys;
  readonly signal: AbortSignal;
}

/** Stored bytes; a larger one is merged with no other. */
const SMALL_BYTES = 2 * 1024 * 1024;
/** Plain bytes of tables in one new file; far below what a reader accepts. */
const MERGED_BYTES = 8 * 1024 * 1024;
/** More small files than this are merged after a snapshot. */
export const SMALL_FILES_MAX = 64;

/** Merges small files if there are more than `above`. */
export async function compactIndexes(parts: IndexParts, above: number): Promise<void> {
  const files = await listIndexes(parts.store);
  const small = files.filter(({ bytes }) => bytes < SMALL_BYTES);
  if (small.length > above) await rewrite(parts, small, { drops: async () => false, always: true });
}

/** No index names the packs any more, nor one that is gone already. The packs themselves may be deleted then. */
export async function dropFromIndexes(
  parts: IndexParts,
  packs: ReadonlySet<string>,
): Promise<void> {
  const files = await listIndexes(parts.store);
  // After the list of files: what one of these names and is not there was deleted, it is not on its way.
  const there = await listPacks(parts.store);
  const drops = async (hex: string): Promise<boolean> =>
    packs.has(hex) || (!there.has(hex) && (await parts.store.stat(packKey(hex))) === undefined);
  await rewrite(parts, files, { drops, always: false });
}

interface IndexObject {
  readonly key: StoreKey;
  readonly bytes: number;
}

interface Rewriting {
  readonly drops: (pack: string) => Promise<boolean>;
  /** Also files of which nothing is dropped. */
  readonly always: boolean;
}

async function rewrite(
  parts: IndexParts,
  files: readonly IndexObject[],
  { drops, always }: Rewriting,
): Promise<void> {
  let batch = emptyBatch();
  for (const { key } of files) {
    parts.signal.throwIfAborted();
    const packs = await readIndex(parts, key);
    // One that is damaged stays: its packs' own tables may be all that is left of it, and verify speaks of it.
    if (packs === undefined) continue;
    const kept: IndexedPack[] = [];
    for (const pack of packs) if (!(await drops(pack.hex))) kept.push(pack);
    if (!always && kept.length === packs.length) continue;
    batch.old.push(key);
    for (const pack of kept) {
      if (batch.packs.has(pack.hex)) continue;
      batch.packs.set(pack.hex, pack);
      batch.bytes += pack.table.length;
    }
    if (batch.bytes < MERGED_BYTES) continue;
    await replace(parts, batch);
    batch = emptyBatch();
  }
  if (!always || batch.old.length > 1) await replace(parts, batch);
}

interface Batch {
  readonly old: StoreKey[];
  readonly packs: Map<string, IndexedPack>;
  bytes: number;
}

function emptyBatch(): Batch {
  return { old: [], packs: new Map(), bytes: 0 };
}

async function replace({ store, keys, signal }: IndexParts, { old, packs }: Batch): Promise<void> {
  if (packs.size > 0) {
    const content = writeIndexFile(keys, [...packs.values()]);
    const key = indexKey(digestHex(digestOf(content)));
    await store.put(key, content, { signal });
    // Read before the old ones go: a store that cut it costs one file too many then.
    if ((await readBack(store, key, content)) === 'other') {
      const { description: vault } = store;
      throw failure('PRUNE_COPY_DAMAGED', { vault, key, reason: 'it is not what was put' });
    }
  }
  for (const key of old) await store.delete(key);
}

async function listIndexes(store: Store): Promise<readonly IndexObject[]> {
  const files: IndexObject[] = [];
  for await (const { key, bytes } of store.list(INDEX_PREFIX)) {
    if (indexOfKey(key) !== undefined) files.push({ key, bytes });
  }
  return files;
}

/** undefined: it is damaged, or somebody else has merged it. */
async function readIndex(
  { store, keys, signal }: IndexParts,
  key: StoreKey,
): Promise<readonly IndexedPack[] | undefined> {
  let content: Uint8Array;
  try {
    content = await store.get(key, { signal });
  } catch (error) {
    if (isFailure(error, 'OBJECT_MISSING')) return undefined;
    throw error;
  }
  if (digestHex(digestOf(content)) !== indexOfKey(key)) return undefined;
  return readIndexFile(keys, content);
}
