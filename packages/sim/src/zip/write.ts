// Writes a stored zip piece by piece: an entry's length need not be known before it ends.
import type { FileHandle } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import type { ZipEntry } from './contract.ts';
import {
  directoryHeader,
  endRecords,
  LOCAL_HEADER_BYTES,
  localHeader,
  type Described,
} from './records.ts';
import { createWriteBehind } from './write-behind.ts';

/** An entry has 32 bits for its length, here: zip64 in a local header is what readers disagree about most. */
const MOST_ENTRY_BYTES = 0xffff_fffe;

export interface EntryWriter {
  write(bytes: Uint8Array): Promise<void>;
  end(): Promise<ZipEntry>;
}

export interface ZipWriter {
  /** One after the other. */
  begin(name: string): EntryWriter;
  add(name: string, bytes: Uint8Array): Promise<ZipEntry>;
  /** Writes the directory. The file is durable then, and not closed. */
  finish(): Promise<{ readonly sizeBytes: number }>;
}

/** Into an empty file that was opened for writing. Throws a RangeError above 4 GB in one entry. */
export function createZipWriter(handle: FileHandle): ZipWriter {
  const described: Described[] = [];
  const names = new Set<string>();
  let endBytes = 0;
  let open = false;

  const file = createWriteBehind(handle);
  const begin = (text: string): EntryWriter => {
    if (open) throw new TypeError('an entry is open already');
    if (names.has(text)) throw new TypeError(`${text} is there already`);
    names.add(text);
    open = true;
    const name = new TextEncoder().encode(text);
    const headerOffsetBytes = endBytes;
    const offsetBytes = headerOffsetBytes + LOCAL_HEADER_BYTES + name.length;
    let sizeBytes = 0;
    let sum = 0;
    return {
      async write(bytes) {
        if (sizeBytes + bytes.length > MOST_ENTRY_BYTES)
          throw new RangeError(`${text} is larger than an entry of a zip can be`);
        await file.write(bytes, offsetBytes + sizeBytes);
        sum = crc32(bytes, sum);
        sizeBytes += bytes.length;
      },
      async end() {
        await file.write(localHeader({ name, crc32: sum, sizeBytes }), headerOffsetBytes);
        described.push({ name, crc32: sum, sizeBytes, headerOffsetBytes });
        endBytes = offsetBytes + sizeBytes;
        open = false;
        return { name: text, offsetBytes, sizeBytes, crc32: sum };
      },
    };
  };
  return {
    begin,
    async add(name, bytes) {
      const entry = begin(name);
      await entry.write(bytes);
      return await entry.end();
    },
    async finish() {
      if (open) throw new TypeError('an entry is open');
      const directory = Buffer.concat(described.map(directoryHeader));
      const ends = endRecords(described.length, endBytes, directory.length);
      await file.write(Buffer.concat([directory, ends]), endBytes);
      await file.sync();
      return { sizeBytes: endBytes + directory.length + ends.length };
    },
  };
}
