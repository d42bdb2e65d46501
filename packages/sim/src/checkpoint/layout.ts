// The fixed parts of a checkpoint's file: its header and its trailer, 64 bytes each, little-endian.
// Normative: docs/format/checkpoint.md.
import { createHasher, digestFromHex, digestHex, type Digest } from '@stillpoint/core';

export const HEADER_BYTES = 64;
export const TRAILER_BYTES = 64;
export const ALIGNMENT_BYTES = 64;
export const BLOCK_BYTES = 1024 * 1024;
export const PAGE_BYTES = 64 * 1024;
export const MAJOR = 1;
const MINOR = 0;

const MAGIC = Buffer.from('STPTCKPT', 'latin1');
const END_MAGIC = Buffer.from('CKPTEND.', 'latin1');
/** Read with the other byte order it is another number. */
const ENDIAN_MARK = 0x01020304;
/** raw, zstd, shuffle-zstd */
const CODEC_SET = 1;
/** BLAKE3, 256 bits */
const HASH = 1;
const HASHED_HEADER_BYTES = 48;

export interface Header {
  readonly tick: number;
}

export interface Trailer {
  readonly tableOffset: number;
  readonly tableBytes: number;
  /** Over header and table; the table has the digests of the sections. */
  readonly digest: Digest;
}

export function encodeHeader({ tick }: Header): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES);
  MAGIC.copy(bytes, 0);
  bytes.writeUInt16LE(MAJOR, 8);
  bytes.writeUInt16LE(MINOR, 10);
  bytes.writeUInt32LE(ENDIAN_MARK, 12);
  bytes.writeUInt16LE(CODEC_SET, 16);
  bytes.writeUInt16LE(HASH, 18);
  bytes.writeUInt32LE(BLOCK_BYTES, 20);
  bytes.writeBigUInt64LE(BigInt(tick), 24);
  headerHash(bytes).copy(bytes, HASHED_HEADER_BYTES);
  return bytes;
}

/** `foreign`: no checkpoint at all. `version`: of a major version that is not ours. Otherwise what is wrong with it. */
export type HeaderTrouble =
  | { readonly is: 'foreign' }
  | { readonly is: 'version'; readonly format: string }
  | { readonly is: 'damaged'; readonly why: string };

/** `bytes` is the file's beginning, which may be shorter than a header. */
export function decodeHeader(bytes: Buffer): Header | HeaderTrouble {
  if (bytes.length < MAGIC.length || !bytes.subarray(0, MAGIC.length).equals(MAGIC))
    return { is: 'foreign' };
  if (bytes.length < HEADER_BYTES) return { is: 'damaged', why: 'the file ends within it' };
  // All major versions have this digest in this place: a flipped bit is no other version.
  if (!headerHash(bytes).equals(bytes.subarray(HASHED_HEADER_BYTES, HEADER_BYTES)))
    return { is: 'damaged', why: 'its digest is another' };
  const major = bytes.readUInt16LE(8);
  if (major !== MAJOR) return { is: 'version', format: `${major}.${bytes.readUInt16LE(10)}` };
  const known =
    bytes.readUInt32LE(12) === ENDIAN_MARK &&
    bytes.readUInt16LE(16) === CODEC_SET &&
    bytes.readUInt16LE(18) === HASH &&
    bytes.readUInt32LE(20) === BLOCK_BYTES;
  if (!known) return { is: 'damaged', why: 'it names a byte order, codec or digest of no version' };
  const tick = Number(bytes.readBigUInt64LE(24));
  if (!Number.isSafeInteger(tick)) return { is: 'damaged', why: 'its tick is too large' };
  return { tick };
}

export function encodeTrailer({ tableOffset, tableBytes, digest }: Trailer): Buffer {
  const bytes = Buffer.alloc(TRAILER_BYTES);
  bytes.writeBigUInt64LE(BigInt(tableOffset), 0);
  bytes.writeBigUInt64LE(BigInt(tableBytes), 8);
  Buffer.from(digestHex(digest), 'hex').copy(bytes, 16);
  END_MAGIC.copy(bytes, TRAILER_BYTES - END_MAGIC.length);
  return bytes;
}

/** What it says lies within a file of `fileBytes`; or, as text, what is wrong. */
export function decodeTrailer(bytes: Buffer, fileBytes: number): Trailer | string {
  if (!bytes.subarray(TRAILER_BYTES - END_MAGIC.length).equals(END_MAGIC))
    return 'the file does not end as a checkpoint does';
  if (bytes.readBigUInt64LE(48) !== 0n) return 'its spare bytes are not zero';
  const tableOffset = Number(bytes.readBigUInt64LE(0));
  const tableBytes = Number(bytes.readBigUInt64LE(8));
  const fits =
    tableOffset >= HEADER_BYTES &&
    tableOffset % ALIGNMENT_BYTES === 0 &&
    tableBytes >= 2 &&
    tableOffset + tableBytes + TRAILER_BYTES === fileBytes;
  if (!fits) return 'the table that it names does not end where the trailer begins';
  return {
    tableOffset,
    tableBytes,
    digest: digestFromHex(bytes.subarray(16, 48).toString('hex')),
  };
}

export function wholeDigest(header: Uint8Array, table: Uint8Array): Digest {
  const hasher = createHasher();
  hasher.update(header);
  hasher.update(table);
  return hasher.digest();
}

export function aligned(offset: number): number {
  return Math.ceil(offset / ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
}

function headerHash(header: Buffer): Buffer {
  const hasher = createHasher();
  hasher.update(header.subarray(0, HASHED_HEADER_BYTES));
  return Buffer.from(digestHex(hasher.digest()), 'hex').subarray(0, 16);
}
