// Synthetic embeddings: clusters around random centres, as those of real texts are, so that neighbours are near. Seeded. What is
// measured with them flatters an approximate index: real texts lie less neatly.
import type { Embedder } from '../contract.ts';

/** Texts are 'vector N'; N says which. */
export function createClusterEmbedder(dimensions: number, clusters = 50): Embedder {
  return {
    name: 'test: clusters',
    version: '1',
    dimensions,
    embed: async (texts) =>
      texts.map((text) => {
        const number = Number(/\d+/.exec(text)?.[0] ?? 0);
        const centre = randomOf(1 + (number % clusters));
        const around = randomOf(1_000_003 + number);
        return Float32Array.from({ length: dimensions }, () => centre() + 0.35 * around());
      }),
  };
}

/** mulberry32, from -1 to 1. */
function randomOf(seed: number): () => number {
  let state = Math.imul(seed, 0x9e3779b1) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 31 - 1;
  };
}
