// What lies in the store, and how large each chunk is there: what statistics are made of.
import type { Digest } from '@stillpoint/core';
import type { ChunkSizes, Store, VaultSurvey } from '../contract.ts';
import { INDEX_PREFIX, PACK_PREFIX } from '../format/layout.ts';
import { FOOTER_BYTES, ENTRY_BYTES } from '../format/pack-table.ts';
import { HEADER_BYTES, TAG_BYTES } from '../crypto/sealed-object.ts';
import type { IndexLoader } from '../read/index-loader.ts';

export async function surveyVault(store: Store, loader: IndexLoader): Promise<VaultSurvey> {
  await loader.refresh();
  const packs = await sizeBelow(store, PACK_PREFIX);
  const indexes = await sizeBelow(store, INDEX_PREFIX);
  return {
    packs,
    indexes,
    overheadBytes: { pack: HEADER_BYTES + FOOTER_BYTES + TAG_BYTES, chunk: ENTRY_BYTES },
    sizesOf(digest: Digest): ChunkSizes | undefined {
      const [at] = loader.index.locate(digest.slice('blake3:'.length));
      return at === undefined
        ? undefined
        : { plainBytes: at.plainBytes, storedBytes: at.storedBytes };
    },
  };
}

async function sizeBelow(
  store: Store,
  prefix: string,
): Promise<{ readonly objects: number; readonly bytes: number }> {
  let objects = 0;
  let total = 0;
  for await (const { bytes } of store.list(prefix)) {
    objects++;
    total += bytes;
  }
  return { objects, bytes: total };
}
