// What the index files say of packs, and which of them cannot be used: for repair, which must know more than a reader does.
import { digestHex, digestOf, isFailure } from '@stillpoint/core';
import type { Damage, Store } from '../contract.ts';
import type { VaultKeys } from '../crypto/keys.ts';
import { INDEX_BYTES_MAX, readIndexFile, writeIndexFile } from '../format/index-file.ts';
import { INDEX_PREFIX, indexKey, indexOfKey } from '../format/layout.ts';
import type { IndexedPack } from '../format/pack-table.ts';

export interface IndexSurvey {
  /** Bytes of each pack that an index names. */
  readonly named: ReadonlyMap<string, number>;
  /** Of the packs that were asked for. */
  readonly tables: ReadonlyMap<string, IndexedPack>;
  readonly damaged: readonly Damage[];
}

/** `wanted`: whose tables are kept; one pack after the other, so that memory holds no more than one file and those. */
export async function surveyIndexes(
  { store, keys }: { readonly store: Store; readonly keys: VaultKeys },
  wanted: (pack: string) => boolean,
  signal: AbortSignal,
): Promise<IndexSurvey> {
  const named = new Map<string, number>();
  const tables = new Map<string, IndexedPack>();
  const damaged: Damage[] = [];
  for await (const { key } of store.list(INDEX_PREFIX)) {
    const hex = indexOfKey(key);
    if (hex === undefined) continue;
    signal.throwIfAborted();
    const content = await store.get(key, { signal }).catch(whyNot);
    if (content === undefined) continue;
    const packs =
      typeof content === 'string' || digestHex(digestOf(content)) !== hex
        ? undefined
        : readIndexFile(keys, content);
    if (packs === undefined) {
      const what = typeof content === 'string' ? content : 'the index is not what was written';
      damaged.push({ key, what });
      continue;
    }
    for (const pack of packs) {
      named.set(pack.hex, pack.bytes);
      if (wanted(pack.hex)) tables.set(pack.hex, { ...pack, table: Uint8Array.from(pack.table) });
    }
  }
  return { named, tables, damaged };
}

/** Durable when it resolves. */
export async function putIndex(
  { store, keys }: { readonly store: Store; readonly keys: VaultKeys },
  packs: readonly IndexedPack[],
  signal: AbortSignal,
): Promise<void> {
  let batch: IndexedPack[] = [];
  let bytes = 0;
  const put = async (): Promise<void> => {
    if (batch.length === 0) return;
    const content = writeIndexFile(keys, batch);
    await store.put(indexKey(digestHex(digestOf(content))), content, { signal });
    batch = [];
    bytes = 0;
  };
  for (const pack of packs) {
    if (bytes > INDEX_BYTES_MAX / 4) await put();
    batch.push(pack);
    bytes += pack.table.length;
  }
  await put();
}

/** undefined: somebody has merged it into another one. */
function whyNot(error: unknown): string | undefined {
  if (isFailure(error, 'OBJECT_MISSING')) return undefined;
  if (isFailure(error, 'VAULT_IO_FAILED')) return error.message;
  throw error;
}
