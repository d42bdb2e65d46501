// Where a stream is cut into chunks: decided by the bytes just before the cut and nothing else, so that an insert moves the chunks behind
// it without making them new. FastCDC with normalised chunking: below the average size a cut needs more bits of the
// fingerprint to be zero, above it fewer, so that most chunks are near the average. Bytes below the smallest size are not even looked at.
// The gear table comes from the vault's id key: without it, sizes of chunks say nothing of known files.
// Source: Xia et al., "FastCDC", USENIX ATC 2016, and "The Design of Fast Content-Defined Chunking", IEEE TPDS 2020.
import { digestHex, digestOf } from '@stillpoint/core';

export interface CutSizes {
  readonly minBytes: number;
  readonly averageBytes: number;
  readonly maxBytes: number;
}

/** Of one stream. */
export interface Cutter {
  /**
   * Where the chunk ends that goes on at `from`; -1: not in these bytes. What was looked at is remembered, so the bytes
   * may come in pieces of any size.
   */
  next(bytes: Uint8Array, from: number): number;
}

/** 256 numbers of 32 bits. */
export type GearTable = Int32Array;

/** For chunks of about so many bytes. */
export function cutSizesOf(averageBytes: number): CutSizes {
  return { minBytes: averageBytes / 4, averageBytes, maxBytes: averageBytes * 4 };
}

/** How much harder a cut is below the average size, and easier above: so many bits. "Normalisation level 2" of the paper. */
const NORMALISATION_BITS = 2;

export function gearTableOf(idKey: Uint8Array): GearTable {
  const table = new Int32Array(256);
  for (const [value] of table.entries()) {
    const digest = digestOf(
      Buffer.concat([idKey, Buffer.from(`stillpoint gear ${value}`, 'utf8')]),
    );
    table[value] = Number.parseInt(digestHex(digest).slice(0, 8), 16);
  }
  return table;
}

export function createCutter(gear: GearTable, sizes: CutSizes): Cutter {
  const { minBytes, averageBytes, maxBytes } = sizes;
  const bits = Math.round(Math.log2(averageBytes));
  const hard = topBits(bits + NORMALISATION_BITS);
  const easy = topBits(bits - NORMALISATION_BITS);
  const scan = createScanner(gear);
  /** Bytes of the chunk that were looked at. */
  let seen = 0;

  return {
    next(bytes, from) {
      let at = from;
      if (seen < minBytes) {
        const skipped = Math.min(minBytes - seen, bytes.length - at);
        at += skipped;
        seen += skipped;
        if (seen < minBytes) return -1;
        scan.begin();
      }
      for (const [mask, untilBytes] of [
        [hard, averageBytes],
        [easy, maxBytes],
      ] as const) {
        const to = Math.min(bytes.length, at + Math.max(0, untilBytes - seen));
        const cut = scan.find(bytes, at, to, mask);
        if (cut !== -1) {
          seen = 0;
          return cut;
        }
        seen += to - at;
        at = to;
      }
      if (seen < maxBytes) return -1;
      seen = 0;
      return at;
    },
  };
}

interface Scanner {
  begin(): void;
  /** The end of the first place before `to` where the fingerprint has zeros under the mask; -1: none. */
  find(bytes: Uint8Array, from: number, to: number, mask: number): number;
}

/** The fingerprint: each byte shifts it by one bit and adds its number of the table, so 32 bytes count. */
function createScanner(gear: GearTable): Scanner {
  let print = 0;
  return {
    begin() {
      print = 0;
    },
    find(bytes, from, to, mask) {
      let hash = print;
      let at = from;
      // Four at a time: a third faster than one, and two of the paper's shifts at once no faster than this.
      for (; at < to - 3; at += 4) {
        hash = ((hash << 1) + (gear[bytes[at]!] as number)) | 0;
        if ((hash & mask) === 0) return at + 1;
        hash = ((hash << 1) + (gear[bytes[at + 1]!] as number)) | 0;
        if ((hash & mask) === 0) return at + 2;
        hash = ((hash << 1) + (gear[bytes[at + 2]!] as number)) | 0;
        if ((hash & mask) === 0) return at + 3;
        hash = ((hash << 1) + (gear[bytes[at + 3]!] as number)) | 0;
        if ((hash & mask) === 0) return at + 4;
      }
      for (; at < to; at++) {
        hash = ((hash << 1) + (gear[bytes[at]!] as number)) | 0;
        if ((hash & mask) === 0) return at + 1;
      }
      print = hash;
      return -1;
    },
  };
}

/** Those that the most bytes have gone into. */
function topBits(count: number): number {
  return count >= 32 ? -1 : (-1 << (32 - Math.max(1, count))) | 0;
}
