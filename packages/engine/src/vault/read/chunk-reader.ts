// A chunk by its digest, verified. Before an error is raised every copy was tried, the index was read again (another
// writer may have stored the chunk) and so were the trailers of packs that no index names (an index may be lost).
import { digestFromHex, failure, isFailure, type StillpointError } from '@stillpoint/core';
import type { ChunkLocation } from './chunk-index.ts';
import { whatIsWrongWith, type ChunkOpener } from './chunk-opener.ts';
import type { IndexLoader } from './index-loader.ts';
import { INDEX_PREFIX, packKey } from '../format/layout.ts';
import type { ChunkTarget } from '../write/jobs.ts';
import type { PackReader } from './pack-reader.ts';

export interface ChunkReader {
  /** In memory that is the caller's. CHUNK_MISSING, CHUNK_DAMAGED. */
  read(hex: string): Promise<Uint8Array>;
  /** Writes them instead. Resolves to how many the chunk has. */
  write(hex: string, into: ChunkTarget): Promise<number>;
}

export interface ChunkReaderParts {
  readonly loader: IndexLoader;
  readonly packs: PackReader;
  readonly opener: ChunkOpener;
}

export function createChunkReader({ loader, packs, opener }: ChunkReaderParts): ChunkReader {
  const { index, recovered } = loader;
  const further = [async () => {}, () => loader.refresh(), () => loader.recover()];

  const firstGood = async <T>(hex: string, use: (copy: ChunkLocation) => Promise<T>) => {
    const tried = new Set<string>();
    let failed: unknown;
    for (const lookFurther of further) {
      await lookFurther();
      for (const copy of [...index.locate(hex), ...recovered.locate(hex)]) {
        const place = `${copy.pack.hex}:${copy.offset}`;
        if (tried.has(place)) continue;
        tried.add(place);
        try {
          return await use(copy);
        } catch (error) {
          if (!isChunkFailure(error)) throw error;
          failed ??= error;
        }
      }
    }
    throw failed ?? missing(hex);
  };

  return {
    read: (hex) => firstGood(hex, (copy) => readCopy({ packs, opener }, copy)),
    write: (hex, into) =>
      firstGood(hex, async (copy) => {
        await readCopy({ packs, opener }, copy, into);
        return copy.plainBytes;
      }),
  };
}

export function missing(hex: string, at?: ChunkLocation): StillpointError {
  const key = at === undefined ? INDEX_PREFIX : packKey(at.pack.hex);
  const offset = at === undefined ? 'unknown' : at.offset;
  return failure('CHUNK_MISSING', { chunk: digestFromHex(hex), key, offset });
}

export function damaged(at: ChunkLocation, reason: string): StillpointError {
  const chunk = digestFromHex(at.hex);
  return failure('CHUNK_DAMAGED', { chunk, key: packKey(at.pack.hex), offset: at.offset, reason });
}

export function isChunkFailure(error: unknown): error is StillpointError {
  return isFailure(error, 'CHUNK_DAMAGED') || isFailure(error, 'CHUNK_MISSING');
}

async function readCopy(
  { packs, opener }: Pick<ChunkReaderParts, 'packs' | 'opener'>,
  at: ChunkLocation,
  into?: ChunkTarget,
): Promise<Uint8Array> {
  const unbelievable = whatIsWrongWith(at);
  if (unbelievable !== undefined) throw damaged(at, unbelievable);
  let stored: Uint8Array;
  try {
    stored = await packs.read(at.pack, at.offset, at.storedBytes);
  } catch (error) {
    if (isFailure(error, 'OBJECT_MISSING')) throw missing(at.hex, at);
    if (isFailure(error, 'VAULT_IO_FAILED')) throw damaged(at, error.message);
    throw error;
  }
  const plain = await opener.open(at, stored, into);
  if (typeof plain === 'string') throw damaged(at, plain);
  return plain;
}
