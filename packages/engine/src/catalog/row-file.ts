// What this machine remembers of the objects of a vault between two commands: a row for each, by its name. Names are digests of
// what is stored, so a row is never out of date; the file may vanish at any time, and what is lost is read from the vault again.
// One file, sealed as a whole with the vault's keys, replaced by rename: of two processes that write at once one wins, and
// the other's rows are read once more. docs/decisions/0021 says why it is no database.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { zstdCompress, zstdDecompress } from 'node:zlib';
import { makeDirectory, writeFileAtomic } from '@stillpoint/core';

/** What lies on this machine's disk is as secret as the vault is: sealed with the keys of the vault that it is about. */
export interface LocalSeal {
  sealLocal(plain: Uint8Array): Uint8Array;
  /** undefined: damaged, or sealed with other keys. */
  openLocal(stored: Uint8Array): Uint8Array | undefined;
}

export interface RowFile {
  /** Empty where there is nothing that can be used. */
  read(): Promise<Map<string, unknown>>;
  /** May fail: nothing is lost then but time. */
  write(rows: ReadonlyMap<string, unknown>): Promise<void>;
}

export interface RowFileOptions {
  readonly file: string;
  readonly seal: LocalSeal;
  /** What a row looks like, and of which vault: rows of another form are not used. */
  readonly form: string;
}

/** About a million rows. */
const PLAIN_BYTES_MAX = 1024 ** 3;

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

export function createRowFile({ file, seal, form }: RowFileOptions): RowFile {
  return {
    async read() {
      try {
        const packed = seal.openLocal(await readFile(file));
        if (packed === undefined) return new Map();
        const plain = await decompress(packed, { maxOutputLength: PLAIN_BYTES_MAX });
        return rowsOf(JSON.parse(plain.toString('utf8')), form);
      } catch {
        return new Map();
      }
    },

    async write(rows) {
      const plain = Buffer.from(JSON.stringify({ form, rows: [...rows] }), 'utf8');
      await makeDirectory(path.dirname(file));
      await writeFileAtomic(file, seal.sealLocal(await compress(plain)));
    },
  };
}

/** For a vault that nobody remembers between two commands. */
export function createRowMemory(): RowFile {
  let kept: ReadonlyMap<string, unknown> = new Map();
  return {
    read: async () => new Map(kept),
    async write(rows) {
      kept = new Map(rows);
    },
  };
}

/** The seal proves that we wrote it; only an earlier or later version can have written something else. */
function rowsOf(value: unknown, form: string): Map<string, unknown> {
  const written = value as { readonly form?: unknown; readonly rows?: unknown };
  if (written.form !== form || !Array.isArray(written.rows)) return new Map();
  return new Map(written.rows as readonly (readonly [string, unknown])[]);
}
