// Chunk lists over the chunks of one stream, a level at a time, each written when it is full.
import { digestFromHex, digestOf } from '@stillpoint/core';
import type { StreamRef } from '../../sources/contract.ts';
import { writeChunkList, type ListEntry } from '../format/chunk-list.ts';

export interface ChunkTree {
  add(entry: ListEntry): Promise<void>;
  finish(): Promise<StreamRef>;
}

const EMPTY = new Uint8Array(0);

export function createChunkTree(
  listEntries: number,
  storeList: (list: Uint8Array) => Promise<string>,
): ChunkTree {
  const levels: ListEntry[][] = [];

  const addTo = async (level: number, entry: ListEntry): Promise<void> => {
    const entries = (levels[level] ??= []);
    if (entries.length === listEntries) await close(level);
    (levels[level] ??= []).push(entry);
  };
  const close = async (level: number): Promise<void> => {
    const entries = levels[level] ?? [];
    levels[level] = [];
    const bytes = entries.reduce((sum, entry) => sum + entry.bytes, 0);
    await addTo(level + 1, { hex: await storeList(writeChunkList(entries)), bytes });
  };

  return {
    add: (entry) => addTo(0, entry),

    async finish() {
      for (let level = 0; ; level++) {
        const [only, ...more] = levels[level] ?? [];
        const isTop = levels.length <= level + 1;
        if (isTop && only === undefined) return { digest: digestOf(EMPTY), bytes: 0, depth: 0 };
        if (isTop && only !== undefined && more.length === 0) {
          return { digest: digestFromHex(only.hex), bytes: only.bytes, depth: level };
        }
        if (only !== undefined) await close(level);
      }
    },
  };
}
