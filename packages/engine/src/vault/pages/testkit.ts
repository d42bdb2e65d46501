// Images without a vault: chunks in a map, jobs where they are, streams of one list over small chunks.
import { digestFromHex, digestHex, digestOf, failure } from '@stillpoint/core';
import type { StreamRef } from '../../sources/contract.ts';
import { createSlots } from '../flow.ts';
import { writeChunkList } from '../format/chunk-list.ts';
import { plainStreams, readChunks } from '../read/stream-reader.ts';
import type { CompressedChunk, Jobs } from '../write/jobs.ts';
import { readImage, type ImageChunks, type PlainStreams } from './image-reader.ts';
import { writeImage, type ImageHints, type ImageStorage } from './image-writer.ts';
import { encodeSpan } from './span.ts';
import type { ImageContent } from './spans.ts';

export interface TestImages {
  /** By their digests, hex. What is taken out is lost. */
  readonly chunks: Map<string, Uint8Array>;
  /** Those that a new image may not rest on, though they can be read. */
  readonly doubtful: Set<string>;
  readonly plain: PlainStreams;
  readonly reader: ImageChunks;
  /** Plain bytes of chunks that were new. */
  bytesNew(): number;
  write(content: ImageContent, hints: ImageHints): Promise<StreamRef>;
  read(ref: StreamRef): Promise<Buffer>;
}

const PIECE_BYTES = 5000;

/** Bodies are plain: compressing is not what is tested. */
export const keepPlain: Jobs['compress'] = (chunks) =>
  chunks.map(({ hex, plain }) => ({
    hex,
    plainBytes: plain.length,
    encoding: 0,
    body: Uint8Array.from(plain),
  }));

export function createTestImages(): TestImages {
  const chunks = new Map<string, Uint8Array>();
  const doubtful = new Set<string>();
  let bytesNew = 0;
  const put = (hex: string, plain: Uint8Array): void => {
    if (!chunks.has(hex)) bytesNew += plain.length;
    chunks.set(hex, plain);
    doubtful.delete(hex);
  };
  const storeChunk = async (plain: Uint8Array): Promise<string> => {
    const hex = digestHex(digestOf(plain));
    put(hex, Uint8Array.from(plain));
    return hex;
  };
  const reader: ImageChunks = {
    async read(hex) {
      const plain = chunks.get(hex);
      if (plain !== undefined) return Uint8Array.from(plain);
      throw failure('CHUNK_MISSING', { chunk: digestFromHex(hex), key: 'test', offset: 0 });
    },
  };
  const storage: ImageStorage = {
    workers: { run: runHere as ImageStorage['workers']['run'] },
    spans: createSlots(2),
    chunks: reader,
    plain: plainStreams,
    isPresent: async (hex) => chunks.has(hex) && !doubtful.has(hex),
    storeCompressed: async ({ hex, body }: CompressedChunk) => put(hex, body),
    storeChunk,
    storeStream: (content) => storeStream(content, storeChunk),
    throwIfFailed() {},
  };
  return {
    chunks,
    doubtful,
    plain: plainStreams,
    reader,
    bytesNew: () => bytesNew,
    write: (content, hints) => writeImage(storage, content, hints),
    async read(ref) {
      const pieces =
        ref.pageBytes === undefined
          ? readChunks(reader, ref, 2)
          : readImage(reader, ref, plainStreams, 2);
      return Buffer.concat(await Array.fromAsync(pieces));
    },
  };
}

async function runHere(job: string, given: unknown): Promise<unknown> {
  if (job !== 'span') throw new TypeError(`no job ${job} here`);
  return encodeSpan(given as Parameters<Jobs['span']>[0], keepPlain);
}

async function storeStream(
  content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  storeChunk: (plain: Uint8Array) => Promise<string>,
): Promise<StreamRef> {
  const whole = Buffer.concat(await Array.fromAsync(content));
  if (whole.length <= PIECE_BYTES) {
    return { digest: digestFromHex(await storeChunk(whole)), bytes: whole.length, depth: 0 };
  }
  const entries: { hex: string; bytes: number }[] = [];
  for (let at = 0; at < whole.length; at += PIECE_BYTES) {
    const piece = whole.subarray(at, at + PIECE_BYTES);
    entries.push({ hex: await storeChunk(piece), bytes: piece.length });
  }
  const list = await storeChunk(writeChunkList(entries));
  return { digest: digestFromHex(list), bytes: whole.length, depth: 1 };
}
