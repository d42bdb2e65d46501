// An index file: which packs hold which chunks. Sealed as one part; within, all numbers little-endian:
//   first byte        0: what follows stands as it is; 1: it is one zstd frame
//   header, 8 bytes   number of packs u32, four zero bytes
//   each pack         name (32), salt of its header (32), bytes of the pack u64, number of entries u32, four zero bytes; its table
// With the salt here a chunk is read at one go: nobody needs a pack's header first.
import assert from 'node:assert/strict';
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { VaultKeys } from '../crypto/keys.ts';
import {
  createSealer,
  HEADER_BYTES,
  openWhole,
  SALT_BYTES,
  TAG_BYTES,
} from '../crypto/sealed-object.ts';
import { encodings } from './chunk-codec.ts';
import { ENTRY_BYTES, type IndexedPack } from './pack-table.ts';

/** Plain bytes, 1.4 million chunks: a reader has room for so much. Whoever has more to say writes two. */
export const INDEX_BYTES_MAX = 64 * 1024 * 1024;
/** No index file in a store is larger. */
export const STORED_INDEX_BYTES_MAX = HEADER_BYTES + 1 + INDEX_BYTES_MAX + TAG_BYTES;

const MAGIC = 'SPINDEX1';
const INTRO_BYTES = 8;
const SECTION_BYTES = 80;
const SALT_AT = 32;
const BYTES_AT = SALT_AT + SALT_BYTES;
const params = { [constants.ZSTD_c_compressionLevel]: 1 };

export function writeIndexFile(keys: VaultKeys, packs: readonly IndexedPack[]): Buffer {
  const intro = Buffer.alloc(INTRO_BYTES);
  intro.writeUInt32LE(packs.length, 0);
  const parts: Uint8Array[] = [intro];
  for (const pack of packs) {
    const section = Buffer.alloc(SECTION_BYTES);
    section.write(pack.hex, 0, 32, 'hex');
    section.set(pack.salt, SALT_AT);
    section.writeBigUInt64LE(BigInt(pack.bytes), BYTES_AT);
    section.writeUInt32LE(pack.table.length / ENTRY_BYTES, BYTES_AT + 8);
    parts.push(section, pack.table);
  }
  const raw = Buffer.concat(parts);
  assert(raw.length <= INDEX_BYTES_MAX, 'an index file that nobody would read');
  const packed = zstdCompressSync(raw, { params });
  const [encoding, body] =
    packed.length < raw.length ? [encodings.zstd, packed] : [encodings.raw, raw];
  // With a salt of its own each time: two index files of the same packs have two names, so whoever deletes the one that it has
  // merged never deletes what somebody else has put since.
  const sealer = createSealer(keys, MAGIC);
  return Buffer.concat([sealer.header, sealer.seal(0, Buffer.concat([Buffer.of(encoding), body]))]);
}

/** The packs, or undefined if this is no index of a format that we know, or not of this vault. */
export function readIndexFile(keys: VaultKeys, stored: Uint8Array): IndexedPack[] | undefined {
  const plain = openWhole(keys, MAGIC, stored);
  const content = plain === undefined ? undefined : unpack(plain);
  if (content === undefined || content.length < INTRO_BYTES) return undefined;
  const packs: IndexedPack[] = [];
  let at = INTRO_BYTES;
  for (let count = content.readUInt32LE(0); count > 0; count--) {
    const tableAt = at + SECTION_BYTES;
    if (tableAt > content.length) return undefined;
    const end = tableAt + content.readUInt32LE(at + BYTES_AT + 8) * ENTRY_BYTES;
    if (end > content.length) return undefined;
    packs.push({
      hex: content.toString('hex', at, at + 32),
      // Copied: it is kept, and must not keep the whole file in memory.
      salt: Buffer.from(content.subarray(at + SALT_AT, at + BYTES_AT)),
      bytes: Number(content.readBigUInt64LE(at + BYTES_AT)),
      table: content.subarray(tableAt, end),
    });
    at = end;
  }
  return at === content.length ? packs : undefined;
}

function unpack(plain: Buffer): Buffer | undefined {
  const body = plain.subarray(1);
  if (plain[0] === encodings.raw) return body;
  if (plain[0] !== encodings.zstd) return undefined;
  try {
    return zstdDecompressSync(body, { maxOutputLength: INDEX_BYTES_MAX });
  } catch {
    return undefined;
  }
}
