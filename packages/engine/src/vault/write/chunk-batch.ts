// New chunks on their way to a thread: copied out of the producer's memory into buffers that can be moved there. Small ones
// share a buffer and a job, for the way there and back costs more than to compress them. Buffers come back with the
// compressed bytes in them and are used again: to make and free them for each chunk cost as much time as to compress.
import type { PlainChunk } from './jobs.ts';

export interface ChunkBatch {
  readonly bytes: number;
  readonly chunks: readonly PlainChunk[];
  /** False: there is no room for it in this one. */
  add(chunk: PlainChunk): boolean;
}

export interface Batches {
  /** With room for it. */
  begin(first: PlainChunk): ChunkBatch;
  /** Nobody looks at these any more. */
  end(chunks: readonly { readonly body: Uint8Array }[]): void;
}

const SHARED_BYTES = 512 * 1024;
/** From here on a chunk has a job of its own. */
const LARGE_BYTES = 128 * 1024;

/** Keeps unused buffers of so many bytes together. */
export function createBatches(keptBytesMax: number): Batches {
  const kept = new Map<number, ArrayBufferLike[]>();
  let keptBytes = 0;

  const take = (bytes: number): Uint8Array => {
    const used = kept.get(bytes)?.pop();
    if (used === undefined) return new Uint8Array(bytes);
    keptBytes -= bytes;
    return new Uint8Array(used);
  };

  return {
    begin(first) {
      const isLarge = first.plain.length >= LARGE_BYTES;
      return batchIn(take(isLarge ? sizeFor(first.plain.length) : SHARED_BYTES), isLarge);
    },

    end(chunks) {
      for (const buffer of new Set(chunks.map(({ body }) => body.buffer))) {
        const bytes = buffer.byteLength;
        if (keptBytes + bytes > keptBytesMax) return;
        keptBytes += bytes;
        const alike = kept.get(bytes);
        if (alike === undefined) kept.set(bytes, [buffer]);
        else alike.push(buffer);
      }
    },
  };
}

function batchIn(buffer: Uint8Array, isForOne: boolean): ChunkBatch {
  const chunks: PlainChunk[] = [];
  let filled = 0;
  return {
    chunks,
    get bytes() {
      return filled;
    },
    add({ hex, plain }) {
      if (chunks.length > 0 && (isForOne || plain.length >= LARGE_BYTES)) return false;
      if (filled + plain.length > buffer.length) return false;
      const copy = buffer.subarray(filled, filled + plain.length);
      copy.set(plain);
      chunks.push({ hex, plain: copy });
      filled += plain.length;
      return true;
    },
  };
}

/** Few different ones, so that one that is kept fits the next. */
function sizeFor(bytes: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(bytes, SHARED_BYTES)));
}
