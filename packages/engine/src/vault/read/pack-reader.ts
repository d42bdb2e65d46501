// Spans of packs, through a small cache of aligned blocks. Chunks of one stream, and small streams written one after the
// other, lie next to each other, so most spans are in a block that was just read; readers at the same time share
// the reading of one. Bytes are handed out unverified: whoever decodes them checks.
import type { PackFacts } from './chunk-index.ts';
import type { Store } from '../contract.ts';
import { packKey } from '../format/layout.ts';

export interface PackReader {
  /** Fewer bytes than asked for if the pack ends before; OBJECT_MISSING if it is gone. */
  read(pack: PackFacts, offset: number, bytes: number): Promise<Uint8Array>;
}

export interface PackReaderOptions {
  readonly store: Store;
  readonly blockBytes: number;
  readonly blocksKept: number;
  readonly signal: AbortSignal;
}

export function createPackReader(options: PackReaderOptions): PackReader {
  const { store, blockBytes, blocksKept, signal } = options;
  /** Least recently used first. */
  const blocks = new Map<string, Promise<Uint8Array>>();

  const readBlock = (pack: PackFacts, block: number): Promise<Uint8Array> => {
    const name = `${pack.hex}:${block}`;
    const known = blocks.get(name);
    if (known !== undefined) {
      blocks.delete(name);
      blocks.set(name, known);
      return known;
    }
    const range = { offset: block * blockBytes, bytes: blockBytes };
    const content = store.get(packKey(pack.hex), { range, signal });
    content.catch(() => blocks.delete(name));
    blocks.set(name, content);
    for (const oldest of blocks.keys()) {
      if (blocks.size <= blocksKept) break;
      blocks.delete(oldest);
    }
    return content;
  };

  return {
    async read(pack, offset, bytes) {
      const end = offset + bytes;
      const parts: Promise<Uint8Array>[] = [];
      for (let at = offset; at < end; at = (Math.floor(at / blockBytes) + 1) * blockBytes) {
        const block = Math.floor(at / blockBytes);
        const from = at - block * blockBytes;
        const to = Math.min(end - block * blockBytes, blockBytes);
        parts.push(readBlock(pack, block).then((content) => content.subarray(from, to)));
      }
      const found = await Promise.all(parts);
      return found.length === 1 ? (found[0] as Uint8Array) : Buffer.concat(found);
    },
  };
}
