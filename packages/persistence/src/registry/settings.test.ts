// Settings and the record of extensions on a real server, with the tables that the planner makes for core.
import { isFailure } from '@stillpoint/core';
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { z } from 'zod';
import { installChambers, settleChambers } from '../chambers/index.ts';
import type { Database } from '../database/contract.ts';
import { openTestDatabase } from '../database/testing/index.ts';
import { planMigration } from '../migrate/index.ts';
import type { Federation } from './contract.ts';
import { loadFederation } from './load.ts';
import { registryPart } from './part.ts';
import { recordExtensions, unseededExtensions } from './record.ts';
import { settingsOf } from './settings.ts';
import { makeMembers } from './testing/members.ts';

// The process that plans takes half a second to start: once for all tests.
const core = await loadFederation([]);
const { up } = await planMigration({ previous: undefined, federation: core });

async function databaseOfCore(t: TestContext): Promise<Database> {
  const { database } = await openTestDatabase(t);
  const parts = [registryPart(core)];
  await database.transaction(async (transaction) => {
    await installChambers(transaction, parts, database.facts);
    for (const statement of up) await transaction.query(statement);
    await settleChambers(transaction, parts, database.facts);
  });
  return database;
}

test('a setting is typed by its schema, and is of its owner alone', async (t) => {
  const database = await databaseOfCore(t);
  const notes = settingsOf('notes');
  const theme = z.enum(['dark', 'light']);
  assert.equal(await notes.get(database, 'theme', theme), undefined);
  await notes.set(database, 'theme', theme, 'dark');
  await notes.set(database, 'theme', theme, 'light');
  const read: 'dark' | 'light' | undefined = await notes.get(database, 'theme', theme);
  assert.equal(read, 'light');
  assert.equal(await settingsOf('other').get(database, 'theme', theme), undefined);
  const { rows } = await database.query('SELECT version, updated > created AS later FROM settings');
  assert.deepEqual(rows, [{ version: 2, later: true }]);
  assert.deepEqual(
    [await notes.unset(database, 'theme'), await notes.unset(database, 'theme')],
    [true, false],
  );
});

test('a setting that does not fit is neither written nor given', async (t) => {
  const database = await databaseOfCore(t);
  const notes = settingsOf('notes');
  const many = z.object({ count: z.number() });
  const refused = (error: unknown): boolean =>
    isFailure(error, 'MODEL_SETTING_INVALID') && /notes/.test(error.message);
  // @ts-expect-error the schema says so
  await assert.rejects(notes.set(database, 'many', many, { count: 'x' }), refused);
  await assert.rejects(notes.set(database, 'when', z.date(), new Date(0)), refused);
  await assert.rejects(notes.set(database, 'none', z.undefined(), undefined), refused);
  assert.deepEqual((await database.query('SELECT 1 FROM settings')).rows, []);
  await notes.set(database, 'many', z.any(), { count: 'x' });
  await assert.rejects(notes.get(database, 'many', many), refused);
});

test('the database knows which extensions are here, and which were', async (t) => {
  const database = await databaseOfCore(t);
  await using members = await makeMembers();
  const sources = {
    one: `export default { name: 'one' };`,
    two: `export default { name: 'two' };`,
  };
  const [one = '', two = ''] = await members.addAll(sources);
  const both = await loadFederation([{ directory: one, commit: 'abc' }, two]);
  assert.deepEqual(
    (await unseededExtensions(database, both)).map(({ name }) => name),
    ['one', 'two'],
  );
  const told = async (federation: Federation, dropped?: readonly string[]): Promise<unknown> => {
    await recordExtensions(database, federation, dropped);
    const { rows } = await database.query(
      'SELECT name, commit, state, version FROM extensions ORDER BY name',
    );
    return rows.map((row) => Object.values(row));
  };
  assert.deepEqual(await told(both), [
    ['one', 'abc', 'installed', 1],
    ['two', null, 'installed', 1],
  ]);
  assert.deepEqual(await told(both), [
    ['one', 'abc', 'installed', 1],
    ['two', null, 'installed', 1],
  ]);
  assert.deepEqual(await unseededExtensions(database, both), []);
  assert.deepEqual(await told(core), [
    ['one', 'abc', 'uninstalled', 2],
    ['two', null, 'uninstalled', 2],
  ]);
  assert.deepEqual(await told(await loadFederation([one]), ['two']), [
    ['one', null, 'installed', 3],
  ]);
});
