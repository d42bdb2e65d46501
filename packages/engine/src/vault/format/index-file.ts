// An index file: which packs hold which chunks. All numbers little-endian.
//   header, 16 bytes: "SPINDEX1", format u32, number of packs u32
//   each pack:        name (32), bytes of the pack u64, number of entries u32, four zero bytes; then the entries
// Its name is the BLAKE3 of its bytes; whoever reads checks that first, so parsing trusts the bytes.
import { FORMAT } from './layout.ts';
import type { IndexedPack } from '../write/pack-builder.ts';
import { ENTRY_BYTES } from './pack-table.ts';

const MAGIC = Buffer.from('SPINDEX1', 'latin1');
const HEADER_BYTES = 16;
const SECTION_BYTES = 48;

export function writeIndexFile(packs: readonly IndexedPack[]): Uint8Array {
  const header = Buffer.alloc(HEADER_BYTES);
  MAGIC.copy(header);
  header.writeUInt32LE(FORMAT, 8);
  header.writeUInt32LE(packs.length, 12);
  const parts: Uint8Array[] = [header];
  for (const pack of packs) {
    const section = Buffer.alloc(SECTION_BYTES);
    section.write(pack.hex, 0, 32, 'hex');
    section.writeBigUInt64LE(BigInt(pack.bytes), 32);
    section.writeUInt32LE(pack.table.length / ENTRY_BYTES, 40);
    parts.push(section, pack.table);
  }
  return Buffer.concat(parts);
}

/** The packs, or undefined if this is no index of a format that we know. */
export function readIndexFile(content: Uint8Array): IndexedPack[] | undefined {
  const file = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  if (file.length < HEADER_BYTES || !file.subarray(0, 8).equals(MAGIC)) return undefined;
  if (file.readUInt32LE(8) !== FORMAT) return undefined;
  const packs: IndexedPack[] = [];
  let at = HEADER_BYTES;
  for (let count = file.readUInt32LE(12); count > 0; count--) {
    const tableAt = at + SECTION_BYTES;
    if (tableAt > file.length) return undefined;
    const end = tableAt + file.readUInt32LE(at + 40) * ENTRY_BYTES;
    if (end > file.length) return undefined;
    packs.push({
      hex: file.toString('hex', at, at + 32),
      bytes: Number(file.readBigUInt64LE(at + 32)),
      table: file.subarray(tableAt, end),
    });
    at = end;
  }
  return at === file.length ? packs : undefined;
}
