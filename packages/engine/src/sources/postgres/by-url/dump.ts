// A dump: pg_dump writes it into a private directory, and from there it goes to the vault file by file. Uncompressed, so that
// the vault finds what it has already; one file a table, named alike every time. The lines of a table's file are its rows.
import { failure } from '@stillpoint/core';
import { placeOf, type ServerAddress } from '@stillpoint/postgres';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import type { ObjectSink, StreamRef } from '../../contract.ts';
import { sessionOptions, type Checked } from './check.ts';
import type { TableName } from './facts.ts';
import type { TableRows, UrlListing } from './record.ts';
import { listDump, ProgramFailed, runProgram } from './run-program.ts';

export interface DumpOptions {
  readonly address: ServerAddress;
  readonly password: string | undefined;
  readonly checked: Checked;
  /** Of the mark. */
  readonly exported: string;
  readonly tables: readonly TableName[];
  readonly cacheDirectory: string;
  readonly sink: ObjectSink;
  readonly signal: AbortSignal;
  readonly onBytes: (bytes: number) => void;
}

export interface Dumped {
  readonly files: UrlListing['files'];
  readonly tables: readonly TableRows[];
  readonly bytes: number;
}

const PARALLEL = 2;
const READ_BYTES = 256 * 1024;
/** What COPY's text ends with: a line with a backslash and a point, and two empty ones. */
const END = Buffer.from('\\.\n\n\n');
const END_LINES = 3;

/** What a dead process left is dropped first: the caller alone captures this source. */
export async function dump(options: DumpOptions): Promise<Dumped> {
  const { cacheDirectory } = options;
  await rm(cacheDirectory, { recursive: true, force: true });
  await mkdir(cacheDirectory, { recursive: true, mode: 0o700 });
  const directory = await mkdtemp(path.join(cacheDirectory, 'dump-'));
  try {
    await runDump(options, directory);
    return await store(options, directory);
  } finally {
    await rm(cacheDirectory, { recursive: true, force: true });
  }
}

async function runDump(options: DumpOptions, directory: string): Promise<void> {
  const { address, password, checked, exported, signal } = options;
  try {
    await runProgram({
      programs: checked.programs,
      program: 'pg_dump',
      address,
      database: address.database,
      sessionOptions: sessionOptions(checked),
      password,
      // A subscription that comes back would begin to take another database's changes a second time.
      arguments: `-Fd -j ${PARALLEL} -Z0 --no-sync --no-subscriptions --snapshot=${exported} -f`
        .split(' ')
        .concat(directory),
      signal,
    });
  } catch (error) {
    if (!(error instanceof ProgramFailed)) throw error;
    const where = placeOf(address);
    throw failure('POSTGRES_DUMP_FAILED', { where, reason: error.message }, error);
  }
}

async function store(options: DumpOptions, directory: string): Promise<Dumped> {
  const { sink, signal, checked, onBytes } = options;
  const names = tablesOfFiles(await listDump(checked.programs, directory, signal), options.tables);
  const files: { name: string; content: StreamRef }[] = [];
  const tables: TableRows[] = [];
  let bytes = 0;
  for (const name of (await readdir(directory)).toSorted()) {
    signal.throwIfAborted();
    const lines = createLineCounter();
    const content = await sink.writeStream(lines.through(path.join(directory, name), signal));
    files.push({ name, content: { ...content } });
    bytes += content.bytes;
    onBytes(bytes);
    const table = names.get(name);
    const rows = lines.rows();
    if (table !== undefined && rows !== undefined) {
      tables.push({ schema: table.schema, name: table.name, rows });
    }
  }
  return { files, tables, bytes };
}

/** The list says `3354; 0 16386 TABLE DATA public t owner`: the number of the dump's file, and the table's OID. */
function tablesOfFiles(list: string, tables: readonly TableName[]): ReadonlyMap<string, TableName> {
  const byOid = new Map(tables.map((table) => [table.oid, table]));
  const found = new Map<string, TableName>();
  for (const [, file, oid] of list.matchAll(/^(\d+); \d+ (\d+) TABLE DATA /gm)) {
    const table = byOid.get(Number(oid));
    if (table !== undefined) found.set(`${file}.dat`, table);
  }
  return found;
}

function createLineCounter(): {
  through(file: string, signal: AbortSignal): AsyncIterable<Uint8Array>;
  /** undefined: not the text of a COPY. */
  rows(): number | undefined;
} {
  let lines = 0;
  let tail = Buffer.alloc(0);
  return {
    async *through(file, signal) {
      for await (const chunk of createReadStream(file, { highWaterMark: READ_BYTES, signal })) {
        const bytes = chunk as Buffer;
        for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) lines += 1;
        tail = Buffer.concat([tail, bytes.subarray(-END.length)]).subarray(-END.length);
        yield bytes;
      }
    },
    rows: () => (tail.equals(END) ? lines - END_LINES : undefined),
  };
}
