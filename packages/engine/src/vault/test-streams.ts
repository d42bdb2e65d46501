// Content for the vault's tests: seeded, so that a failure comes again.
import type { StreamRef } from '../sources/contract.ts';
import type { StreamRefLike } from './contract.ts';
import type { Tuning } from './tuning.ts';

/** Small enough that a few hundred kilobytes have lists of lists of lists and several packs. */
export const smallTuning: Tuning = {
  chunkBytes: 1024,
  listEntries: 4,
  packBytes: 20_000,
  packChunks: 50,
  packsPerIndex: 3,
  waitingBytesMax: 16 * 1024,
  packWritesMax: 2,
  readAhead: 4,
  blockBytes: 1500,
  blocksKept: 6,
  graceMs: 5000,
};

/** Of an encrypted vault whose slot costs a millisecond instead of half a second. */
export const smallKey = {
  passphrase: Buffer.from('no secret of anybody'),
  cost: { n: 16, r: 1, p: 1 },
};

export const never = { signal: new AbortController().signal };

/** mulberry32: numbers in [0, 1). */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** Half of it compresses, half of it does not. */
export function noise(random: () => number, bytes: number): Buffer {
  const content = Buffer.alloc(bytes);
  for (let at = 0; at < bytes; at++) {
    content[at] = at % 2048 < 1024 ? Math.floor(random() * 256) : at & 0x0f;
  }
  return content;
}

/** The content in pieces of any size, in one buffer that is used again as producers do. */
export async function* pieces(content: Buffer, random: () => number): AsyncGenerator<Uint8Array> {
  const shared = Buffer.alloc(5000);
  for (let at = 0; at < content.length;) {
    const bytes = Math.min(Math.floor(random() * shared.length), content.length - at);
    content.copy(shared, 0, at, at + bytes);
    yield shared.subarray(0, bytes);
    at += bytes;
  }
}

export async function* refsOf(...refs: readonly StreamRef[]): AsyncGenerator<StreamRefLike> {
  yield* refs;
}
