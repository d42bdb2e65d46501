// Has chunks opened: checks that an index says nothing unbelievable of them, and gives those that are wanted at about the same time
// to a thread together.
import { TAG_BYTES } from '../crypto/sealed-object.ts';
import type { VaultKeys } from '../crypto/keys.ts';
import { CHUNK_BYTES_MAX } from '../format/pack-table.ts';
import type { ChunkTarget, SealedChunk, Workers } from '../write/jobs.ts';
import type { ChunkLocation } from './chunk-index.ts';

/** Plain bytes that make a job of their own: more together would keep one thread busy while others wait. */
const JOB_BYTES = 512 * 1024;

const APART_FROM_BYTES = 64 * 1024;

export interface ChunkOpener {
  /** The plain bytes, or none if they were written; or, as text, what is wrong. The stored bytes are gone for the caller. */
  open(at: ChunkLocation, stored: Uint8Array, into?: ChunkTarget): Promise<Uint8Array | string>;
}

interface Wanted {
  readonly at: ChunkLocation;
  readonly stored: Uint8Array;
  readonly into: ChunkTarget | undefined;
  resolve(outcome: Uint8Array | string): void;
  reject(error: unknown): void;
}

export function createChunkOpener(keys: VaultKeys, workers: Pick<Workers, 'run'>): ChunkOpener {
  let wanted: Wanted[] = [];
  let wantedBytes = 0;

  const send = async (): Promise<void> => {
    const together = wanted;
    wanted = [];
    wantedBytes = 0;
    if (together.length === 0) return;
    try {
      const outcomes = await workers.run('open', { keys, chunks: inOneBuffer(together) });
      for (const [n, one] of together.entries()) one.resolve(outcomes[n] ?? 'nobody opened it');
    } catch (error) {
      for (const one of together) one.reject(error);
    }
  };

  return {
    async open(at, stored, into) {
      const unbelievable = whatIsWrongWith(at);
      if (unbelievable !== undefined) return unbelievable;
      if (stored.length < at.storedBytes) return 'the pack ends before its end';
      return await new Promise((resolve, reject) => {
        wanted.push({ at, stored, into, resolve, reject });
        wantedBytes += at.plainBytes;
        if (wantedBytes >= JOB_BYTES) void send();
        else if (wanted.length === 1) setImmediate(() => void send());
      });
    },
  };
}

/** Small ones are copied, for to hand over a buffer costs more than that; a large one is handed over as it is. */
function inOneBuffer(wanted: readonly Wanted[]): SealedChunk[] {
  const isApart = ({ stored }: Wanted): boolean =>
    stored.byteLength > APART_FROM_BYTES && stored.byteLength === stored.buffer.byteLength;
  const bytes = wanted.reduce((sum, one) => sum + (isApart(one) ? 0 : one.at.storedBytes), 0);
  const together = Buffer.allocUnsafeSlow(bytes);
  let filled = 0;
  const placed = ({ at, stored }: Wanted): Uint8Array => {
    const place = together.subarray(filled, filled + at.storedBytes);
    place.set(stored.subarray(0, at.storedBytes));
    filled += at.storedBytes;
    return place;
  };
  return wanted.map((one) => {
    const { at, into } = one;
    const stored = isApart(one) ? one.stored : placed(one);
    const { hex, encoding, plainBytes } = at;
    // Of its own, for it would take along the whole index that it lies in.
    return {
      hex,
      salt: Uint8Array.from(at.pack.salt),
      part: at.part,
      encoding,
      plainBytes,
      stored,
      ...(into === undefined ? {} : { into }),
    };
  });
}

/** An index says what to read and how large it becomes: nobody makes room for what cannot be. */
export function whatIsWrongWith({ plainBytes, storedBytes }: ChunkLocation): string | undefined {
  if (plainBytes <= CHUNK_BYTES_MAX && storedBytes <= plainBytes + TAG_BYTES) return undefined;
  return 'the index says a size of it that no chunk has';
}
