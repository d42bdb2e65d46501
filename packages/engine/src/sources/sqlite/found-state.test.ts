// What is found in the place of the live file, and beside it: leftovers of crashes, damage, nothing, things that are no database.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, statSync } from 'node:fs';
import { chmod, mkdir, open, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { isFailure, newSnapshotId, silent, type ErrorCode } from '@stillpoint/core';
import {
  addNote,
  contentOf,
  countNotes,
  litterOf,
  makeDatabase,
  never,
  openPlace,
  type Place,
} from './testing/place.ts';

const undo = newSnapshotId();
const garbage = Buffer.alloc(9000, 'no database ');

async function refuses(place: Place, code: ErrorCode): Promise<void> {
  const isIt = (error: unknown): boolean => isFailure(error, code);
  await assert.rejects(place.driver().probe(never), isIt, 'probe');
  await assert.rejects(place.driver().begin(place.begin()), isIt, 'begin');
}

/** A program that dies without closing, in the middle of a transaction if told. */
function runAndDie(file: string, sql: string): void {
  const program = `
    const { DatabaseSync } = require('node:sqlite');
    const database = new DatabaseSync(process.argv[1]);
    database.exec(process.argv[2]);
    process.kill(process.pid, 'SIGKILL');`;
  spawnSync(process.execPath, ['--no-warnings', '-e', program, file, sql], { stdio: 'inherit' });
}

test('what is not there, is no file, or is no database is refused before anything is paused', async () => {
  await using place = await openPlace('empty');
  const { file } = place;
  assert.equal(await place.driver().exists(), false);
  await refuses(place, 'SQLITE_MISSING');
  await mkdir(file);
  await refuses(place, 'SQLITE_NOT_A_FILE');
  await rm(file, { recursive: true });
  makeDatabase(`${file}.real`);
  await symlink(`${file}.real`, file);
  await refuses(place, 'SQLITE_NOT_A_FILE');
  await rm(file);
  await writeFile(file, garbage);
  await refuses(place, 'SQLITE_NOT_A_DATABASE');
  assert.deepEqual(await readFile(file), garbage);
});

test('a file in a directory that is a link, wherever it leads, is refused: two projects could share it', async () => {
  await using place = await openPlace();
  const real = path.join(place.directory, 'real');
  const link = path.join(place.directory, 'link');
  await mkdir(real);
  await symlink('real', link);
  const file = path.join(link, 'app.db');
  const driver = place.driver(file);
  const { record } = await place.capture();
  const isIt = (error: unknown): boolean => isFailure(error, 'SQLITE_BEHIND_LINK');
  await assert.rejects(driver.probe(never), isIt);
  await assert.rejects(driver.prepare(record, place.prepareOptions()), isIt);
  // It became one after the state was prepared.
  await rm(link);
  const placement = await driver.prepare(record, place.prepareOptions());
  await symlink('gone', link);
  await assert.rejects(driver.switch(placement, { undo, progress: silent }), isIt);
  assert.equal(existsSync(path.join(place.directory, 'gone')), false);
});

test('a file that nobody may write is refused', async (t) => {
  if (process.geteuid?.() === 0) return t.skip('root may write everything');
  await using place = await openPlace();
  await chmod(place.file, 0o444);
  await refuses(place, 'SQLITE_NOT_ACCESSIBLE');
});

test('a file that a program has locked for good is refused', async () => {
  await using place = await openPlace({ journal: 'delete' });
  const application = place.connect();
  application.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT');
  await refuses(place, 'SQLITE_BUSY');
});

test('what a restore would change is told in sizes that people read', async () => {
  await using place = await openPlace();
  const { record } = await place.capture();
  const compare = async (): Promise<string> =>
    (await place.driver().compare(record, place.objects, never)).summary;
  assert.equal(await compare(), 'same schema, same size (12.3 kB)');
  place.connect().exec('INSERT INTO note (word) VALUES (hex(zeroblob(100000)))');
  assert.match(await compare(), /^same schema, \d+ kB are replaced by 12\.3 kB$/);
});

test('rollback mode is told, with what helps', async () => {
  await using place = await openPlace({ journal: 'delete' });
  const { strategy, notes } = await place.driver().probe(never);
  assert.equal(strategy, 'blocking');
  assert.match(notes.join(), /copied \(12\.3 kB\).*journal_mode = WAL/);
  assert.equal((await place.capture()).strategy, 'blocking');
});

test('the WAL that a dead writer left is captured with what it holds', async () => {
  await using place = await openPlace();
  runAndDie(place.file, "INSERT INTO note (word) VALUES ('last words')");
  assert.ok(statSync(`${place.file}-wal`).size > 0);
  const { record } = await place.capture();
  const application = place.connect();
  application.exec('DELETE FROM note');
  await place.restore(record);
  assert.equal(countNotes(application), 101);
});

test('a journal that a dead writer left is rolled back, and that is told', async () => {
  await using place = await openPlace({ journal: 'delete', rows: 5000 });
  const then = contentOf(place.file);
  runAndDie(place.file, "PRAGMA cache_size = 2; BEGIN; UPDATE note SET word = 'half'");
  assert.ok(statSync(`${place.file}-journal`).size > 0);
  const { notes } = await place.driver().probe(never);
  assert.match(notes.join(), /rolled back/);
  assert.equal(contentOf(place.file), then);
});

test('a damaged database is not captured, but it is kept when a restore replaces it', async () => {
  await using place = await openPlace({ journal: 'delete', rows: 5000 });
  const good = await place.capture();
  const then = contentOf(place.file);
  const handle = await open(place.file, 'r+');
  await handle.write(Buffer.alloc(4096, 0xff), 0, 4096, 4096 * 5);
  await handle.close();
  const damaged = await readFile(place.file);
  await assert.rejects(place.capture(), (error) => isFailure(error, 'SQLITE_DAMAGED'));
  const kept = await place.capture({ forUndo: true });
  await place.restore(good.record);
  assert.equal(contentOf(place.file), then);
  await place.restore(kept.record);
  // The backup API and its commit change what the header says of versions, nothing else.
  assert.deepEqual((await readFile(place.file)).subarray(4096), damaged.subarray(4096));
});

test('bytes that are no database are replaced, and come back byte for byte', async () => {
  await using place = await openPlace();
  const good = await place.capture();
  const then = contentOf(place.file);
  await writeFile(place.file, garbage);
  await writeFile(`${place.file}-wal`, 'of the garbage');
  const driver = place.driver();
  const kept = await place.capture({ driver, forUndo: true });
  assert.equal(kept.strategy, 'files');
  const there = await driver.prepare(good.record, place.prepareOptions());
  const back = await driver.placementOfUndo(kept.record, place.prepareOptions());
  for (const _twice of [1, 2]) {
    await driver.switch(there, { undo, progress: silent });
    await driver.switch(there, { undo, progress: silent });
    assert.equal(contentOf(place.file), then);
    assert.equal(existsSync(`${place.file}-wal`), false);
    await driver.switch(back, { undo, progress: silent });
    await driver.switch(back, { undo, progress: silent });
    assert.deepEqual(await readFile(place.file), garbage);
    assert.equal(await readFile(`${place.file}-wal`, 'utf8'), 'of the garbage');
  }
  assert.deepEqual(await litterOf(place), []);
});

test('bytes that are no database are not replaced under a program that has them open', async () => {
  await using place = await openPlace();
  const { record } = await place.capture();
  await writeFile(place.file, garbage);
  const sleeper = spawnSync('sh', ['-c', 'true']);
  assert.equal(sleeper.status, 0);
  const held = await open(place.file, 'r');
  try {
    await assert.rejects(place.restore(record), (error) => isFailure(error, 'SQLITE_IN_USE'));
    assert.deepEqual(await readFile(place.file), garbage);
  } finally {
    await held.close();
  }
  await place.restore(record);
});

test('a WAL that lies where the database was is never applied to the one that comes', async () => {
  await using place = await openPlace();
  const { record } = await place.capture();
  const then = contentOf(place.file);
  runAndDie(place.file, "UPDATE note SET word = 'from the WAL'");
  await rm(place.file);
  await rm(`${place.file}-shm`);
  const kept = await place.restore(record);
  assert.equal(contentOf(place.file), then);
  assert.match(kept.join(), /-wal lay there without its database/);
  assert.equal((await litterOf(place)).length, 1);
});

test('a file that was deleted after the undo point was taken is made anew, in its journal mode', async () => {
  await using place = await openPlace();
  const application = place.connect();
  const driver = place.driver();
  const { record } = await place.capture();
  const then = contentOf(place.file);
  addNote(application);
  await using session = await driver.begin({ ...place.begin(), forUndo: true });
  await session.mark(never);
  const before = await session.capture();
  const there = await driver.prepare(record, place.prepareOptions());
  const back = await driver.placementOfUndo(before.record, place.prepareOptions());
  for (const end of ['', '-wal', '-shm']) await rm(place.file + end);
  // Whoever deleted it may have put another one there and written to it: that is in no undo point.
  await assert.rejects(driver.switch(there, { undo, progress: silent }), (error) =>
    isFailure(error, 'SQLITE_CHANGED'),
  );
  await session[Symbol.asyncDispose]();
  await driver.switch(there, { undo, progress: silent });
  assert.equal(contentOf(place.file), then);
  const again = place.connect();
  assert.deepEqual({ ...again.prepare('PRAGMA journal_mode').get() }, { journal_mode: 'wal' });
  assert.equal(countNotes(again), 100);
  await driver.switch(back, { undo, progress: silent });
  assert.equal(countNotes(again), 101);
});

test('rows that break a foreign key come back as they were', async () => {
  await using place = await openPlace();
  const application = place.connect();
  application.exec(`PRAGMA foreign_keys = OFF;
    CREATE TABLE line (note INTEGER REFERENCES note (id)); INSERT INTO line VALUES (1), (999), (NULL)`);
  const { record } = await place.capture();
  application.exec('DELETE FROM line');
  const driver = place.driver();
  const placement = await driver.prepare(record, place.prepareOptions());
  const { checks } = await driver.prove(placement, never);
  assert.match(checks.join(), /1 rows break a foreign key/);
});

test('what was prepared and is damaged since is not switched to', async () => {
  await using place = await openPlace({ rows: 5000 });
  const { record } = await place.capture();
  const driver = place.driver();
  const options = place.prepareOptions();
  const placement = await driver.prepare(record, options);
  const prepared = path.join(options.workDirectory, 'database');
  const handle = await open(prepared, 'r+');
  await handle.write(Buffer.alloc(4096, 0xff), 0, 4096, 4096 * 5);
  await handle.close();
  const notProved = (error: unknown): boolean => isFailure(error, 'RESTORE_NOT_PROVED');
  await assert.rejects(driver.prove(placement, never), notProved);
  await rm(prepared);
  await assert.rejects(driver.prove(placement, never), notProved);
});

test('a program that saves by renaming between begin and mark is captured as it is at the mark', async () => {
  await using place = await openPlace();
  const other = path.join(place.directory, 'other.db');
  makeDatabase(other, { rows: 7 });
  const { record } = await place.capture({
    beforeMark: async () => {
      for (const end of ['-wal', '-shm']) await rm(place.file + end, { force: true });
      await rename(other, place.file);
    },
  });
  const elsewhere = path.join(place.directory, 'elsewhere.db');
  await place.restore(record, place.driver(elsewhere));
  assert.equal(countNotes(place.connect(elsewhere)), 7);
});

test('an empty file is an empty database', async () => {
  await using place = await openPlace('empty');
  await writeFile(place.file, '');
  const { record } = await place.capture();
  makeDatabase(`${place.file}.full`);
  cpSync(`${place.file}.full`, place.file);
  await place.restore(record);
  const tables = place.connect().prepare('SELECT count(*) AS count FROM sqlite_schema').get();
  assert.deepEqual({ ...tables }, { count: 0 });
});

test('a file whose directories are gone is made anew with them, as a restore elsewhere needs it', async () => {
  await using place = await openPlace();
  const { record } = await place.capture();
  const elsewhere = path.join(place.directory, 'copy', 'data', 'app.db');
  await place.restore(record, place.driver(elsewhere));
  assert.equal(contentOf(elsewhere), contentOf(place.file));
});
