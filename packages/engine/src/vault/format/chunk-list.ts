// A chunk list: what a stream of more than one chunk consists of. It is itself a chunk; a list of lists has a depth of 2,
// and so on, so that no list grows large.
//   entry, 40 bytes: digest of the chunk (32), plain bytes of the stream below it u64 little-endian
import { asBuffer } from '../as-buffer.ts';

export const LIST_ENTRY_BYTES = 40;

/** Deeper than any stream: 16384 entries a list make 5 levels more than 2^53 bytes. */
export const DEPTH_MAX = 8;

export interface ListEntry {
  readonly hex: string;
  readonly bytes: number;
}

export function writeChunkList(entries: readonly ListEntry[]): Uint8Array {
  const list = Buffer.alloc(entries.length * LIST_ENTRY_BYTES);
  for (const [n, { hex, bytes }] of entries.entries()) {
    list.write(hex, n * LIST_ENTRY_BYTES, 32, 'hex');
    list.writeBigUInt64LE(BigInt(bytes), n * LIST_ENTRY_BYTES + 32);
  }
  return list;
}

/**
 * The entries, or undefined if this is no list or does not sum up to `bytes`. None is empty: else a small list could name itself into
 * more chunks than anybody can read.
 */
export function readChunkList(content: Uint8Array, bytes: number): ListEntry[] | undefined {
  if (content.length === 0 || content.length % LIST_ENTRY_BYTES !== 0) return undefined;
  const list = asBuffer(content);
  const entries: ListEntry[] = [];
  let sum = 0;
  for (let at = 0; at < list.length; at += LIST_ENTRY_BYTES) {
    const below = Number(list.readBigUInt64LE(at + 32));
    if (below === 0) return undefined;
    entries.push({ hex: list.toString('hex', at, at + 32), bytes: below });
    sum += below;
  }
  return sum === bytes && Number.isSafeInteger(sum) ? entries : undefined;
}
