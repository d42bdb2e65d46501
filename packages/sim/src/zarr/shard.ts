// One shard: inner chunks, then the index of where each is. A chunk that was not written has no place, and is the fill value.
import type { EntryWriter, ZipEntry } from '../zip/index.ts';
import type { RangeSource } from '../zip/contract.ts';
import { bloscDecode, bloscEncode } from './blosc.ts';
import { crc32c } from './crc32c.ts';

const PLACE_BYTES = 16;
const CHECKSUM_BYTES = 4;
const ABSENT = 0xffff_ffff_ffff_ffffn;

export interface ShardWriter {
  /** `number` counts inner chunks in C order. The bytes are used before it returns its promise. */
  put(number: number, plain: Uint8Array): Promise<void>;
  end(): Promise<ZipEntry>;
}

export function createShardWriter(
  entry: EntryWriter,
  chunks: number,
  elementBytes: number,
): ShardWriter {
  const index = new BigUint64Array(chunks * 2).fill(ABSENT);
  let endBytes = 0n;
  return {
    async put(number, plain) {
      const stored = withChecksum(bloscEncode(elementBytes, plain));
      index[number * 2] = endBytes;
      index[number * 2 + 1] = BigInt(stored.length);
      endBytes += BigInt(stored.length);
      await entry.write(stored);
    },
    async end() {
      await entry.write(withChecksum(new Uint8Array(index.buffer)));
      return await entry.end();
    },
  };
}

export interface ShardReader {
  /** False: it was not written. Throws a RangeError that says what is damaged. */
  read(number: number, target: Uint8Array, signal?: AbortSignal): Promise<boolean>;
}

/** Reads the index, and nothing else. Throws a RangeError where it is damaged. */
export async function openShard(
  source: RangeSource,
  { name, offsetBytes, sizeBytes }: ZipEntry,
  chunks: number,
  elementBytes: number,
  signal?: AbortSignal,
): Promise<ShardReader> {
  const indexBytes = chunks * PLACE_BYTES + CHECKSUM_BYTES;
  if (sizeBytes < indexBytes) throw new RangeError(`${name} is cut`);
  const stored = await source.read(offsetBytes + sizeBytes - indexBytes, indexBytes, signal);
  const plain = checked(stored, `the index of ${name}`);
  const view = new DataView(plain.buffer, plain.byteOffset, plain.byteLength);
  const dataBytes = sizeBytes - indexBytes;
  return {
    async read(number, target, inner) {
      if (!(number >= 0 && number < chunks)) throw new TypeError(`a shard has no chunk ${number}`);
      const offset = view.getBigUint64(number * PLACE_BYTES, true);
      const length = view.getBigUint64(number * PLACE_BYTES + 8, true);
      if (offset === ABSENT && length === ABSENT) return false;
      if (offset + length > BigInt(dataBytes))
        throw new RangeError(`the index of ${name} is damaged`);
      const bytes = await source.read(offsetBytes + Number(offset), Number(length), inner);
      bloscDecode(elementBytes, checked(bytes, `chunk ${number} of ${name}`), target);
      return true;
    },
  };
}

function withChecksum(bytes: Uint8Array): Uint8Array {
  const whole = new Uint8Array(bytes.length + CHECKSUM_BYTES);
  whole.set(bytes);
  new DataView(whole.buffer).setUint32(bytes.length, crc32c(bytes), true);
  return whole;
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
