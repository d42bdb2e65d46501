// One chunk between its plain and its stored bytes. zstd level 1 (measured: 336 MB/s a core at a ratio of 3.2; level 3
// costs a third of the speed for an eighth of the size), raw where that does not shrink. Compressing is for worker threads
// (write/); big chunks are decompressed by the thread pool, small ones here, which is faster than the way there and back.
import { setImmediate } from 'node:timers/promises';
import { promisify } from 'node:util';
import { constants, zstdCompressSync, zstdDecompress, zstdDecompressSync } from 'node:zlib';
import { digestHex, digestOf } from '@stillpoint/core';

/** Numbers of the format. */
export const encodings = { raw: 0, zstd: 1 } as const;
export type Encoding = (typeof encodings)[keyof typeof encodings];

export interface EncodedChunk {
  readonly encoding: Encoding;
  readonly body: Uint8Array;
}

const RAW_BELOW_BYTES = 64;
const HERE_UP_TO_BYTES = 16 * 1024;
/** zstd's own bound is n + n/256 and a little. */
const OUTPUT_SLACK_BYTES = 8 * 1024;
const params = { [constants.ZSTD_c_compressionLevel]: 1 };
/** Small chunks in a row before timers, signals and other work get their turn. */
const HERE_IN_A_ROW = 64;
const decompress = promisify(zstdDecompress);

/** Keeps the thread busy: 3 ms for a megabyte. */
export function encodeChunk(plain: Uint8Array): EncodedChunk {
  if (plain.length < RAW_BELOW_BYTES) return { encoding: encodings.raw, body: plain };
  const body = zstdCompressSync(plain, { params, chunkSize: plain.length + OUTPUT_SLACK_BYTES });
  return body.length < plain.length
    ? { encoding: encodings.zstd, body }
    : { encoding: encodings.raw, body: plain };
}

export interface StoredChunk {
  readonly hex: string;
  readonly encoding: number;
  readonly plainBytes: number;
  readonly body: Uint8Array;
}

/** The plain bytes, proved to be those of the digest; or, as text, what is wrong. Keeps the thread busy. */
export function decodeChunk(stored: StoredChunk): Uint8Array | string {
  const { encoding, plainBytes, body } = stored;
  let plain: Uint8Array = body;
  if (encoding === encodings.zstd) {
    if (plainBytes === 0) return 'it has no bytes';
    try {
      plain = zstdDecompressSync(body, limitsFor(plainBytes));
    } catch {
      return 'it does not decompress';
    }
  } else if (encoding !== encodings.raw) return `its encoding ${encoding} is unknown`;
  if (plain.length !== plainBytes) return 'it has another length than the index says';
  return digestHex(digestOf(plain)) === stored.hex ? plain : 'its digest is another';
}

/** The plain bytes, of the right length, of a chunk whose digest the caller does not know; or, as text, what is wrong. */
export async function decompressChunk(
  stored: Omit<StoredChunk, 'hex'>,
): Promise<Uint8Array | string> {
  const plain = await decode(stored).catch(() => 'it does not decompress');
  if (typeof plain === 'string') return plain;
  return plain.length === stored.plainBytes ? plain : 'it has another length than the index says';
}

async function decode(stored: Omit<StoredChunk, 'hex'>): Promise<Uint8Array | string> {
  const { encoding, plainBytes, body } = stored;
  if (encoding === encodings.raw) return body;
  if (encoding !== encodings.zstd) return `its encoding ${encoding} is unknown`;
  if (plainBytes === 0) return 'it has no bytes';
  const limits = limitsFor(plainBytes);
  if (plainBytes > HERE_UP_TO_BYTES) return await decompress(body, limits);
  await takeTurn();
  return zstdDecompressSync(body, limits);
}

/** A buffer that is filled to its end is taken for too small: a second one is made, and decompressing goes on for nothing. */
function limitsFor(plainBytes: number): { maxOutputLength: number; chunkSize: number } {
  return { maxOutputLength: plainBytes, chunkSize: plainBytes + 64 };
}

let turns = 0;

async function takeTurn(): Promise<void> {
  if (++turns % HERE_IN_A_ROW === 0) await setImmediate();
}
