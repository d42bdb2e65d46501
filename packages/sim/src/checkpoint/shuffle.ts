// Bytes of equal weight together: all lowest bytes of the numbers of a block, then all second ones, and so on. Neighbours in a field have
// exponents alike; zstd finds that only when they stand together.
import { BLOCK_BYTES } from './layout.ts';

export interface Shuffler {
  /** What is worked on; both a block long. */
  readonly input: Uint8Array<ArrayBuffer>;
  readonly output: Uint8Array<ArrayBuffer>;
  /** From input to output. `bytes` is a multiple of `elementBytes`, which is 2, 4 or 8. */
  shuffle(elementBytes: number, bytes: number): void;
  unshuffle(elementBytes: number, bytes: number): void;
}

/** The reference; and what works where WebAssembly does not (`node --jitless`). About 30 times slower. */
export function createPlainShuffler(): Shuffler {
  const input = new Uint8Array(BLOCK_BYTES);
  const output = new Uint8Array(BLOCK_BYTES);
  return {
    input,
    output,
    shuffle(elementBytes, bytes) {
      const count = bytes / elementBytes;
      for (let byte = 0; byte < elementBytes; byte += 1)
        for (let at = 0; at < count; at += 1)
          output[byte * count + at] = input[at * elementBytes + byte] as number;
    },
    unshuffle(elementBytes, bytes) {
      const count = bytes / elementBytes;
      for (let byte = 0; byte < elementBytes; byte += 1)
        for (let at = 0; at < count; at += 1)
          output[at * elementBytes + byte] = input[byte * count + at] as number;
    },
  };
}

export function createShuffler(): Shuffler {
  return createPlainShuffler();
}
