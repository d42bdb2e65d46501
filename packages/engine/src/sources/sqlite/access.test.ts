// What the gate and `diff` see of a SQLite file, live and captured.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { isFailure, newSnapshotId, silent } from '@stillpoint/core';
import type { DatabaseAccess, DatabaseView, RowView } from '../contract.ts';
import { createSqliteLockParticipant } from './lock-participant.ts';
import { addNote, countNotes, litterOf, never, openPlace, type Place } from './testing/place.ts';

const note = { schema: null, name: 'note' };

function accessOf(place: Place): DatabaseAccess {
  const { database } = place.driver();
  assert.ok(database);
  return database;
}

async function allRows(view: DatabaseView, name: string, oneIn = 1): Promise<RowView[]> {
  const rows: RowView[] = [];
  for await (const row of view.rows({ schema: null, name }, { oneIn })) rows.push(row);
  return rows;
}

test('tables, columns, keys and indexes, as SQLite describes them', async () => {
  await using place = await openPlace();
  place.connect().exec(`
    CREATE TABLE "odd ""name" (b TEXT, a INT, c AS (a + 1), PRIMARY KEY (a, b)) WITHOUT ROWID;
    CREATE VIRTUAL TABLE words USING fts5 (word);
    CREATE VIEW seen AS SELECT 1`);
  await using live = await accessOf(place).live(never);
  const [view] = live.databases;
  assert.equal(view!.name, place.file);
  const tables = await view!.tables();
  assert.deepEqual(
    tables.map(({ name }) => name),
    [
      'note',
      'odd "name',
      'words_config',
      'words_content',
      'words_data',
      'words_docsize',
      'words_idx',
    ],
  );
  assert.deepEqual(tables[0], {
    schema: null,
    name: 'note',
    columns: [
      { name: 'id', type: 'INTEGER' },
      { name: 'word', type: 'TEXT' },
    ],
    indexes: [{ name: 'note_word', definition: 'CREATE INDEX note_word ON note (word)' }],
    key: ['id'],
    bytes: null,
  });
  assert.deepEqual(tables[1]!.key, ['a', 'b']);
  assert.deepEqual(
    tables[1]!.columns.map(({ name }) => name),
    ['b', 'a', 'c'],
  );
});

test('values are texts that tell their type, keys are equal where rows are', async () => {
  await using place = await openPlace();
  place.connect().exec(`
    CREATE TABLE value (k, v);
    INSERT INTO value VALUES (1, 9223372036854775807), (1.0, 1.5), ('1', x'00ff'), (NULL, 1e300), ('t', '')`);
  await using live = await accessOf(place).live(never);
  const rows = await allRows(live.databases[0]!, 'value');
  assert.deepEqual(
    rows.map(({ values }) => values),
    [
      { k: '1', v: '9223372036854775807' },
      { k: '1.0', v: '1.5' },
      { k: '1', v: "x'00ff'" },
      { k: null, v: '1e+300' },
      { k: 't', v: '' },
    ],
  );
  assert.equal(rows[0]!.key, '["1","9223372036854775807"]', 'without a key the row is the key');
  assert.equal((await allRows(live.databases[0]!, 'note'))[0]!.key, '["1"]');
});

test('one consistent read: what is written meanwhile is not seen', async () => {
  await using place = await openPlace();
  const application = place.connect();
  await using live = await accessOf(place).live(never);
  const view = live.databases[0]!;
  assert.equal(await view.countRows(note), 100);
  addNote(application);
  assert.equal(await view.countRows(note), 100);
  assert.equal((await allRows(view, 'note')).length, 100);
});

test('samples agree between the live state and a captured one, whatever was written', async () => {
  await using place = await openPlace({ rows: 20_000 });
  const application = place.connect();
  const access = accessOf(place);
  const { record } = await place.capture();
  application.exec('DELETE FROM note WHERE id % 3 = 0; VACUUM');
  const options = place.prepareOptions();
  await using captured = await access.captured(record, options);
  await using live = await access.live(never);
  const then = await allRows(captured.databases[0]!, 'note', 16);
  const now = await allRows(live.databases[0]!, 'note', 16);
  assert.ok(then.length > 900 && then.length < 1700, `${then.length} of 20,000`);
  const wanted = then.filter(({ values }) => Number(values['id']) % 3 !== 0);
  assert.deepEqual(now, wanted);
});

test('a captured state is read beside, written to never, and gone when disposed of', async () => {
  await using place = await openPlace();
  const { record, schemaDigest } = await place.capture();
  const options = place.prepareOptions();
  {
    await using captured = await accessOf(place).captured(record, options);
    const view = captured.databases[0]!;
    assert.equal(await view.schemaDigest(), schemaDigest);
    assert.equal(view.name, place.file);
    await assert.rejects(view.writeStamp('x'), (error) => isFailure(error, 'STAMP_NOT_WRITABLE'));
    assert.equal(existsSync(`${options.workDirectory}/sqlite-view`), true);
  }
  assert.equal(existsSync(`${options.workDirectory}/sqlite-view`), false);
});

for (const journal of ['wal', 'delete'] as const) {
  test(`${journal}: the stamp is a view, and no part of the schema`, async () => {
    await using place = await openPlace({ journal });
    const application = place.connect();
    const stamp = `{"code":"it's \\"1\\""}`;
    await using live = await accessOf(place).live(never);
    const view = live.databases[0]!;
    const before = await view.schemaDigest();
    assert.equal(await view.readStamp(), undefined);
    await view.writeStamp('an earlier one');
    await view.writeStamp(stamp);
    assert.equal(await view.readStamp(), stamp);
    assert.equal(await view.schemaDigest(), before);
    const row = application.prepare('SELECT stamp FROM stillpoint_stamp').get();
    assert.deepEqual({ ...row }, { stamp });
    assert.ok(!(await view.tables()).some(({ name }) => name.includes('stamp')));
    const { schemaDigest } = await place.capture();
    assert.equal(schemaDigest, before);
    assert.deepEqual(await litterOf(place), []);
  });

  test(`${journal}: the stamp can be written while our own lock is held, and the lock lasts`, async () => {
    await using place = await openPlace({ journal });
    const application = place.connect();
    application.exec('PRAGMA busy_timeout = 0');
    const participant = createSqliteLockParticipant({ name: 'app', guards: '*', file: place.file });
    const freeze = { snapshot: newSnapshotId(), budgetMs: 20_000, signal: never, progress: silent };
    await using hold = await participant.open(freeze);
    await hold.suspend(never, 20_000);
    {
      await using live = await accessOf(place).live(never);
      await live.databases[0]!.writeStamp('now');
      assert.equal(await live.databases[0]!.readStamp(), 'now');
    }
    await hold.check();
    assert.throws(() => addNote(application), /locked/);
    assert.equal(await hold.resume(), 'held');
    addNote(application);
    assert.equal(countNotes(application), 101);
  });
}

test('a stamp that cannot be written is told', async () => {
  await using place = await openPlace();
  const application = place.connect();
  application.exec('CREATE TABLE stillpoint_stamp (of_the_users INT)');
  await using live = await accessOf(place).live(never);
  const view = live.databases[0]!;
  assert.equal(await view.readStamp(), undefined);
  await assert.rejects(view.writeStamp('x'), (error) => isFailure(error, 'STAMP_NOT_WRITABLE'));
});

test('small tables as texts; no such table or column is no error', async () => {
  await using place = await openPlace({ rows: 2 });
  await using live = await accessOf(place).live(never);
  const view = live.databases[0]!;
  assert.deepEqual(await view.readAll(note, ['word', 'id']), [
    { word: 'word 1', id: '1' },
    { word: 'word 2', id: '2' },
  ]);
  assert.equal(await view.readAll(note, ['other']), undefined);
  assert.equal(await view.readAll({ schema: null, name: 'other' }, ['id']), undefined);
});

test('what is no database is refused', async () => {
  await using place = await openPlace('empty');
  const access = accessOf(place);
  await assert.rejects(access.live(never), (error) => isFailure(error, 'SQLITE_MISSING'));
  await mkdir(place.file);
  await assert.rejects(access.live(never), (error) => isFailure(error, 'SQLITE_NOT_A_FILE'));
  await using other = await openPlace('empty');
  await writeFile(other.file, Buffer.alloc(5000, 'x'));
  await assert.rejects(accessOf(other).live(never), (error) =>
    isFailure(error, 'SQLITE_NOT_A_DATABASE'),
  );
});
