// Restoring into a file that programs have open: they stay connected, see the restored rows, and lose no write.
import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { chmod, stat } from 'node:fs/promises';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { isFailure, newSnapshotId, silent, type Json } from '@stillpoint/core';
import { eventually } from '../../freeze/testing/eventually.ts';
import { findChildren } from '../../freeze/testing/processes.ts';
import { placeContent } from './place-content.ts';
import { parsePlaced } from './record.ts';
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
import { WriteLock } from './write-lock.ts';

const patienceMs = 20_000;
const undo = newSnapshotId();

async function prepared(place: Place, record: Json): Promise<Json> {
  return place.driver().prepare(record, place.prepareOptions());
}

for (const journal of ['wal', 'delete', 'truncate', 'persist'] as const) {
  test(`${journal}: open programs see the restored rows, and their next write is there`, async () => {
    await using place = await openPlace({ journal });
    const application = place.connect();
    application.exec(`PRAGMA journal_mode = ${journal}`);
    const count = application.prepare('SELECT count(*) AS count FROM note');
    const { ino } = await stat(place.file);
    const { record } = await place.capture();
    application.exec('DELETE FROM note; PRAGMA user_version = 8; CREATE TABLE later (a)');
    assert.deepEqual(await place.restore(record), []);
    assert.deepEqual({ ...count.get() }, { count: 100 });
    addNote(application, 'after');
    assert.equal(countNotes(application), 101);
    assert.deepEqual({ ...application.prepare('PRAGMA user_version').get() }, { user_version: 7 });
    assert.deepEqual(
      { ...application.prepare('PRAGMA journal_mode').get() },
      { journal_mode: journal },
    );
    assert.equal((await stat(place.file)).ino, ino, 'the file is the same one');
    assert.deepEqual(await litterOf(place), []);
  });
}

test('a reader of before finishes in its own moment (WAL)', async () => {
  await using place = await openPlace();
  const reader = place.connect();
  const { record } = await place.capture();
  addNote(place.connect());
  reader.exec('BEGIN');
  assert.equal(countNotes(reader), 101);
  await place.restore(record);
  assert.equal(countNotes(reader), 101);
  reader.exec('COMMIT');
  assert.equal(countNotes(reader), 100);
});

test('a reader that is in the way is waited for (rollback journal)', async () => {
  await using place = await openPlace({ journal: 'delete' });
  const reader = place.connect();
  const { record } = await place.capture();
  addNote(reader);
  reader.exec('BEGIN');
  assert.equal(countNotes(reader), 101);
  const restored = place.restore(record);
  // Only a keeper that has begun can be kept waiting.
  await eventually(() => findChildren('keeper-process').length > 0, patienceMs, 'a keeper');
  reader.exec('COMMIT');
  await restored;
  assert.equal(countNotes(reader), 100);
});

test('from the mark of an undo point until its session ends nobody writes but the switch', async () => {
  for (const journal of ['wal', 'delete'] as const) {
    await using place = await openPlace({ journal });
    const application = place.connect();
    application.exec('PRAGMA busy_timeout = 0');
    const driver = place.driver();
    const { record } = await place.capture();
    addNote(application);
    const now = contentOf(place.file);
    {
      await using session = await driver.begin({ ...place.begin(), forUndo: true });
      await session.mark(never);
      assert.throws(() => addNote(application), /locked/);
      const before = await session.capture();
      const back = await prepared(place, before.record);
      const there = await prepared(place, record);
      assert.throws(() => addNote(application), /locked/);
      await driver.switch(there, { undo, progress: silent });
      assert.equal(countNotes(application), 100);
      assert.throws(() => addNote(application), /locked/);
      await driver.switch(back, { undo, progress: silent });
      assert.equal(contentOf(place.file), now);
      assert.throws(() => addNote(application), /locked/);
    }
    addNote(application);
    assert.equal(countNotes(application), 102);
  }
});

test('a stranger who commits while the lock is lent loses nothing: the switch gives up', async () => {
  for (const journal of ['wal', 'delete'] as const) {
    await using place = await openPlace({ journal });
    const stranger = place.connect();
    const { record } = await place.capture();
    stranger.exec('DELETE FROM note WHERE id > 3');
    const placed = parsePlaced(await prepared(place, record));
    assert.equal(placed.kind, 'database');
    class Overtaken extends WriteLock {
      override lend(): void {
        super.lend();
        addNote(stranger, 'just now');
      }
    }
    const lock = new Overtaken(place.file);
    try {
      await lock.lock(1000, never);
      await assert.rejects(placeContent(lock, placed), (error) =>
        isFailure(error, 'SQLITE_CHANGED'),
      );
      assert.equal(lock.holds(), false);
      assert.equal(lock.untouched, true, 'the way back must leave the file to the stranger');
    } finally {
      lock.dispose();
    }
    assert.equal(countNotes(stranger), 4);
  }
});

test('the way back of a restore that placed nothing leaves what a stranger wrote', async () => {
  await using place = await openPlace({ journal: 'delete', pageBytes: 8192 });
  const driver = place.driver();
  const { record } = await place.capture();
  const application = place.connect();
  application.exec('PRAGMA page_size = 4096; VACUUM; PRAGMA journal_mode = WAL');
  addNote(application);
  await using session = await driver.begin({ ...place.begin(), forUndo: true });
  await session.mark(never);
  const before = await session.capture();
  const back = await driver.placementOfUndo(before.record, place.prepareOptions());
  const there = await prepared(place, record);
  await assert.rejects(driver.switch(there, { undo, progress: silent }), (error) =>
    isFailure(error, 'SQLITE_IN_USE'),
  );
  const { ino } = await stat(place.file);
  const { mtimeMs } = await stat(`${place.file}-wal`);
  await driver.switch(back, { undo, progress: silent });
  assert.equal((await stat(place.file)).ino, ino);
  assert.equal((await stat(`${place.file}-wal`)).mtimeMs, mtimeMs, 'nothing was written');
});

for (const { journal, grows } of [
  { journal: 'wal', grows: '-wal' },
  { journal: 'delete', grows: '-journal' },
] as const) {
  test(`${journal}: a switch that dies in the middle has done nothing, and can be repeated`, async () => {
    await using place = await openPlace({ journal, rows: 200_000 });
    const then = contentOf(place.file);
    const { record } = await place.capture();
    const application = place.connect();
    application.exec("UPDATE note SET word = 'changed'; PRAGMA wal_checkpoint(TRUNCATE)");
    const now = contentOf(place.file);
    const driver = place.driver();
    const placement = await prepared(place, record);
    const switched = driver.switch(placement, { undo, progress: silent });
    const failed = assert.rejects(switched, (error) => isFailure(error, 'SQLITE_KEEPER_FAILED'));
    const size = (): number => statSync(place.file + grows, { throwIfNoEntry: false })?.size ?? 0;
    // Looked for before: to go through all processes of a busy machine takes as long as the rest of the switch.
    let keepers: readonly number[] = [];
    const hasBegun = (): boolean => (keepers = findChildren('keeper-process')).length > 0;
    await eventually(hasBegun, patienceMs, 'the keeper starts');
    const deadlineMs = performance.now() + patienceMs;
    while (size() < 200_000 && performance.now() < deadlineMs) await nextTurn();
    for (const pid of keepers) process.kill(pid, 'SIGKILL');
    await failed;
    assert.equal(contentOf(place.file), now);
    await driver.switch(placement, { undo, progress: silent });
    assert.equal(contentOf(place.file), then);
    addNote(application);
  });
}

test('another page size: refused while a program has the file open in WAL mode, done when it has not', async () => {
  await using place = await openPlace({ pageBytes: 8192 });
  const then = contentOf(place.file);
  const { record } = await place.capture();
  const converter = place.connect();
  converter.exec(
    'PRAGMA journal_mode = DELETE; PRAGMA page_size = 4096; VACUUM; PRAGMA journal_mode = WAL',
  );
  addNote(converter);
  const now = contentOf(place.file);
  const driver = place.driver();
  const placement = await prepared(place, record);
  await assert.rejects(
    driver.switch(placement, { undo, progress: silent }),
    (error) =>
      isFailure(error, 'SQLITE_IN_USE') && String(error.data['who']).includes(`${process.pid}`),
  );
  assert.equal(contentOf(place.file), now);
  converter.close();
  await driver.switch(placement, { undo, progress: silent });
  assert.equal(contentOf(place.file), then);
  const application = place.connect();
  assert.deepEqual(
    { ...application.prepare('PRAGMA journal_mode').get() },
    { journal_mode: 'wal' },
  );
});

test('another page size is nothing special in rollback mode', async () => {
  await using place = await openPlace({ journal: 'delete', pageBytes: 1024 });
  const then = contentOf(place.file);
  const { record } = await place.capture();
  const application = place.connect();
  application.exec('PRAGMA page_size = 4096; VACUUM');
  await place.restore(record);
  assert.equal(countNotes(application), 100);
  assert.equal(contentOf(place.file), then);
});

test('the journal mode comes back with the file, or it is said why not', async () => {
  await using place = await openPlace();
  const { record } = await place.capture();
  const application = place.connect();
  application.exec('PRAGMA journal_mode = DELETE');
  // Into WAL SQLite lets a file go while others have it open, out of it not.
  assert.deepEqual(await place.restore(record), []);
  assert.equal(countNotes(application), 100);
  assert.deepEqual(
    { ...application.prepare('PRAGMA journal_mode').get() },
    { journal_mode: 'wal' },
  );
  const rollback = await openPlace({ journal: 'delete' });
  await using _rollback = rollback;
  const other = await rollback.capture();
  const open = rollback.connect();
  open.exec('PRAGMA journal_mode = WAL');
  addNote(open);
  const kept = await rollback.restore(other.record);
  assert.match(kept[0] ?? '', /had a rollback journal and has WAL now/);
  assert.equal(countNotes(open), 100);
});

test('a database without a table, and one of one page, come back', async () => {
  await using place = await openPlace('empty');
  const application = place.connect();
  application.exec('PRAGMA journal_mode = WAL; PRAGMA user_version = 3');
  const { record } = await place.capture();
  application.exec('CREATE TABLE note (id INTEGER PRIMARY KEY, word TEXT)');
  addNote(application);
  await place.restore(record);
  const tables = application.prepare('SELECT count(*) AS count FROM sqlite_schema').get();
  assert.deepEqual({ ...tables }, { count: 0 });
  assert.deepEqual({ ...application.prepare('PRAGMA user_version').get() }, { user_version: 3 });
});

test('the mode of the file comes back, and beside it what SQLite keeps', async () => {
  await using place = await openPlace();
  await chmod(place.file, 0o640);
  const { record } = await place.capture();
  await chmod(place.file, 0o666);
  const application = place.connect();
  addNote(application);
  await place.restore(record);
  for (const end of ['', '-wal', '-shm']) {
    assert.equal((await stat(place.file + end)).mode & 0o777, 0o640, end);
  }
});

test('no keeper outlives its work', async () => {
  await using place = await openPlace();
  const { record } = await place.capture();
  await place.restore(record);
  makeDatabase(`${place.file}.other`);
  assert.deepEqual(findChildren('keeper-process'), []);
});
