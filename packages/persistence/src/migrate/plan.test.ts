// A federation of core and five extensions through its life: added, altered, renamed, removed, installed again. Statements run on a
// real server; each way back leaves the schema as it was.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { openTestDatabase } from '../database/testing/index.ts';
import { loadFederation } from '../registry/index.ts';
import { makeMembers } from '../registry/testing/members.ts';
import { startKit } from './kit/kit.ts';
import { ownerOfStatement } from './owner-of-statement.ts';
import { planMigration } from './plan.ts';
import { extension, five, notes, refusal } from './testing/extensions.ts';
import { schemaText } from './testing/schema-text.ts';
import { makeScratch, type Sources } from './testing/scratch.ts';

const kit = startKit();
after(() => kit[Symbol.asyncDispose]());

test('jsonb of models is in the schema what that of Drizzle is: who goes from one to the other migrates nothing', async () => {
  await using scratch = await makeScratch(undefined, kit);
  const documents = (jsonb: string): Sources => ({
    documents: `import { jsonb } from ${jsonb};
      const documents = pgTable('documents', { ...uuidBase, plain: jsonb(), empty: jsonb().notNull().default({}),
        given: jsonb('other').default({ a: "it's", b: [1, null, "x\\\\"] }), text: jsonb().default('text'), number: jsonb().default(5),
        list: jsonb().array(), lists: jsonb().array().default([{ a: 1 }]), raw: jsonb().default(sql\`'{}'\`) });
      ${extension('documents', 'documents')}`,
  });
  const theirs = await scratch.plan(documents(`'drizzle-orm/pg-core'`));
  await scratch.apply(theirs);
  const ours = await scratch.plan(documents(`'@stillpoint/persistence/models'`));
  assert.deepEqual([ours.up, ours.down], [[], []]);
  assert.deepEqual(ours.next, theirs.next);
});

test('five extensions come and go, and every way back leaves the schema as it was', async (t) => {
  const { database } = await openTestDatabase(t);
  await using scratch = await makeScratch(database, kit);
  const empty = await schemaText(database);

  const first = await scratch.plan(five);
  assert.deepEqual([first.losses, first.kept], [[], []]);
  await scratch.apply(first);
  await database.query(`INSERT INTO notes (title) VALUES ('a'), ('b')`);
  await database.query(`INSERT INTO comments (note, text) SELECT id, title FROM notes`);
  const whole = await schemaText(database);

  const again = await scratch.plan(five);
  assert.deepEqual([again.up, again.down], [[], []]);
  assert.deepEqual(again.next, first.next);

  const { comments: _comments, embeddings: _embeddings, ...three } = five;
  const removed = await scratch.plan(three);
  assert.deepEqual(removed.up, []);
  assert.deepEqual(
    removed.kept.map(({ entity, owner }) => `${entity} of ${owner}`),
    ['table public.comments of comments', 'table vectors.embeddings of embeddings'],
  );
  await scratch.apply(removed);

  const altered = {
    ...three,
    notes: notes(
      `heading: text().notNull().unique(), mood: mood().default('calm'), stars: integer()`,
      `renames: [{ kind: 'column', table: 'notes', from: 'title', to: 'heading' }]`,
    ),
  };
  const renamed = await scratch.plan(altered);
  assert.deepEqual(renamed.losses, []);
  await scratch.apply(renamed);
  const { rows } = await database.query('SELECT heading FROM notes ORDER BY heading');
  assert.deepEqual(rows, [{ heading: 'a' }, { heading: 'b' }]);

  const reinstalled = await scratch.plan({ ...five, ...altered });
  assert.deepEqual([reinstalled.up, reinstalled.kept], [[], []]);
  await scratch.apply(reinstalled);
  assert.equal((await database.query('SELECT text FROM comments')).rows.length, 2);

  for (const plan of [reinstalled, renamed, removed]) await scratch.apply(plan, 'down');
  assert.equal(await schemaText(database), whole);
  await database.query('TRUNCATE notes CASCADE');
  await scratch.apply(first, 'down');
  assert.equal(await schemaText(database), empty);
});

test('a migration that only renames is called by what it renames', async () => {
  const before = `title: text().notNull().unique(), mood: mood()`;
  const after = before.replace('title', 'heading');
  const column = `{ kind: 'column', table: 'notes', from: 'title', to: 'heading' }`;
  const table = `{ kind: 'table', from: 'notes', to: 'entries' }`;
  const type = `{ kind: 'enum', from: 'mood', to: 'humour' }`;
  const moved = (source: string): string => source.replace(`'notes', {`, `'entries', {`);
  const cases: readonly (readonly [string, string])[] = [
    [notes(after, `renames: [${column}]`), 'rename_notes_title_to_heading'],
    [moved(notes(before, `renames: [${table}]`)), 'rename_notes_to_entries'],
    [
      notes(before, `renames: [${type}]`).replace(`('mood'`, `('humour'`),
      'rename_type_mood_to_humour',
    ],
    [moved(notes(after, `renames: [${column}, ${table}]`)), 'rename_in_entries'],
    [notes(`${after}, stars: integer()`, `renames: [${column}]`), 'alter_notes'],
  ];
  for (const [source, words] of cases) {
    await using scratch = await makeScratch(undefined, kit);
    await scratch.apply(await scratch.plan({ notes: notes(before) }));
    const plan = await scratch.plan({ notes: source });
    assert.equal(plan.words, words, plan.up.join('\n'));
  }
});

test('an uninstalled extension is dropped by its name only, and goes alone', async (t) => {
  const { database } = await openTestDatabase(t);
  await using scratch = await makeScratch(database, kit);
  await scratch.apply(await scratch.plan(five));
  const { ledger: _ledger, notes: _notes, ...rest } = five;
  const drop = (...names: string[]) => ({ uninstalled: { drop: names } });
  await assert.rejects(
    scratch.plan({ ledger: five['ledger'] ?? '' }, drop('notes')),
    refusal('MIGRATION_KEPT_IN_THE_WAY', 'comments', 'public.notes.id'),
  );
  await assert.rejects(
    scratch.plan(five, drop('zoo')),
    refusal('MIGRATION_UNINSTALLED_UNKNOWN', 'zoo', 'installed'),
  );
  await assert.rejects(
    scratch.plan(five, drop('x')),
    refusal('MIGRATION_UNINSTALLED_UNKNOWN', 'x'),
  );
  const plan = await scratch.plan({ zoo: rest['zoo'] ?? '' }, drop('ledger'));
  assert.deepEqual(
    plan.losses.map(({ name, accepted }) => [name, accepted]),
    [['drop ledger.entries', true]],
  );
  const before = await schemaText(database);
  await scratch.apply(plan);
  const { rows } = await database.query(
    `SELECT to_regclass('public.notes') AS kept, to_regnamespace('ledger') AS gone`,
  );
  assert.deepEqual(rows, [{ kept: 'notes', gone: null }]);
  await scratch.apply(plan, 'down');
  assert.equal(await schemaText(database), before);
});

test('a table that stays follows when what it refers to is renamed', async (t) => {
  const { database } = await openTestDatabase(t);
  await using scratch = await makeScratch(database, kit);
  await scratch.apply(await scratch.plan(five));
  const before = await schemaText(database);
  const memos = `const mood = pgEnum('temper', ['calm', 'wild']);
    const memos = pgTable('memos', { ...uuidBase, title: text().notNull().unique(), mood: mood().default('calm') });
    ${extension('notes', 'memos', `renames: [{ kind: 'table', from: 'notes', to: 'public.memos' }, { kind: 'enum', from: 'mood', to: 'temper' }]`)}`;
  const plan = await scratch.plan({ notes: memos });
  assert.deepEqual(plan.losses, []);
  assert.ok(!plan.up.some((statement) => /DROP|ADD/.test(statement)), plan.up.join('\n'));
  await scratch.apply(plan);
  const comments = (five['comments'] ?? '').replace(
    `import { notes } from '../notes/stillpoint.extension.ts'`,
    `import { memos as notes } from '../notes/stillpoint.extension.ts'`,
  );
  const back = await scratch.plan({
    notes: memos.replace('const memos', 'export const memos'),
    comments,
  });
  // The generated name of the foreign key speaks of the table: it follows when its owner is back.
  assert.deepEqual(back.up, [
    'ALTER TABLE "comments" RENAME CONSTRAINT "comments_note_notes_id_fkey" TO "comments_note_memos_id_fkey";',
  ]);
  await scratch.apply(plan, 'down');
  assert.equal(await schemaText(database), before);
});

test('what may lose data is named, and nothing else is', async () => {
  await using scratch = await makeScratch(undefined, kit);
  await scratch.apply(
    await scratch.plan({
      notes: notes(`title: text(), stars: integer(), old: text(), mood: mood()`),
    }),
  );
  const changed = `const mood = pgEnum('mood', ['wild', 'new']);
    const notes = pgTable('notes', { ...uuidBase, title: text().notNull(), stars: text(), mood: mood(), plain: integer() });
    ${extension('notes', 'notes')}`;
  const plan = await scratch.plan(
    { notes: changed },
    { accept: ['drop public.notes.old', 'type public.notes.stars'] },
  );
  assert.deepEqual(
    plan.losses.map(({ name, owner, accepted }) => [name, owner, accepted]),
    [
      ['drop public.notes.old', 'notes', true],
      ['enum public.mood', 'notes', false],
      ['not-null public.notes.title', 'notes', false],
      ['type public.notes.stars', 'notes', true],
    ],
  );
  assert.deepEqual(
    plan.downLosses.map(({ name }) => name),
    ['drop public.notes.plain', 'enum public.mood', 'type public.notes.stars'],
  );
  assert.equal(plan.words, 'alter_notes');
});

test('a database of any age finds its way through the log of renames', async () => {
  const log = `renames: [
    { kind: 'column', table: 'notes', from: 'a', to: 'b' },
    { kind: 'table', from: 'notes', to: 'memos' },
    { kind: 'column', table: 'memos', from: 'b', to: 'c' },
    { kind: 'table', from: 'memos', to: 'vectors.pages' },
  ]`;
  const now = (column: string): Sources => ({
    notes: `const pages = pgSchema('vectors').table('pages', { ...uuidBase, ${column}: text() }); ${extension('notes', 'pages', log)}`,
  });
  const old = (table: string, column: string): Sources => ({
    notes: `const notes = pgTable('${table}', { ...uuidBase, ${column}: text() }); ${extension('notes', 'notes')}`,
  });
  for (const [table, column] of [
    ['notes', 'a'],
    ['notes', 'b'],
    ['memos', 'b'],
    ['memos', 'c'],
  ] as const) {
    await using scratch = await makeScratch(undefined, kit);
    await scratch.apply(await scratch.plan(old(table, column)));
    const plan = await scratch.plan(now('c'));
    assert.deepEqual(plan.losses, [], `${table}.${column}`);
    assert.ok(!plan.up.some((statement) => /DROP|ADD/.test(statement)), plan.up.join('\n'));
    await scratch.apply(plan);
    assert.deepEqual((await scratch.plan(now('c'))).up, []);
  }
});

test('a schema is renamed with everything in it', async (t) => {
  const { database } = await openTestDatabase(t);
  await using scratch = await makeScratch(database, kit);
  const ledger = five['ledger'] ?? '';
  await scratch.apply(await scratch.plan({ ledger }));
  await database.query(`INSERT INTO ledger.entries (kind, amount) VALUES ('in', 5)`);
  const before = await schemaText(database);
  const books = ledger
    .replace(`pgSchema('ledger')`, `pgSchema('books')`)
    .replace(/\], +\}\);/, `], renames: [{ kind: 'schema', from: 'ledger', to: 'books' }] });`);
  const plan = await scratch.plan({ ledger: books });
  assert.deepEqual([plan.losses, plan.up], [[], ['ALTER SCHEMA "ledger" RENAME TO "books";']]);
  await scratch.apply(plan);
  assert.deepEqual((await database.query('SELECT amount FROM books.entries')).rows, [
    { amount: 5 },
  ]);
  assert.deepEqual((await scratch.plan({ ledger: books })).up, []);
  await scratch.apply(plan, 'down');
  assert.equal(await schemaText(database), before);
});

test('a value that is added to an enum may be a default at once, and the rows keep theirs', async (t) => {
  const { database } = await openTestDatabase(t);
  await using scratch = await makeScratch(database, kit);
  await scratch.apply(await scratch.plan({ notes: notes(`mood: mood().default('calm')`) }));
  await database.query(`INSERT INTO notes (mood) VALUES ('wild')`);
  const before = await schemaText(database);
  const plan = await scratch.plan({
    notes: notes(`mood: mood().default('new')`).replace(`'wild']`, `'new', 'wild']`),
  });
  assert.deepEqual(plan.losses, []);
  await scratch.apply(plan);
  await database.query('INSERT INTO notes DEFAULT VALUES');
  const { rows } = await database.query('SELECT mood FROM notes ORDER BY mood');
  assert.deepEqual(rows, [{ mood: 'new' }, { mood: 'wild' }]);
  await database.query(`DELETE FROM notes WHERE mood = 'new'`);
  await scratch.apply(plan, 'down');
  assert.equal(await schemaText(database), before);
});

test('an enum loses a value along with a column or a table that has it, there and back', async (t) => {
  const small = `const mood = pgEnum('mood', ['calm', 'wild']);`;
  const large = `const mood = pgEnum('mood', ['calm', 'odd', 'wild']);`;
  const stays = `const notes = pgTable('notes', { ...uuidBase, mood: mood().default('calm'), moods: mood().array() });`;
  const column = `const others = pgTable('others', { ...uuidBase, mood: mood().default('wild') });`;
  const none = `const others = pgTable('others', { ...uuidBase });`;
  const both = extension('notes', 'notes, others');
  for (const [before, after] of [
    [small + stays + none + both, large + stays + column + both],
    [large + stays + column + both, small + stays + none + both],
    [small + stays + extension('notes', 'notes'), large + stays + column + both],
    [large + stays + column + both, small + stays + extension('notes', 'notes')],
    [
      small + stays + none + both,
      small.replace(`'calm', 'wild'`, `'wild', 'calm'`) + stays + column + both,
    ],
  ] as const) {
    const { database } = await openTestDatabase(t);
    await using scratch = await makeScratch(database, kit);
    await scratch.apply(await scratch.plan({ notes: before }));
    await database.query(`INSERT INTO notes (mood, moods) VALUES ('wild', '{calm,wild}')`);
    const accept = ['enum public.mood', 'drop public.others', 'drop public.others.mood'];
    const plan = await scratch.plan({ notes: after }, { accept });
    const [was, values] = [await schemaText(database), 'SELECT mood, moods::text FROM notes'];
    for (const direction of ['up', 'down'] as const) {
      await scratch.apply(plan, direction);
      assert.deepEqual((await database.query(values)).rows, [
        { mood: 'wild', moods: '{calm,wild}' },
      ]);
    }
    assert.equal(await schemaText(database), was);
  }
});

test('a table that was kept passes to another extension only by name', async () => {
  await using scratch = await makeScratch(undefined, kit);
  await scratch.apply(await scratch.plan({ zoo: five['zoo'] ?? '' }));
  const other = extension('farm', `pgTable('animals', { ...uuidBase, legs: integer() })`);
  const plan = await scratch.plan({ farm: other }, { accept: ['drop public.animals.keeper'] });
  assert.deepEqual(
    plan.losses.map(({ name, what, accepted }) => [
      name,
      what.includes('zoo') && what.includes('farm'),
      accepted,
    ]),
    [
      ['drop public.animals.keeper', false, true],
      ['owner public.animals', true, false],
    ],
  );
});

test('an extension whose module does not let go ends with the planner', async () => {
  await using members = await makeMembers();
  const noisy = await members.add(
    'noisy',
    `console.log('{"kind":"statements"}'); globalThis.noisy ??= setInterval(() => {}, 1000).unref();
     ${extension('noisy', `pgTable('a', { ...uuidBase })`)}`,
  );
  const federation = await loadFederation([noisy]);
  const plan = await planMigration({ previous: undefined, federation });
  assert.equal(plan.words, 'add_4_tables');
  await assert.rejects(
    planMigration({
      previous: undefined,
      federation,
      signal: AbortSignal.abort(new Error('enough')),
    }),
    /enough|aborted/,
  );
});

test('an index is never made concurrently: a migration is one transaction', async () => {
  await using scratch = await makeScratch(undefined, kit);
  const models = `pgTable('a', { ...uuidBase, x: text() }, (t) => [index().on(t.x).concurrently()])`;
  const plan = await scratch.plan({ one: extension('one', models) });
  assert.ok(plan.up.includes('CREATE INDEX "a_x_index" ON "a" ("x");'), plan.up.join('\n'));
});

test('a statement is told to be of its extension, there and back', async () => {
  await using scratch = await makeScratch(undefined, kit);
  const { next, up, down } = await scratch.plan(five);
  const owners = (statements: readonly string[]): ReadonlySet<string | undefined> =>
    new Set(statements.map((statement) => ownerOfStatement(statement, [undefined, next])));
  const all = new Set(['comments', 'core', 'embeddings', 'ledger', 'notes', 'zoo']);
  assert.deepEqual(owners(up), all);
  assert.deepEqual(owners(down), all);
  const commented = up.find((statement) => statement.startsWith('CREATE INDEX "comments')) ?? '';
  assert.equal(ownerOfStatement(commented, [next]), 'comments');
  assert.equal(ownerOfStatement('DROP INDEX "comments_note_index";', [next]), 'comments');
});

test('a table that stays may refer to one that is no model', async () => {
  await using scratch = await makeScratch(undefined, kit);
  const guest = `const items = pgTable('items_of_the_library', { ...uuidBase });
    ${extension('guest', `pgTable('guests', { ...uuidBase, item: uuid().references(() => items.id) })`)}`;
  await scratch.apply(await scratch.plan({ guest }));
  const plan = await scratch.plan({});
  assert.deepEqual([plan.up, plan.kept.map(({ entity }) => entity)], [[], ['table public.guests']]);
});
