// The bytes of a file that another process writes and checkpoints all the time: each copy is one commit, that of its mark.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test, type TestContext } from 'node:test';
import { Reader } from './reader.ts';

const never = new AbortController().signal;
const rows = 100;
const rounds = 12;

/** Each commit brings all counters, on as many pages, to its number and writes a line of it into a log. */
const writer = `
const { DatabaseSync } = require('node:sqlite');
const [file, checkpointPages, everyMs] = process.argv.slice(1);
const database = new DatabaseSync(file, { timeout: 5000 });
database.exec('PRAGMA synchronous = OFF; PRAGMA wal_autocheckpoint = ' + checkpointPages);
const count = database.prepare('UPDATE counter SET n = n + 1');
const log = database.prepare('INSERT INTO log (filler) VALUES (randomblob(3000))');
function commit() {
  database.exec('BEGIN IMMEDIATE'); count.run(); log.run(); database.exec('COMMIT');
  setTimeout(commit, Number(everyMs) * Math.random());
}
commit();
process.stdout.write('ready');
process.on('disconnect', () => process.exit());`;

async function startWriter(file: string, ...how: number[]): Promise<AsyncDisposable> {
  const child = spawn(process.execPath, ['-e', writer, file, ...how.map(String)], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  await once(child.stdout!, 'data');
  return {
    async [Symbol.asyncDispose]() {
      child.disconnect();
      await once(child, 'exit');
    },
  };
}

async function makeFile(t: TestContext, journal: string): Promise<string> {
  const directory = await mkdtemp(path.join(tmpdir(), 'stillpoint-raw-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  const file = path.join(directory, 'live.db');
  using database = new DatabaseSync(file);
  database.exec(`
    PRAGMA journal_mode = ${journal}; PRAGMA synchronous = OFF;
    CREATE TABLE counter (id INTEGER PRIMARY KEY, n INTEGER, filler BLOB);
    CREATE TABLE log (id INTEGER PRIMARY KEY, filler BLOB);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows})
    INSERT INTO counter SELECT i, 0, randomblob(3500) FROM n`);
  return file;
}

function lookAt(database: DatabaseSync): { least: number; most: number; logged: number } {
  const sql =
    'SELECT min(n) AS least, max(n) AS most, (SELECT count(*) FROM log) AS logged FROM counter';
  return { ...database.prepare(sql).get() } as { least: number; most: number; logged: number };
}

const cases = [
  ['wal, seldom moved', 'wal', 1_000_000, 200],
  ['wal, moved after each commit', 'wal', 1, 1],
  ['wal, moved and begun again', 'wal', 900, 0],
  ['rollback journal', 'delete', 1000, 2],
] as const;

for (const [name, journal, checkpointPages, everyMs] of cases) {
  test(`${name}: every copy is exactly one commit, that of its mark`, async (t) => {
    const file = await makeFile(t, journal);
    // Closed after everything: closing it earlier would drop the locks of the readers.
    using observer = new DatabaseSync(file, { readOnly: true, timeout: 5000 });
    await using _writer = await startWriter(file, checkpointPages, everyMs);
    for (let round = 0; round < rounds; round += 1) {
      const copy = `${file}.copy-${round}`;
      const reader = await Reader.open(file, copy, never);
      await reader.warmUp(never);
      const before = lookAt(observer).logged;
      await reader.mark(never);
      const after = lookAt(observer).logged;
      const { problems, liveJournal, pages, pageBytes } = await reader.copy(
        { check: 'integrity_check', hurry: true },
        never,
      );
      assert.deepEqual(problems, []);
      assert.equal(liveJournal, journal === 'wal' ? 'wal' : 'rollback');
      assert.equal((await stat(copy)).size, pages * pageBytes);
      // The file alone is captured.
      for (const end of ['-wal', '-shm']) await rm(copy + end, { force: true });
      using copied = new DatabaseSync(copy, { readOnly: true });
      const found = lookAt(copied);
      assert.equal(found.least, found.most, 'a commit is whole');
      assert.equal(found.logged, found.most, 'and so are all before it');
      assert.ok(before <= found.logged && found.logged <= after, 'it is that of the mark');
    }
  });
}
