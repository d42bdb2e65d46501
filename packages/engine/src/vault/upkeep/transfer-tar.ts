// As much of tar as an exported vault needs: plain files, one after the other, in ustar headers (POSIX.1-1988). Any tar unpacks it, and
// what comes out is a directory that is a vault. Reading takes what writeHeader() writes and nothing else.
import { isStoreKey } from '../stores/store-key.ts';

export const BLOCK_BYTES = 512;
/** Two blocks of zeros: without them the file was cut off. */
export const END = Buffer.alloc(2 * BLOCK_BYTES);
const NAME_BYTES = 100;
/** Eleven octal digits. */
export const CONTENT_BYTES_MAX = 0o77777777777;

export interface TarEntry {
  readonly key: string;
  readonly bytes: number;
}

export function writeHeader({ key, bytes }: TarEntry): Buffer {
  if (Buffer.byteLength(key) >= NAME_BYTES || bytes > CONTENT_BYTES_MAX) {
    throw new TypeError(`an object that does not fit into a tar: ${key}`);
  }
  const header = Buffer.alloc(BLOCK_BYTES);
  header.write(key, 0, 'latin1');
  header.write('0000600\0', 100, 'latin1');
  header.write('0000000\0', 108, 'latin1');
  header.write('0000000\0', 116, 'latin1');
  header.write(`${octal(bytes, 11)}\0`, 124, 'latin1');
  header.write(`${octal(0, 11)}\0`, 136, 'latin1');
  header.write('0', 156, 'latin1');
  header.write('ustar\u{0}00', 257, 'latin1');
  header.write(`${octal(checksumOf(header), 6)}\0 `, 148, 'latin1');
  return header;
}

/** 'end': a block of zeros. undefined: it is no header that writeHeader() wrote. */
export function readHeader(header: Buffer): TarEntry | 'end' | undefined {
  if (header.length !== BLOCK_BYTES) return undefined;
  if (header.every((byte) => byte === 0)) return 'end';
  const end = header.indexOf(0);
  const key = header.toString('latin1', 0, Math.min(end === -1 ? NAME_BYTES : end, NAME_BYTES));
  const size = header.toString('latin1', 124, 135);
  if (!isStoreKey(key) || key.length >= NAME_BYTES || !/^[0-7]{11}$/.test(size)) return undefined;
  const entry = { key, bytes: Number.parseInt(size, 8) };
  return writeHeader(entry).equals(header) ? entry : undefined;
}

/** Zeros up to the next block. */
export function paddingOf(bytes: number): number {
  return (BLOCK_BYTES - (bytes % BLOCK_BYTES)) % BLOCK_BYTES;
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0');
}

function checksumOf(header: Buffer): number {
  let sum = 8 * 0x20;
  for (const [at, byte] of header.entries()) if (at < 148 || at >= 156) sum += byte;
  return sum;
}
