// Whether the vault has a chunk: it is in the index, and its pack is there with the right size (looked at once a session for each
// pack). So a snapshot never rests on what is already lost, and the next one after a loss stores anew what was lost.
import type { Store } from '../contract.ts';
import { packKey } from '../format/layout.ts';
import type { ChunkIndex, PackFacts } from '../read/chunk-index.ts';

export type Presence = (hex: string) => Promise<boolean>;

/** `doomed`: packs that are going to be deleted; they do not count. */
export function createPresence(
  store: Store,
  index: ChunkIndex,
  doomed: ReadonlySet<string>,
): Presence {
  const packs = new Map<string, Promise<boolean> | boolean>();

  const look = async (pack: PackFacts): Promise<boolean> => {
    const found = await store.stat(packKey(pack.hex));
    const usable = found?.bytes === pack.bytes;
    packs.set(pack.hex, usable);
    return usable;
  };

  return async (hex) => {
    for (const { pack } of index.locate(hex)) {
      if (doomed.has(pack.hex)) continue;
      let usable = packs.get(pack.hex);
      if (usable === undefined) {
        usable = look(pack);
        packs.set(pack.hex, usable);
      }
      if (await usable) return true;
    }
    return false;
  };
}
