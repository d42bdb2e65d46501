// Spans of packs, through a small cache of aligned blocks. Chunks of one stream, and small streams written one after the
// other, lie next to each other, so most spans are in a block that was just read; readers at the same time share
// the reading of one. Bytes are handed out unverified: whoever decodes them checks.
// What is handed out is a copy, so that a block that nobody will ask for again is freed at once.
import { freeMemory } from '@stillpoint/core';
import type { PackFacts } from './chunk-index.ts';
import type { Store } from '../contract.ts';
import { packKey } from '../format/layout.ts';

export interface PackReader {
  /** In memory that is the caller's. Fewer bytes than asked for if the pack ends before; OBJECT_MISSING if it is gone. */
  read(pack: PackFacts, offset: number, bytes: number): Promise<Uint8Array>;
}

interface Block {
  readonly content: Promise<Uint8Array>;
  /** Those who have not copied their part yet. */
  users: number;
  isKept: boolean;
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
  const blocks = new Map<string, Block>();

  const drop = (name: string, block: Block): void => {
    if (blocks.get(name) === block) blocks.delete(name);
    block.isKept = false;
    freeUnused(block);
  };

  const blockOf = (pack: PackFacts, number: number): Block => {
    const name = `${pack.hex}:${number}`;
    const known = blocks.get(name);
    if (known !== undefined) {
      blocks.delete(name);
      blocks.set(name, known);
      return known;
    }
    const range = { offset: number * blockBytes, bytes: blockBytes };
    const content = store.get(packKey(pack.hex), { range, signal });
    const block: Block = { content, users: 0, isKept: true };
    content.catch(() => drop(name, block));
    blocks.set(name, block);
    for (const [oldest, one] of blocks) {
      if (blocks.size <= blocksKept) break;
      drop(oldest, one);
    }
    return block;
  };

  const use = async (block: Block, take: (content: Uint8Array) => void): Promise<void> => {
    block.users += 1;
    try {
      take(await block.content);
    } finally {
      block.users -= 1;
      freeUnused(block);
    }
  };

  return {
    async read(pack, offset, bytes) {
      const end = offset + bytes;
      const room = Buffer.allocUnsafeSlow(bytes);
      let found = 0;
      const parts: Promise<void>[] = [];
      for (let at = offset; at < end; at = (Math.floor(at / blockBytes) + 1) * blockBytes) {
        const number = Math.floor(at / blockBytes);
        const begin = number * blockBytes;
        const taking = use(blockOf(pack, number), (content) => {
          const part = content.subarray(at - begin, Math.min(end - begin, blockBytes));
          room.set(part, at - offset);
          found += part.byteLength;
        });
        parts.push(taking);
      }
      await Promise.all(parts);
      return room.subarray(0, found);
    },
  };
}

function freeUnused(block: Block): void {
  if (block.isKept || block.users > 0) return;
  // One that could not be read has nothing to be freed.
  block.content.then(
    (content) => {
      if (content.byteLength === content.buffer.byteLength) freeMemory(content);
    },
    () => {},
  );
}
