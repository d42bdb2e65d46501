// The table of the chunks in a pack, as it stands in a pack's trailer and in index files. All numbers little-endian.
//   entry, 48 bytes: digest of the plain bytes (32), offset in the pack u32, stored bytes u32, plain bytes u32,
//                    encoding u8, three zero bytes
//   trailer: table, BLAKE3 of the table (32), number of entries u32, format u32, "SPPACK01"
import { digestHex, digestOf } from '@stillpoint/core';
import { FORMAT } from './layout.ts';

export const ENTRY_BYTES = 48;
export const FOOTER_BYTES = 48;
const MAGIC = Buffer.from('SPPACK01', 'latin1');

export interface TableEntry {
  readonly hex: string;
  readonly offset: number;
  readonly storedBytes: number;
  readonly plainBytes: number;
  readonly encoding: number;
}

export function writeEntry(table: Buffer, at: number, entry: TableEntry): void {
  table.write(entry.hex, at, 32, 'hex');
  table.writeUInt32LE(entry.offset, at + 32);
  table.writeUInt32LE(entry.storedBytes, at + 36);
  table.writeUInt32LE(entry.plainBytes, at + 40);
  table.writeUInt32LE(entry.encoding, at + 44);
}

export function readEntry(table: Buffer, at: number): TableEntry {
  return {
    hex: table.toString('hex', at, at + 32),
    offset: table.readUInt32LE(at + 32),
    storedBytes: table.readUInt32LE(at + 36),
    plainBytes: table.readUInt32LE(at + 40),
    encoding: table.readUInt32LE(at + 44),
  };
}

export function writeFooter(target: Buffer, at: number, table: Uint8Array): void {
  target.write(digestHex(digestOf(table)), at, 32, 'hex');
  target.writeUInt32LE(table.length / ENTRY_BYTES, at + 32);
  target.writeUInt32LE(FORMAT, at + 36);
  MAGIC.copy(target, at + 40);
}

/** How long the table before this footer is, or undefined if it is no footer that we know. */
export function tableBytesOf(footer: Buffer, packBytes: number): number | undefined {
  if (footer.length !== FOOTER_BYTES || !footer.subarray(40).equals(MAGIC)) return undefined;
  if (footer.readUInt32LE(36) !== FORMAT) return undefined;
  const tableBytes = footer.readUInt32LE(32) * ENTRY_BYTES;
  return tableBytes + FOOTER_BYTES <= packBytes ? tableBytes : undefined;
}

export function isTableOf(table: Uint8Array, footer: Buffer): boolean {
  return digestHex(digestOf(table)) === footer.toString('hex', 0, 32);
}
