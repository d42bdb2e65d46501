// One shard: inner chunks, then the index of where each is. A chunk that was not written has no place, and is the fill value.
import type { EntryWriter, ZipEntry } from '../zip/index.ts';
import type { RangeSource } from '../zip/contract.ts';
import { bloscDecode, bloscEncode, FRAME_EXTRA_BYTES } from './blosc.ts';
import { crc32c } from './crc32c.ts';

const PLACE_BYTES = 16;
const CHECKSUM_BYTES = 4;
const ABSENT = 0xffff_ffff_ffff_ffffn;

/** Frames that are written together: so much, and as much again while that is on its way. */
const BATCH_BYTES = 4 * 1024 * 1024;

export interface ShardWriter {
  /** `number` counts inner chunks in C order. The bytes are used before it returns its promise. */
  put(number: number, plain: Uint8Array): Promise<void>;
  end(): Promise<ZipEntry>;
}

/** What all shards of an array have. */
export interface ShardShape {
  /** Inner chunks in one shard. */
  readonly chunks: number;
  readonly elementBytes: number;
  /** Of one inner chunk, plain. */
  readonly chunkBytes: number;
}

export function createShardWriter(
  entry: EntryWriter,
  { chunks, elementBytes, chunkBytes }: ShardShape,
): ShardWriter {
  const index = new BigUint64Array(chunks * 2).fill(ABSENT);
  const mostBytes = chunkBytes + FRAME_EXTRA_BYTES + CHECKSUM_BYTES;
  const batchBytes = Math.min(Math.max(BATCH_BYTES, mostBytes), chunks * mostBytes);
  let batch = new Uint8Array(batchBytes);
  /** On its way. */
  let other: Uint8Array<ArrayBuffer> | undefined;
  let filled = 0;
  let endBytes = 0;
  let written = Promise.resolve();
  const flush = async (): Promise<void> => {
    await written;
    const full = batch;
    batch = other ?? new Uint8Array(batchBytes);
    other = full;
    written = entry.write(full.subarray(0, filled));
    filled = 0;
    // Whoever waits for it next is told.
    written.catch(() => {});
  };
  return {
    async put(number, plain) {
      const length = bloscEncode(elementBytes, plain, batch.subarray(filled));
      putChecksum(batch, filled, filled + length);
      const storedBytes = length + CHECKSUM_BYTES;
      index[number * 2] = BigInt(endBytes);
      index[number * 2 + 1] = BigInt(storedBytes);
      filled += storedBytes;
      endBytes += storedBytes;
      if (filled + mostBytes > batchBytes) await flush();
    },
    async end() {
      await flush();
      await written;
      await entry.write(withChecksum(new Uint8Array(index.buffer)));
      return await entry.end();
    },
  };
}

export interface ShardReader {
  /** Where an inner chunk is in the source. Undefined: it was not written. Throws a RangeError where the index is damaged. */
  placeOf(number: number): ChunkPlace | undefined;
  /**
   * The numbers of a chunk, out of the bytes of its place: a view, good until the next frame is made or read by this thread, so to be used
   * before anything is waited for. Throws a RangeError that says what is damaged.
   */
  unpack(number: number, stored: Uint8Array): Uint8Array;
}

export interface ChunkPlace {
  readonly offsetBytes: number;
  readonly lengthBytes: number;
}

/** Reads the index, and nothing else. Throws a RangeError where it is damaged. */
export async function openShard(
  source: RangeSource,
  { name, offsetBytes, sizeBytes }: ZipEntry,
  { chunks, elementBytes, chunkBytes }: ShardShape,
  signal?: AbortSignal,
): Promise<ShardReader> {
  const indexBytes = chunks * PLACE_BYTES + CHECKSUM_BYTES;
  if (sizeBytes < indexBytes) throw new RangeError(`${name} is cut`);
  const stored = await source.read(offsetBytes + sizeBytes - indexBytes, indexBytes, signal);
  const plain = checked(stored, `the index of ${name}`);
  const view = new DataView(plain.buffer, plain.byteOffset, plain.byteLength);
  const dataBytes = sizeBytes - indexBytes;
  return {
    placeOf(number) {
      if (!(number >= 0 && number < chunks)) throw new TypeError(`a shard has no chunk ${number}`);
      const offset = view.getBigUint64(number * PLACE_BYTES, true);
      const length = view.getBigUint64(number * PLACE_BYTES + 8, true);
      if (offset === ABSENT && length === ABSENT) return undefined;
      if (offset + length > BigInt(dataBytes))
        throw new RangeError(`the index of ${name} is damaged`);
      return { offsetBytes: offsetBytes + Number(offset), lengthBytes: Number(length) };
    },
    unpack: (number, stored) =>
      bloscDecode(elementBytes, checked(stored, `chunk ${number} of ${name}`), chunkBytes),
  };
}

function withChecksum(bytes: Uint8Array): Uint8Array {
  const whole = new Uint8Array(bytes.length + CHECKSUM_BYTES);
  whole.set(bytes);
  putChecksum(whole, 0, bytes.length);
  return whole;
}

/** Behind the bytes that it covers. */
function putChecksum(bytes: Uint8Array, from: number, to: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  view.setUint32(to, crc32c(bytes.subarray(from, to)), true);
}

function checked(stored: Uint8Array, what: string): Uint8Array {
  const length = stored.length - CHECKSUM_BYTES;
  if (length < 0) throw new RangeError(`${what} is cut`);
  const bytes = stored.subarray(0, length);
  const sum = new DataView(stored.buffer, stored.byteOffset + length, CHECKSUM_BYTES).getUint32(
    0,
    true,
  );
  if (sum !== crc32c(bytes)) throw new RangeError(`${what} is damaged`);
  return bytes;
}
