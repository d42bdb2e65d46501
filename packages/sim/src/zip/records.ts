// The records of a zip, to and from bytes. Numbers are little-endian; sections are those of the APPNOTE.

/** What a stored entry says of itself in both of its headers: version 2.0, names in UTF-8, method 0, and 1980-01-01 as its time. */
const NEEDED = 20;
const NEEDED_64 = 45;
const UTF8 = 0x0800;
const DOS_DATE = 0x0021;
const MOST_32 = 0xffff_ffff;

export const LOCAL_HEADER_BYTES = 30;
export const END_BYTES = 22;
export const END_64_BYTES = 56;
export const LOCATOR_BYTES = 20;
export const DIRECTORY_HEADER_BYTES = 46;

export const signatures = {
  local: 0x0403_4b50,
  directory: 0x0201_4b50,
  end: 0x0605_4b50,
  end64: 0x0606_4b50,
  locator: 0x0706_4b50,
} as const;

export interface Described {
  readonly name: Uint8Array;
  readonly crc32: number;
  readonly sizeBytes: number;
  readonly headerOffsetBytes: number;
}

/** 4.3.7 */
export function localHeader({
  name,
  crc32,
  sizeBytes,
}: Omit<Described, 'headerOffsetBytes'>): Uint8Array {
  const bytes = new Uint8Array(LOCAL_HEADER_BYTES + name.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, signatures.local, true);
  view.setUint16(4, NEEDED, true);
  view.setUint16(6, UTF8, true);
  view.setUint16(12, DOS_DATE, true);
  view.setUint32(14, crc32, true);
  view.setUint32(18, sizeBytes, true);
  view.setUint32(22, sizeBytes, true);
  view.setUint16(26, name.length, true);
  bytes.set(name, LOCAL_HEADER_BYTES);
  return bytes;
}

/** 4.3.12, with 4.5.3 for the place of an entry behind 4 GB. */
export function directoryHeader({
  name,
  crc32,
  sizeBytes,
  headerOffsetBytes,
}: Described): Uint8Array {
  const far = headerOffsetBytes >= MOST_32;
  const bytes = new Uint8Array(DIRECTORY_HEADER_BYTES + name.length + (far ? 12 : 0));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, signatures.directory, true);
  view.setUint16(4, far ? NEEDED_64 : NEEDED, true);
  view.setUint16(6, far ? NEEDED_64 : NEEDED, true);
  view.setUint16(8, UTF8, true);
  view.setUint16(14, DOS_DATE, true);
  view.setUint32(16, crc32, true);
  view.setUint32(20, sizeBytes, true);
  view.setUint32(24, sizeBytes, true);
  view.setUint16(28, name.length, true);
  view.setUint16(30, far ? 12 : 0, true);
  view.setUint32(42, far ? MOST_32 : headerOffsetBytes, true);
  bytes.set(name, DIRECTORY_HEADER_BYTES);
  if (far) {
    const extra = DIRECTORY_HEADER_BYTES + name.length;
    view.setUint16(extra, 1, true);
    view.setUint16(extra + 2, 8, true);
    view.setBigUint64(extra + 4, BigInt(headerOffsetBytes), true);
  }
  return bytes;
}

/** 4.3.14 to 4.3.16: the zip64 records are there where a number needs them. */
export function endRecords(
  entries: number,
  directoryOffsetBytes: number,
  directoryBytes: number,
): Uint8Array {
  const big = entries >= 0xffff || directoryOffsetBytes >= MOST_32 || directoryBytes >= MOST_32;
  const bytes = new Uint8Array(END_BYTES + (big ? END_64_BYTES + LOCATOR_BYTES : 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  if (big) {
    view.setUint32(0, signatures.end64, true);
    view.setBigUint64(4, BigInt(END_64_BYTES - 12), true);
    view.setUint16(12, NEEDED_64, true);
    view.setUint16(14, NEEDED_64, true);
    view.setBigUint64(24, BigInt(entries), true);
    view.setBigUint64(32, BigInt(entries), true);
    view.setBigUint64(40, BigInt(directoryBytes), true);
    view.setBigUint64(48, BigInt(directoryOffsetBytes), true);
    view.setUint32(END_64_BYTES, signatures.locator, true);
    view.setBigUint64(END_64_BYTES + 8, BigInt(directoryOffsetBytes + directoryBytes), true);
    view.setUint32(END_64_BYTES + 16, 1, true);
    at = END_64_BYTES + LOCATOR_BYTES;
  }
  view.setUint32(at, signatures.end, true);
  view.setUint16(at + 8, Math.min(entries, 0xffff), true);
  view.setUint16(at + 10, Math.min(entries, 0xffff), true);
  view.setUint32(at + 12, Math.min(directoryBytes, MOST_32), true);
  view.setUint32(at + 16, Math.min(directoryOffsetBytes, MOST_32), true);
  return bytes;
}
