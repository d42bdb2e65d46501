// Drift: what somebody changed by hand is found by name, stays found after the next migration, and what is not ours is not told.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { serverKinds, whyNot } from '../database/testing/index.ts';
import { queuePart } from '../queue/index.ts';
import { keysOf } from './catalog.ts';
import { installedParts, readLedger, readRow } from './ledger.ts';
import { findDrift } from './look.ts';
import { endPlanner, makePlace, notes, type Place } from './testing/place.ts';

const parts = [queuePart];
after(endPlanner);

async function found({ database }: Place): Promise<readonly string[]> {
  const { findings } = await findDrift({ database, parts });
  return findings.map(({ kind, entity, owner }) => `${kind} ${entity} ${owner}`);
}

for (const kind of serverKinds)
  test(`finds what was changed by hand, on ${kind}`, { skip: whyNot(kind) }, async (t) => {
    const place = await makePlace(t, { kind });
    const { database } = place;
    assert.deepEqual(await findDrift({ database, parts }), { migration: null, findings: [] });
    const models = (columns: string): Record<string, string> => ({
      notes: `const mood = pgEnum('mood', ['good', 'bad']);
        const notes = pgTable('notes', { ...uuidBase, title: text().default('-'), count: integer(), mood: mood(), ${columns} },
          (table) => [index('notes_title').on(table.title), unique('notes_count').on(table.count)]);
        export default defineExtension({ name: 'notes', models: [notes] });`,
    });
    await place.migrate(models(''), { parts });
    assert.deepEqual(await found(place), []);
    const [entry] = await readLedger(database, await installedParts(database));
    const row = await readRow(database, entry?.name);
    assert.deepEqual(Object.keys(row!.catalog).toSorted(), keysOf(row!.snapshot).toSorted());
    // The engine's stamp, and tables outside of the schemas of extensions.
    await database.query(`CREATE TABLE stillpoint.stamp (one boolean PRIMARY KEY, stamp text);
      CREATE SCHEMA elsewhere; CREATE TABLE elsewhere.things (a int)`);
    assert.deepEqual(await found(place), []);

    await database.query(`ALTER TABLE notes ADD COLUMN rogue int, ALTER COLUMN count TYPE bigint, ALTER COLUMN title SET DEFAULT '?';
      DROP INDEX notes_title; CREATE INDEX by_hand ON notes (mood); ALTER TABLE notes ADD CONSTRAINT positive CHECK (count > 0);
      CREATE TABLE stranger (a int PRIMARY KEY); ALTER TYPE mood ADD VALUE 'odd'; CREATE TYPE colour AS ENUM ('red')`);
    const all = [
      'changed column public.notes.count notes',
      'changed column public.notes.title notes',
      'extra column public.notes.rogue notes',
      'extra constraint public.notes.positive notes',
      'changed enum public.mood notes',
      'extra enum public.colour null',
      'extra index public.notes.by_hand notes',
      'missing index public.notes.notes_title notes',
      'extra table public.stranger null',
    ];
    assert.deepEqual((await found(place)).toSorted(), all.toSorted());
    // A migration that touches the same table takes none of it for its own.
    await place.migrate(models('body: text()'), { parts });
    assert.deepEqual((await found(place)).toSorted(), all.toSorted());
    const { findings } = await findDrift({ database, parts });
    const changed = findings.find(({ entity }) => entity === 'column public.notes.count');
    assert.equal(
      changed?.what,
      'The column public.notes.count is (bigint), and its migration made (integer).',
    );

    await database.query('DROP TABLE notes CASCADE');
    assert.deepEqual(
      (await found(place)).filter((one) => one.startsWith('missing')),
      ['missing table public.notes notes'],
    );
  });

test('a renamed table and column are no drift', async (t) => {
  const place = await makePlace(t);
  await place.migrate({ notes: notes('title: text()') });
  const renames = `renames: [{ kind: 'table', from: 'notes', to: 'pages' }, { kind: 'column', table: 'pages', from: 'title', to: 'heading' }],`;
  await place.migrate({
    notes: notes('heading: text()', renames).replace(`pgTable('notes'`, `pgTable('pages'`),
  });
  assert.deepEqual(await found(place), []);
});
