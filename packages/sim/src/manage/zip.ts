// A zip archive of members that are stored as they are: what numpy reads and writes as .npz. Sizes above 4 GiB are told in the zip64
// way, as numpy does for every member.
// Source: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
import type { FileHandle } from 'node:fs/promises';
import { crc32 } from 'node:zlib';

const ZIP64 = 45;
const UTF8_NAME = 1 << 11;
/** 1 January 1980, the first day that zip knows: equal states give equal files. */
const DOS_DATE = 0x21;
const IN_EXTRA = 0xff_ff_ff_ff;

interface Member {
  readonly name: Buffer;
  readonly crc: number;
  readonly sizeBytes: bigint;
  readonly offsetBytes: bigint;
}

export interface ZipWriter {
  /** One after the other. A member is its pieces, one behind the other. */
  add(name: string, pieces: readonly Uint8Array[]): Promise<void>;
  /** Writes the directory. The file is neither synced nor closed. */
  finish(): Promise<number>;
}

export function createZipWriter(file: FileHandle): ZipWriter {
  const members: Member[] = [];
  let position = 0n;
  const write = async (bytes: Uint8Array): Promise<void> => {
    await file.writeFile(bytes);
    position += BigInt(bytes.byteLength);
  };
  return {
    async add(name, pieces) {
      const member = {
        name: Buffer.from(name, 'utf8'),
        crc: pieces.reduce((sum, piece) => crc32(piece, sum), 0),
        sizeBytes: pieces.reduce((sum, { byteLength }) => sum + BigInt(byteLength), 0n),
        offsetBytes: position,
      };
      members.push(member);
      await write(localHeader(member));
      for (const piece of pieces) await write(piece);
    },
    async finish() {
      const start = position;
      for (const member of members) await write(centralHeader(member));
      await write(ending(members.length, start, position));
      return Number(position);
    },
  };
}

function localHeader({ name, crc, sizeBytes }: Member): Buffer {
  const extra = Buffer.alloc(20);
  extra.writeUInt16LE(1, 0);
  extra.writeUInt16LE(16, 2);
  extra.writeBigUInt64LE(sizeBytes, 4);
  extra.writeBigUInt64LE(sizeBytes, 12);
  const fixed = Buffer.alloc(30);
  fixed.writeUInt32LE(0x04_03_4b_50, 0);
  writeShared(fixed, 4, { name, crc, extraBytes: extra.length });
  return Buffer.concat([fixed, name, extra]);
}

function centralHeader(member: Member): Buffer {
  const { name, crc, sizeBytes, offsetBytes } = member;
  const extra = Buffer.alloc(28);
  extra.writeUInt16LE(1, 0);
  extra.writeUInt16LE(24, 2);
  extra.writeBigUInt64LE(sizeBytes, 4);
  extra.writeBigUInt64LE(sizeBytes, 12);
  extra.writeBigUInt64LE(offsetBytes, 20);
  const fixed = Buffer.alloc(46);
  fixed.writeUInt32LE(0x02_01_4b_50, 0);
  // Made on Unix, so that the permission bits count.
  fixed.writeUInt16LE((3 << 8) | ZIP64, 4);
  writeShared(fixed, 6, { name, crc, extraBytes: extra.length });
  fixed.writeUInt32LE(0o100_644 * 65_536, 38);
  fixed.writeUInt32LE(IN_EXTRA, 42);
  return Buffer.concat([fixed, name, extra]);
}

/** What both headers of a member say, from its version on. */
function writeShared(
  header: Buffer,
  at: number,
  { name, crc, extraBytes }: { name: Buffer; crc: number; extraBytes: number },
): void {
  header.writeUInt16LE(ZIP64, at);
  header.writeUInt16LE(UTF8_NAME, at + 2);
  header.writeUInt16LE(DOS_DATE, at + 8);
  header.writeUInt32LE(crc, at + 10);
  header.writeUInt32LE(IN_EXTRA, at + 14);
  header.writeUInt32LE(IN_EXTRA, at + 18);
  header.writeUInt16LE(name.length, at + 22);
  header.writeUInt16LE(extraBytes, at + 24);
}

/** The zip64 end, its locator, and the end that every reader looks for. */
function ending(members: number, start: bigint, end: bigint): Buffer {
  const bytes = Buffer.alloc(56 + 20 + 22);
  bytes.writeUInt32LE(0x06_06_4b_50, 0);
  bytes.writeBigUInt64LE(44n, 4);
  bytes.writeUInt16LE((3 << 8) | ZIP64, 12);
  bytes.writeUInt16LE(ZIP64, 14);
  bytes.writeBigUInt64LE(BigInt(members), 24);
  bytes.writeBigUInt64LE(BigInt(members), 32);
  bytes.writeBigUInt64LE(end - start, 40);
  bytes.writeBigUInt64LE(start, 48);
  bytes.writeUInt32LE(0x07_06_4b_50, 56);
  bytes.writeBigUInt64LE(end, 64);
  bytes.writeUInt32LE(1, 72);
  bytes.writeUInt32LE(0x06_05_4b_50, 76);
  bytes.writeUInt16LE(0xff_ff, 84);
  bytes.writeUInt16LE(0xff_ff, 86);
  bytes.writeUInt32LE(IN_EXTRA, 88);
  bytes.writeUInt32LE(IN_EXTRA, 92);
  return bytes;
}
