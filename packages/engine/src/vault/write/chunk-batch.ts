// New chunks on their way to a thread: copied out of the producer's memory into buffers of their own, which can be moved there. Small ones
// share a buffer and a job, for the way there and back costs more than to compress them.
import type { PlainChunk } from './jobs.ts';

export interface ChunkBatch {
  readonly bytes: number;
  /** False: there is no room for it in this one. */
  add(chunk: PlainChunk): boolean;
  chunks(): readonly PlainChunk[];
}

const SHARED_BYTES = 512 * 1024;
/** From here on a chunk has a job of its own. */
const LARGE_BYTES = 128 * 1024;

/** With room for `first`. */
export function createBatch(first: PlainChunk): ChunkBatch {
  const isLarge = first.plain.length >= LARGE_BYTES;
  const buffer = new Uint8Array(isLarge ? first.plain.length : SHARED_BYTES);
  const chunks: PlainChunk[] = [];
  let filled = 0;
  return {
    get bytes() {
      return filled;
    },
    add({ hex, plain }) {
      const isFirst = chunks.length === 0;
      if (!isFirst && plain.length >= LARGE_BYTES) return false;
      if (filled + plain.length > buffer.length) return false;
      buffer.set(plain, filled);
      chunks.push({ hex, plain: buffer.subarray(filled, filled + plain.length) });
      filled += plain.length;
      return true;
    },
    chunks: () => chunks,
  };
}
