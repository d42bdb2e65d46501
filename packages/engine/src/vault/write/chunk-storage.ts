// Where a session puts chunks: those that the vault has are not stored again, the rest goes into the pipeline. Each chunk is handed
// on once, also when two streams come to it at the same time.
import { digestHex, digestOf } from '@stillpoint/core';
import type { CompressedChunk } from './jobs.ts';
import type { PackPipeline } from './pack-pipeline.ts';
import type { Presence } from './presence.ts';

/** What a sink has taken in, and what became of it. */
export interface Counts {
  bytesIn: number;
  bytesStored: number;
}

export interface ChunkStorage {
  /** Resolves to the hex digits of its digest. The bytes may be used again then. */
  store(plain: Uint8Array, counts: Counts): Promise<string>;
  /** For whoever knows the digest. False: it was there. */
  storeAs(hex: string, plain: Uint8Array, counts: Counts): Promise<boolean>;
  /** For a chunk that a thread has compressed. */
  storeCompressed(chunk: CompressedChunk, counts: Counts): Promise<void>;
  /** Stored, or handed on by this session. */
  has(hex: string): Promise<boolean>;
}

export function createChunkStorage(pipeline: PackPipeline, isPresent: Presence): ChunkStorage {
  /** Handed to the pipeline by this session. */
  const own = new Set<string>();

  const has = async (hex: string): Promise<boolean> => own.has(hex) || (await isPresent(hex));

  /** True for one caller only. */
  const claim = async (hex: string): Promise<boolean> => {
    if ((await has(hex)) || own.has(hex)) return false;
    own.add(hex);
    return true;
  };

  const counting =
    (counts: Counts) =>
    (storedBytes: number): void => {
      counts.bytesStored += storedBytes;
    };

  const storeAs: ChunkStorage['storeAs'] = async (hex, plain, counts) => {
    const isNew = await claim(hex);
    if (isNew) await pipeline.add({ hex, plain }, counting(counts));
    return isNew;
  };

  return {
    has,
    storeAs,

    async store(plain, counts) {
      const hex = digestHex(digestOf(plain));
      await storeAs(hex, plain, counts);
      return hex;
    },

    async storeCompressed(chunk, counts) {
      if (await claim(chunk.hex)) await pipeline.addCompressed(chunk, counting(counts));
    },
  };
}
