// Migrating, from models to a database: files and ledger, the guard, what is refused, what fails, and the way back.
import { StillpointError } from '@stillpoint/core';
import assert from 'node:assert/strict';
import { appendFile, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, test } from 'node:test';
import { openDatabase } from '../database/index.ts';
import { endLite, liteOfTests, serverKinds, whyNot } from '../database/testing/index.ts';
import { findDrift, migrationStatus } from './look.ts';
import { migrate } from './migrate.ts';
import { rollback } from './rollback.ts';
import { schemaText } from './testing/schema-text.ts';
import { columnsOf, endPlanner, ledgerOf, makePlace, notes, type Place } from './testing/place.ts';

after(endLite);

after(endPlanner);

async function refused(work: Promise<unknown>, code: string, ...words: string[]): Promise<void> {
  await assert.rejects(work, (error) => {
    assert.ok(error instanceof StillpointError && error.code === code, String(error));
    const text = `${error.message} ${error.hint}`;
    for (const word of words) assert.ok(text.includes(word), `${word} in: ${text}`);
    return true;
  });
}

const filesOf = async ({ directory }: Place): Promise<readonly string[]> =>
  (await readdir(directory).catch(() => [])).toSorted((a, b) => (a < b ? -1 : 1));

for (const kind of [...serverKinds, 'pglite'] as const)
  test(
    `migrates, again without a change, and back, on ${kind}`,
    { skip: kind === 'pglite' ? false : whyNot(kind) },
    async (t) => {
      const lite = kind === 'pglite' ? await liteOfTests() : undefined;
      const lent = lite === undefined ? undefined : await openDatabase({ at: lite });
      const place = await makePlace(
        t,
        lent === undefined ? { kind: kind as (typeof serverKinds)[number] } : { lent },
      );
      const { database } = place;
      const guards: string[] = [];
      const guard = async (reason: string) => {
        guards.push(reason);
        return { id: `guard-${guards.length}` };
      };

      const before = await schemaText(database);
      const dry = await place.migrate({ notes: notes('title: text()') }, { dryRun: true, guard });
      assert.equal(dry.done, false);
      assert.match(dry.steps[0]?.statements.join('\n') ?? '', /CREATE TABLE "notes"/);
      assert.equal(await schemaText(database), before, 'a dry run changes nothing');
      assert.deepEqual([guards, await filesOf(place)], [[], []]);

      const seed = `seed: async (transaction) => { await transaction.query("INSERT INTO notes (title) VALUES ('first')") }`;
      const first = await place.migrate({ notes: notes('title: text()', seed) }, { guard });
      assert.deepEqual([first.done, first.guard, first.steps.length], [true, 'guard-1', 1]);
      const [name = ''] = await ledgerOf(place);
      assert.deepEqual(await filesOf(place), [`${name}.sql`]);
      assert.match(guards[0] ?? '', new RegExp(`^before ${name}$`));
      const text = await schemaText(database);
      const again = await place.migrate({ notes: notes('title: text()', seed) }, { guard });
      assert.deepEqual([again.steps, again.parts, guards.length], [[], [], 1]);
      assert.equal(await schemaText(database), text);

      const more = { notes: notes('title: text(), body: text()', seed) };
      await place.migrate(more, { guard });
      assert.deepEqual(await columnsOf(place), ['title', 'body']);
      const { rows } = await database.query('SELECT title, body FROM notes');
      assert.deepEqual(rows, [{ title: 'first', body: null }], 'seeded once');
      await database.query(`UPDATE notes SET body = 'x'`);
      const { rows: touched } = await database.query('SELECT version FROM notes');
      assert.deepEqual(touched, [{ version: 2 }], 'its trigger is there');
      const extensions = await database.query('SELECT name, state FROM public.extensions');
      assert.deepEqual(extensions.rows, [{ name: 'notes', state: 'installed' }]);
      assert.deepEqual((await findDrift({ database, parts: [] })).findings, []);

      await refused(
        rollback({ database, parts: [], guard }),
        'MIGRATION_LOSSES_REFUSED',
        '--accept "drop public.notes.body"',
      );
      const accept = ['drop public.notes.body'];
      const back = await rollback({ database, parts: [], guard, accept });
      assert.deepEqual([back.guard, back.steps.length], ['guard-3', 1]);
      assert.equal(await schemaText(database), text, 'up and down leave what was there');
      assert.deepEqual(await ledgerOf(place), [name]);
      const status = await migrationStatus(await place.options(more));
      assert.deepEqual([status.applied.length, status.pending.length], [1, 1]);
      assert.equal(status.difference, null, 'the file that waits has all that the models want');
      await place.migrate(more, { frozen: true });
      assert.deepEqual(await columnsOf(place), ['title', 'body']);
    },
  );

test('an empty database takes all files in their order, without a new one', async (t) => {
  const place = await makePlace(t);
  const later = new Date(Date.now() + 1000 * 3600);
  await place.migrate({ notes: notes('title: text()') }, { now: () => later });
  // The clock goes back: the name does not.
  const last = { notes: notes('title: text(), body: text()') };
  await place.migrate(last, { now: () => new Date(0) });
  const text = await schemaText(place.database);
  const other = await makePlace(t);
  const done = await migrate(
    await other.options(last, { directory: place.directory, frozen: true }),
  );
  assert.deepEqual(
    done.steps.map(({ committed }) => committed),
    [true, true],
  );
  assert.equal(await schemaText(other.database), text);
  assert.deepEqual((await findDrift({ database: other.database, parts: [] })).findings, []);
  await refused(
    other.migrate(
      { notes: notes('title: text(), tags: text()') },
      {
        directory: place.directory,
        frozen: true,
        accept: ['drop public.notes.body'],
      },
    ),
    'MIGRATION_FROZEN',
  );
});

test('losses need a yes by their name', async (t) => {
  const place = await makePlace(t);
  await place.migrate({ notes: notes('title: text(), body: text()') });
  const files = await filesOf(place);
  let guards = 0;
  const guard = async () => ((guards += 1), undefined);
  const less = { notes: notes('title: text()') };
  await refused(
    place.migrate(less, { guard }),
    'MIGRATION_LOSSES_REFUSED',
    '--accept "drop public.notes.body"',
    'notes',
  );
  const dry = await place.migrate(less, { dryRun: true });
  assert.deepEqual(
    dry.steps[0]?.losses.map(({ accepted }) => accepted),
    [false],
  );
  const asked = Promise.reject(new Error('no'));
  asked.catch(() => {});
  await assert.rejects(
    place.migrate(less, { accept: ['drop public.notes.body'], confirm: () => asked, guard }),
    /^Error: no$/,
  );
  assert.deepEqual([guards, await filesOf(place)], [0, files]);
  await place.migrate(less, { accept: ['drop public.notes.body'], guard });
  assert.deepEqual([guards, await columnsOf(place)], [1, ['title']]);
});

test('an uninstalled extension keeps its tables until it is told, and is seeded when it comes again', async (t) => {
  const place = await makePlace(t);
  const seed = `seed: async (transaction) => { await transaction.query('INSERT INTO notes DEFAULT VALUES') }`;
  const count = async () => (await place.database.query('SELECT FROM notes')).rowCount;
  await place.migrate({ notes: notes('title: text()', seed) });
  const without = await place.migrate({});
  assert.deepEqual(without.kept[0], { entity: 'table public.notes', owner: 'notes' });
  await place.migrate({ notes: notes('title: text()', seed) });
  assert.equal(await count(), 1, 'it was there all the time');
  await place.migrate({}, { dropData: ['notes'] });
  const { rows } = await place.database.query('SELECT name FROM public.extensions');
  assert.deepEqual([await columnsOf(place), rows], [[], []]);
  await place.migrate({ notes: notes('title: text()', seed) });
  assert.equal(await count(), 1);
});

test('a failing statement leaves the old schema, no file, and the guard; the error names the extension', async (t) => {
  const place = await makePlace(t);
  await place.migrate({ notes: notes('title: text()') });
  await place.database.query(`INSERT INTO notes (title) VALUES (null)`);
  const [files, text] = [await filesOf(place), await schemaText(place.database)];
  const guards: string[] = [];
  const guard = async (reason: string) => (guards.push(reason), { id: 'kept' });
  const other = `const others = pgTable('others', { ...uuidBase });
    export default defineExtension({ name: 'another', models: [others] });`;
  const accept = ['not-null public.notes.title'];
  const strict = { notes: notes('title: text().notNull()'), another: other };
  await refused(
    place.migrate(strict, { accept, guard }),
    'MIGRATION_STATEMENT_FAILED',
    'extension notes',
    'contains null values',
    'SET NOT NULL',
  );
  assert.equal(guards.length, 1);
  assert.deepEqual([await filesOf(place), await schemaText(place.database)], [files, text]);

  const seed = `seed: async (transaction) => { throw new Error('no rows today') }`;
  const seeding = {
    notes: notes('title: text()'),
    another: other.replace('models', `${seed}, models`),
  };
  await refused(place.migrate(seeding), 'MIGRATION_SEED_FAILED', 'another', 'no rows today');
  assert.deepEqual([await filesOf(place), await schemaText(place.database)], [files, text]);
  await place.migrate({ notes: notes('title: text()'), another: other });
});

test('a table that the application holds is waited for, and then it is told who has it', async (t) => {
  const place = await makePlace(t);
  await place.migrate({ notes: notes('title: text()') });
  await using session = await place.database.session('night shift');
  await session.query('BEGIN; LOCK TABLE notes IN ACCESS SHARE MODE');
  const more = { notes: notes('title: text(), body: text()') };
  await refused(
    place.migrate(more, { lockTimeoutMs: 50 }),
    'MIGRATION_BLOCKED',
    'night shift',
    'ADD COLUMN',
    'extension notes',
  );
  await session.query('ROLLBACK');
  await place.migrate(more, { lockTimeoutMs: 50 });
  // Also where nothing is migrated, and only a trigger is put back.
  await place.database.query('DROP TRIGGER stillpoint_touch ON notes');
  await session.query('BEGIN; LOCK TABLE notes IN ROW EXCLUSIVE MODE');
  await refused(
    place.migrate(more, { lockTimeoutMs: 50 }),
    'CHAMBER_SETTLE_FAILED',
    'lock timeout',
  );
});

test('what would end the transaction, or cannot be in one, is refused', async (t) => {
  const place = await makePlace(t);
  const models = { notes: notes('title: text()') };
  const made = await place.migrate(models);
  await rollback({
    database: place.database,
    parts: [],
    to: 'nothing',
    accept: (await ledgerLosses(place)).map(({ name }) => name),
  });
  const file = path.join(place.directory, `${made.steps[0]?.name}.sql`);
  const text = await readFile(file, 'utf8');
  const before = await schemaText(place.database);
  for (const statement of [
    '/* now */ COMMIT',
    'CREATE INDEX CONCURRENTLY notes_title ON "notes" (title)',
    'VACUUM "notes"',
  ]) {
    await writeFile(file, text.replace('-- down\n', `--> next statement\n${statement}\n-- down\n`));
    await refused(place.migrate(models), 'MIGRATION_OUTSIDE_TRANSACTION', statement.slice(-6));
  }
  await writeFile(file, text.replace('-- down\n', `; COMMIT\n-- down\n`));
  await refused(place.migrate(models), 'MIGRATION_STATEMENT_FAILED', 'multiple commands');
  assert.equal(await schemaText(place.database), before);
  // What is pending may be edited.
  await writeFile(
    file,
    text.replace('-- down\n', `--> next statement\nCOMMENT ON TABLE "notes" IS 'x'\n-- down\n`),
  );
  await place.migrate(models);
});

async function ledgerLosses({ database }: Place): Promise<readonly { readonly name: string }[]> {
  const { rows } = await database.query<{ losses: { name: string }[] }>(
    'SELECT down_losses AS losses FROM stillpoint.migrations',
  );
  return rows.flatMap(({ losses }) => losses);
}

test('a file whose statements do not lead to what its record says is refused, and leaves nothing', async (t) => {
  const place = await makePlace(t);
  const { database } = place;
  await place.migrate({ notes: notes('title: text()') });
  const models = { notes: notes('title: text(), body: text()') };
  await place.migrate(models);
  const file = path.join(place.directory, (await filesOf(place)).at(-1) ?? '');
  await rollback({ database, parts: [], accept: ['drop public.notes.body'] });
  const [text, schema] = [await readFile(file, 'utf8'), await schemaText(database)];
  await writeFile(file, text.replace('ADD COLUMN "body"', 'ADD COLUMN "corpus"'));
  await refused(place.migrate(models), 'MIGRATION_RECORD_UNTRUE', 'notes.body is not there');
  assert.equal(await schemaText(database), schema);
  await writeFile(file, text);
  await place.migrate(models);
  const accept = ['drop public.notes.body'];
  const { steps } = await place.migrate({ notes: notes('title: text()') }, { accept });
  const last = path.join(place.directory, `${steps[0]?.name}.sql`);
  await rollback({ database, parts: [] });
  const dropping = await readFile(last, 'utf8');
  await writeFile(last, dropping.replace(/ALTER TABLE .* DROP COLUMN "body";/, 'SELECT 1;'));
  await refused(
    place.migrate({ notes: notes('title: text()') }),
    'MIGRATION_RECORD_UNTRUE',
    'notes.body is still there',
  );
});

test('what the user made on a table is never dropped along with it, and is named', async (t) => {
  const place = await makePlace(t);
  const { database } = place;
  await place.migrate({ notes: notes('title: text()') });
  await database.query('CREATE VIEW public.mine AS SELECT title FROM notes');
  await refused(
    place.migrate({}, { dropData: ['notes'] }),
    'MIGRATION_STATEMENT_FAILED',
    'view mine depends on table notes',
  );
  assert.deepEqual(await columnsOf(place), ['title']);
});

test('files that were changed, are missing or fork are refused', async (t) => {
  const place = await makePlace(t);
  const models = { notes: notes('title: text()') };
  await place.migrate(models);
  const [first = ''] = await filesOf(place);
  const file = path.join(place.directory, first);
  const text = await readFile(file, 'utf8');
  await writeFile(file, text.replace('-- up\n', '-- up\n-- a word\n'));
  await refused(place.migrate(models), 'MIGRATION_FILE_CHANGED', first.slice(0, -4));
  await appendFile(file, 'SELECT 1\n');
  await refused(place.migrate(models), 'MIGRATION_FILE_INVALID', 'after its record');
  await rm(file);
  await refused(place.migrate(models), 'MIGRATION_AHEAD', first.slice(0, -4));
  const status = await migrationStatus(await place.options(models));
  assert.deepEqual([status.applied[0]?.file, status.difference], ['missing', null]);
  await writeFile(file, text);

  // A colleague made another one on top of the same.
  const other = await makePlace(t);
  const there = await other.options(models, { directory: place.directory });
  await migrate(there);
  await place.migrate({ notes: notes('title: text(), body: text()') });
  const mine = (await filesOf(place)).at(-1) ?? '';
  const kept = await readFile(path.join(place.directory, mine), 'utf8');
  await rm(path.join(place.directory, mine));
  const yours = { notes: notes('title: text(), tags: text()') };
  await other.migrate(yours, {
    directory: place.directory,
    now: () => new Date(Date.now() + 5000),
  });
  await writeFile(path.join(place.directory, mine), kept);
  const both = { notes: notes('title: text(), body: text(), tags: text()') };
  await refused(place.migrate(both), 'MIGRATION_BRANCHED', first.slice(0, -4), mine.slice(0, -4));
  await refused(rollback({ database: place.database, parts: [], to: 'x' }), 'MIGRATION_UNKNOWN');
});

test('somebody who waits for his turn can give up, and goes on where the other ended', async (t) => {
  const place = await makePlace(t);
  const options = await place.options({ notes: notes('title: text()') });
  const [inside, waiting, answer] = [0, 1, 2].map(() => Promise.withResolvers<void>());
  const confirm = async (): Promise<void> => {
    inside!.resolve();
    await answer!.promise;
  };
  const first = migrate({ ...options, confirm });
  await inside!.promise;
  const progress = (event: { readonly type: string }): void => {
    if (event.type === 'note:said') waiting!.resolve();
  };
  const given = new AbortController();
  const second = migrate({ ...options, progress, signal: given.signal });
  await waiting!.promise;
  given.abort(new Error('enough'));
  await assert.rejects(second, /enough/);
  const third = migrate(options);
  answer!.resolve();
  const [one, other] = await Promise.all([first, third]);
  assert.deepEqual([one.steps.length, other.steps.length], [1, 0]);
  assert.equal((await filesOf(place)).length, 1);
});
