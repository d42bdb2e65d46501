// A project with one SQLite file of a given size, and an application that writes to it.
import type { SnapshotSummary } from '@stillpoint/engine';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { run, type Place } from '../place.ts';
import { startWriter, type Writer, type WriterTask } from './writer.ts';

export interface SqliteProject extends AsyncDisposable {
  readonly label: string;
  readonly file: string;
  /** By the command, in a process of its own. */
  snapshot(): Promise<SnapshotSummary>;
  readonly writer: Writer;
}

export interface SqliteSize {
  readonly label: string;
  readonly bytes: number;
  readonly journal: WriterTask['journal'];
  readonly everyMs: number;
}

const command = fileURLToPath(new URL('../../node_modules/.bin/stillpoint', import.meta.url));
const rowBytes = 1000;
const batchRows = 20_000;

export async function createSqliteProject(
  place: Place,
  { label, bytes, journal, everyMs }: SqliteSize,
): Promise<SqliteProject> {
  const directory = path.join(place.directory, label);
  await mkdir(directory);
  const file = path.join(directory, 'app.db');
  const rows = Math.ceil(bytes / rowBytes);
  place.say(`${label}: ${rows} rows`);
  await fill(file, rows, journal, place.signal);
  const configFile = path.join(directory, 'stillpoint.config.json');
  const written = {
    sources: { app: { driver: 'sqlite', file: 'app.db' } },
    freeze: { budget: '60s' },
  };
  await writeFile(configFile, JSON.stringify(written));
  const writer = await startWriter({ file, rows, journal, everyMs });
  return {
    label,
    file,
    async snapshot() {
      const stdout = await run(command, ['snapshot', '--json'], {
        cwd: directory,
        env: { ...process.env, XDG_CACHE_HOME: path.join(place.directory, 'cache') },
        signal: place.signal,
      });
      return JSON.parse(stdout) as SnapshotSummary;
    },
    writer,
    [Symbol.asyncDispose]: () => writer[Symbol.asyncDispose](),
  };
}

/** Text that compresses about as well as that of applications. */
async function fill(
  file: string,
  rows: number,
  journal: string,
  signal: AbortSignal,
): Promise<void> {
  using database = new DatabaseSync(file);
  database.exec(`
    PRAGMA journal_mode = ${journal};
    PRAGMA synchronous = OFF;
    CREATE TABLE item (id INTEGER PRIMARY KEY, text TEXT NOT NULL, filler TEXT NOT NULL);
    CREATE TABLE entry (id INTEGER PRIMARY KEY, text TEXT NOT NULL)`);
  for (let from = 0; from < rows; from += batchRows) {
    signal.throwIfAborted();
    const to = Math.min(rows, from + batchRows);
    database.exec(`
      WITH RECURSIVE n(i) AS (SELECT ${from} + 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${to})
      INSERT INTO item SELECT i, 'item ' || i, hex(randomblob(240)) || printf('%0480d', i) FROM n`);
    await new Promise((resolve) => void setImmediate(resolve));
  }
  if (journal === 'wal') database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
}
