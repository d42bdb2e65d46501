// A directory with a SQLite file in it and drivers on it; gone when disposed.
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { newSnapshotId, silent, systemClock, type Json, type SnapshotId } from '@stillpoint/core';
import type { BeginOptions, Captured, PrepareOptions, SourceDriver } from '../../contract.ts';
import { createMemoryObjects, type MemoryObjects } from '../../testkit/memory-objects.ts';
import { createSqliteDriver } from '../driver.ts';

export const never = new AbortController().signal;

export type Journal = 'wal' | 'delete' | 'truncate' | 'persist';

export interface Place extends AsyncDisposable {
  readonly directory: string;
  readonly file: string;
  readonly objects: MemoryObjects;
  /** As an application opens it: the connection lives as long as the place. */
  connect(file?: string): DatabaseSync;
  driver(file?: string): SourceDriver;
  begin(): BeginOptions;
  prepareOptions(): PrepareOptions;
  capture(options?: CaptureWishes): Promise<Captured & { readonly id: SnapshotId }>;
  /** prepare, prove, switch; resolves to what was kept. */
  restore(record: Json, driver?: SourceDriver): Promise<readonly string[]>;
}

export interface CaptureWishes {
  readonly driver?: SourceDriver;
  readonly forUndo?: boolean;
  readonly beforeMark?: () => unknown;
  readonly beforeCapture?: () => unknown;
}

export interface Wishes {
  readonly journal?: Journal;
  readonly pageBytes?: number;
  readonly rows?: number;
}

export async function openPlace(wishes: Wishes | 'empty' = {}): Promise<Place> {
  const directory = await mkdtemp(path.join(tmpdir(), 'stillpoint-sqlite-'));
  const file = path.join(directory, 'app.db');
  if (wishes !== 'empty') makeDatabase(file, wishes);
  const objects = createMemoryObjects();
  const connections: DatabaseSync[] = [];
  let places = 0;
  const place: Place = {
    directory,
    file,
    objects,
    connect(which = file) {
      const connection = new DatabaseSync(which, { timeout: 5000 });
      connections.push(connection);
      return connection;
    },
    driver: (which = file) =>
      createSqliteDriver({
        name: 'app',
        file: which,
        projectDirectory: directory,
        cacheDirectory: path.join(directory, '.stillpoint', path.basename(which)),
        clock: systemClock,
      }),
    begin: () => ({
      snapshot: newSnapshotId(),
      history: (async function* () {})(),
      sink: objects,
      source: objects,
      signal: never,
      progress: silent,
    }),
    prepareOptions() {
      places += 1;
      return {
        snapshot: newSnapshotId(),
        source: objects,
        workDirectory: path.join(directory, '.stillpoint', `work-${places}`),
        signal: never,
        progress: silent,
      };
    },
    async capture({ driver = place.driver(), forUndo, beforeMark, beforeCapture } = {}) {
      const begin = place.begin();
      await using session = await driver.begin({ ...begin, ...(forUndo && { forUndo }) });
      await beforeMark?.();
      await session.mark(never);
      await beforeCapture?.();
      return { ...(await session.capture()), id: newSnapshotId() };
    },
    async restore(record, driver = place.driver()) {
      const placement = await driver.prepare(record, place.prepareOptions());
      await driver.prove(placement, never);
      const { kept } = await driver.switch(placement, { undo: newSnapshotId(), progress: silent });
      return kept;
    },
    async [Symbol.asyncDispose]() {
      for (const connection of connections) if (connection.isOpen) connection.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
  return place;
}

export function makeDatabase(
  file: string,
  { journal = 'wal', pageBytes = 4096, rows = 100 }: Wishes = {},
): void {
  using database = new DatabaseSync(file);
  database.exec(`
    PRAGMA page_size = ${pageBytes};
    PRAGMA journal_mode = ${journal};
    PRAGMA user_version = 7;
    PRAGMA application_id = 4711;
    CREATE TABLE note (id INTEGER PRIMARY KEY, word TEXT NOT NULL);
    CREATE INDEX note_word ON note (word);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows})
    INSERT INTO note SELECT i, 'word ' || i FROM n`);
}

/** Everything that a snapshot must bring back, read by a program of its own. */
export function contentOf(file: string): string {
  using database = new DatabaseSync(file, { timeout: 5000 });
  const all = (sql: string): unknown[] => database.prepare(sql).all();
  return JSON.stringify([
    // As one text: some tests have two hundred thousand rows.
    all('SELECT json_group_array(json_array(id, word)) FROM (SELECT * FROM note ORDER BY id)'),
    all('PRAGMA table_info(note)'),
    all('PRAGMA user_version'),
    all('PRAGMA application_id'),
    all('PRAGMA page_size'),
    all('PRAGMA integrity_check'),
  ]);
}

export function addNote(database: DatabaseSync, word = 'more'): void {
  database.prepare('INSERT INTO note (word) VALUES (?)').run(word);
}

export function countNotes(database: DatabaseSync): number {
  return Number(database.prepare('SELECT count(*) AS count FROM note').get()?.['count']);
}

/** Names beside the database that are not its own. */
export async function litterOf({ directory, file }: Place): Promise<string[]> {
  const own = ['', '-wal', '-shm', '-journal'].map((end) => path.basename(file) + end);
  const names = await readdir(directory);
  return names.filter((name) => name !== '.stillpoint' && !own.includes(name));
}
