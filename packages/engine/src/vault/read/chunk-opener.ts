// Has chunks opened: checks that an index says nothing unbelievable of them, and gives those that are wanted at about the same time
// to a thread together.
import { TAG_BYTES } from '../crypto/sealed-object.ts';
import type { VaultKeys } from '../crypto/keys.ts';
import { CHUNK_BYTES_MAX } from '../format/pack-table.ts';
import type { SealedChunk, Workers } from '../write/jobs.ts';
import type { ChunkLocation } from './chunk-index.ts';

/** Plain bytes that make a job of their own: more together would keep one thread busy while others wait. */
const JOB_BYTES = 512 * 1024;

export interface ChunkOpener {
  /** The plain bytes; or, as text, what is wrong. The stored bytes may be used again at once. */
  open(at: ChunkLocation, stored: Uint8Array): Promise<Uint8Array | string>;
}

interface Wanted {
  readonly at: ChunkLocation;
  readonly stored: Uint8Array;
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
    async open(at, stored) {
      const unbelievable = whatIsWrongWith(at);
      if (unbelievable !== undefined) return unbelievable;
      if (stored.length < at.storedBytes) return 'the pack ends before its end';
      return await new Promise((resolve, reject) => {
        wanted.push({ at, stored, resolve, reject });
        wantedBytes += at.plainBytes;
        if (wantedBytes >= JOB_BYTES) void send();
        else if (wanted.length === 1) setImmediate(() => void send());
      });
    },
  };
}

/** Copies: readers keep the blocks of packs that these are parts of. */
function inOneBuffer(wanted: readonly Wanted[]): SealedChunk[] {
  const bytes = wanted.reduce((sum, { at }) => sum + at.storedBytes, 0);
  const together = new Uint8Array(bytes);
  let filled = 0;
  return wanted.map(({ at, stored: part }) => {
    const stored = together.subarray(filled, filled + at.storedBytes);
    stored.set(part.subarray(0, at.storedBytes));
    filled += at.storedBytes;
    const { hex, encoding, plainBytes } = at;
    // Of its own, for it would take along the whole index that it lies in.
    return {
      hex,
      salt: Uint8Array.from(at.pack.salt),
      part: at.part,
      encoding,
      plainBytes,
      stored,
    };
  });
}

/** An index says what to read and how large it becomes: nobody makes room for what cannot be. */
export function whatIsWrongWith({ plainBytes, storedBytes }: ChunkLocation): string | undefined {
  if (plainBytes <= CHUNK_BYTES_MAX && storedBytes <= plainBytes + TAG_BYTES) return undefined;
  return 'the index says a size of it that no chunk has';
}
