// Cuts a stream into chunks. Where it cuts depends on the content alone, never on the sizes of the pieces in which the
// content arrives (fastcdc.ts). A chunk is good until the next one is asked for: it lies in the producer's piece or in a buffer that
// is used again, for most chunks of most streams are in the vault already and nobody needs a copy of them.
import assert from 'node:assert/strict';
import { createCutter, type CutSizes, type GearTable } from './fastcdc.ts';

export type Content = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
export type Chunker = (content: Content) => AsyncGenerator<Uint8Array>;

const FIRST_BYTES = 4096;

/** An empty stream has no chunks; one that is not above the smallest size has one. */
export function createChunker(gear: GearTable, sizes: CutSizes): Chunker {
  return async function* cut(content) {
    const cutter = createCutter(gear, sizes);
    const begun = createBegun(sizes.maxBytes);
    for await (const piece of content) {
      assert(piece instanceof Uint8Array, 'a stream for the vault yields bytes');
      let from = 0;
      for (;;) {
        const end = cutter.next(piece, from);
        if (end === -1) break;
        yield begun.end(piece.subarray(from, end));
        from = end;
      }
      begun.add(piece.subarray(from));
    }
    const last = begun.end(new Uint8Array(0));
    if (last.length > 0) yield last;
  };
}

interface Begun {
  add(bytes: Uint8Array): void;
  /** What was added and these, as one; then it is empty again. */
  end(bytes: Uint8Array): Uint8Array;
}

/** The chunk of which the end has not come yet. */
function createBegun(maxBytes: number): Begun {
  let buffer = new Uint8Array(0);
  let filled = 0;

  const add = (bytes: Uint8Array): void => {
    const needed = filled + bytes.length;
    if (needed > buffer.length) {
      // Doubles, so that a small stream costs a small buffer and a big one few copies.
      const larger = Buffer.allocUnsafeSlow(
        Math.min(maxBytes, Math.max(needed, buffer.length * 2, FIRST_BYTES)),
      );
      larger.set(buffer.subarray(0, filled));
      buffer = larger;
    }
    buffer.set(bytes, filled);
    filled = needed;
  };

  return {
    add,
    end(bytes) {
      if (filled === 0) return bytes;
      add(bytes);
      const whole = buffer.subarray(0, filled);
      filled = 0;
      return whole;
    },
  };
}
