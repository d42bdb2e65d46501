// The chunks of one pack that are needed: a bit for each, and the digests of them in one buffer, so that millions of chunks fit in memory.
import { digestFromHex, type Digest } from '@stillpoint/core';
import type { ChunkLocation } from '../read/chunk-index.ts';

const DIGEST_BYTES = 32;

export interface PackLife {
  /** Counts once, however often it is added. */
  add(at: Pick<ChunkLocation, 'part' | 'storedBytes'>, hex: string): void;
  chunks(): number;
  /** Of its chunks that are needed. */
  storedBytes(): number;
  digests(): Iterable<Digest>;
}

export function createPackLife(): PackLife {
  let bits = new Uint8Array(16);
  let digests = Buffer.alloc(8 * DIGEST_BYTES);
  let chunks = 0;
  let storedBytes = 0;

  return {
    add(at, hex) {
      const byte = at.part >> 3;
      const bit = 1 << (at.part & 7);
      if (byte >= bits.length) bits = enlarged(bits, byte + 1);
      if ((bits[byte]! & bit) !== 0) return;
      bits[byte]! |= bit;
      const offset = chunks * DIGEST_BYTES;
      if (offset === digests.length) digests = Buffer.from(enlarged(digests, offset + 1).buffer);
      digests.write(hex, offset, DIGEST_BYTES, 'hex');
      chunks++;
      storedBytes += at.storedBytes;
    },
    chunks: () => chunks,
    storedBytes: () => storedBytes,
    *digests() {
      for (let n = 0; n < chunks; n++) {
        const at = n * DIGEST_BYTES;
        yield digestFromHex(digests.toString('hex', at, at + DIGEST_BYTES));
      }
    },
  };
}

function enlarged(bytes: Uint8Array, needed: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(Math.max(bytes.length * 2, needed));
  larger.set(bytes);
  return larger;
}
