// Cuts a stream into chunks. Where it cuts depends on the content alone, never on the sizes of the pieces in which the
// content arrives. Chunks are copies: the producer may use its buffers again. Fixed sizes for now; content-defined cuts
// take the same seam.
import assert from 'node:assert/strict';

export type Content = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
export type Chunker = (content: Content) => AsyncGenerator<Uint8Array>;

const FIRST_BYTES = 4096;

/** Every chunk but the last has `chunkBytes`; an empty stream has none. */
export function createFixedChunker(chunkBytes: number): Chunker {
  return async function* cut(content) {
    let chunk = new Uint8Array(0);
    let filled = 0;
    for await (const piece of content) {
      assert(piece instanceof Uint8Array, 'a stream for the vault yields bytes');
      for (let taken = 0; taken < piece.length;) {
        const length = Math.min(piece.length - taken, chunkBytes - filled);
        if (filled + length > chunk.length)
          chunk = grow(chunk, filled, filled + length, chunkBytes);
        chunk.set(piece.subarray(taken, taken + length), filled);
        filled += length;
        taken += length;
        if (filled < chunkBytes) continue;
        yield chunk;
        chunk = new Uint8Array(0);
        filled = 0;
      }
    }
    if (filled > 0) yield chunk.subarray(0, filled);
  };
}

/** Doubles, so that a small stream costs a small buffer and a big one few copies. */
function grow(
  chunk: Uint8Array,
  filled: number,
  needed: number,
  limit: number,
): Uint8Array<ArrayBuffer> {
  const size = Math.min(limit, Math.max(needed, chunk.length * 2, FIRST_BYTES));
  const larger = Buffer.allocUnsafeSlow(size);
  larger.set(chunk.subarray(0, filled));
  return larger;
}
