// Which chunks lie in a pack, as its own table and index files say it. All numbers little-endian.
//   entry, 48 bytes:  dedup id (32), offset in the pack u32, stored bytes u32, plain bytes u32, encoding u8, three zero bytes;
//                     the entry's place in the table is the part number that the chunk was sealed with
//   footer, 24 bytes: stored bytes of the sealed table u32, number of chunks u32, format u32, four zero bytes, "SPPACKED"
import { LAST_PART, TAG_BYTES } from '../crypto/sealed-object.ts';
import { FORMAT } from './layout.ts';

export const ENTRY_BYTES = 48;
export const FOOTER_BYTES = 24;
/** Whoever reads has room for so much, whatever an index says. Nothing that is written comes near. */
export const CHUNK_BYTES_MAX = 16 * 1024 * 1024;
const MAGIC = Buffer.from('SPPACKED', 'latin1');

/** A pack that is in the store, as an index file names it. */
export interface IndexedPack {
  readonly hex: string;
  readonly salt: Uint8Array;
  readonly bytes: number;
  /** Entries in clear. */
  readonly table: Uint8Array;
}

export interface TableEntry {
  /** The dedup id, 64 hex digits. */
  readonly id: string;
  readonly offset: number;
  readonly storedBytes: number;
  readonly plainBytes: number;
  readonly encoding: number;
}

export function writeEntry(table: Buffer, at: number, entry: TableEntry): void {
  table.write(entry.id, at, 32, 'hex');
  table.writeUInt32LE(entry.offset, at + 32);
  table.writeUInt32LE(entry.storedBytes, at + 36);
  table.writeUInt32LE(entry.plainBytes, at + 40);
  table.writeUInt32LE(entry.encoding, at + 44);
}

export function readEntry(table: Buffer, at: number): TableEntry {
  return {
    id: table.toString('hex', at, at + 32),
    offset: table.readUInt32LE(at + 32),
    storedBytes: table.readUInt32LE(at + 36),
    plainBytes: table.readUInt32LE(at + 40),
    encoding: table.readUInt32LE(at + 44),
  };
}

export function writeFooter(target: Buffer, at: number, chunks: number): void {
  target.fill(0, at, at + FOOTER_BYTES);
  target.writeUInt32LE(sealedTableBytes(chunks), at);
  target.writeUInt32LE(chunks, at + 4);
  target.writeUInt32LE(FORMAT, at + 8);
  MAGIC.copy(target, at + 16);
}

export function sealedTableBytes(chunks: number): number {
  return chunks * ENTRY_BYTES + TAG_BYTES;
}

/** How many chunks the pack has, or undefined if this is no footer that we know. */
export function readFooter(footer: Buffer): number | undefined {
  if (footer.length !== FOOTER_BYTES) return undefined;
  const chunks = footer.readUInt32LE(4);
  const expected = Buffer.alloc(FOOTER_BYTES);
  if (chunks >= LAST_PART / ENTRY_BYTES - 1) return undefined;
  writeFooter(expected, 0, chunks);
  return expected.equals(footer) ? chunks : undefined;
}
