// What a million chunks cost whoever opens a vault: the time to read their index files, and the memory for as long as it is open.
import { randomBytes } from 'node:crypto';
import { newKeys } from '../../packages/engine/src/vault/crypto/keys.ts';
import {
  readIndexFile,
  writeIndexFile,
} from '../../packages/engine/src/vault/format/index-file.ts';
import {
  ENTRY_BYTES,
  type IndexedPack,
} from '../../packages/engine/src/vault/format/pack-table.ts';
import { createChunkIndex } from '../../packages/engine/src/vault/read/chunk-index.ts';
import { timed } from '../place.ts';

const CHUNKS = 1_000_000;
const PER_PACK = 1000;
const PACKS_PER_FILE = 250;

export interface IndexCost {
  readonly loadMs: number;
  readonly megabytes: number;
}

export async function measureIndex(): Promise<IndexCost> {
  const keys = newKeys();
  const files: Buffer[] = [];
  for (let n = 0; n < CHUNKS / PER_PACK; n += PACKS_PER_FILE) {
    files.push(writeIndexFile(keys, Array.from({ length: PACKS_PER_FILE }, randomPack)));
  }
  const before = heldBytes();
  const { ms, value } = await timed(async () => {
    const index = createChunkIndex(keys);
    for (const file of files) {
      for (const pack of readIndexFile(keys, file) ?? []) index.addPack(pack);
    }
    return index;
  });
  const megabytes = (heldBytes() - before) / 1e6;
  if (value.has('0'.repeat(64))) throw new Error('a chunk that nobody has put is there');
  return { loadMs: ms, megabytes };
}

function randomPack(): IndexedPack {
  const table = randomBytes(PER_PACK * ENTRY_BYTES);
  return { hex: randomBytes(32).toString('hex'), salt: randomBytes(32), bytes: 1, table };
}

/** What is let go of only counts when it is collected: with --expose-gc. */
function heldBytes(): number {
  globalThis.gc?.();
  globalThis.gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
