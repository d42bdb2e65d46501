// A federation of core and five extensions through its life: added, altered, renamed, removed, installed again, colliding, failing.
// Statements run on a real server; each way back leaves the schema as it was.
import { isFailure, type ErrorCode } from '@stillpoint/core';
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { openTestDatabase } from '../database/testing/index.ts';
import { loadFederation } from '../registry/index.ts';
import { makeMembers } from '../registry/testing/members.ts';
import { startKit } from './kit/kit.ts';
import { planMigration } from './plan.ts';
import { schemaText } from './testing/schema-text.ts';
import { makeScratch, type Sources } from './testing/scratch.ts';

const kit = startKit();
after(() => kit[Symbol.asyncDispose]());

function refusal(code: ErrorCode, ...words: readonly string[]): (error: unknown) => boolean {
  return (error) => {
    assert.ok(isFailure(error, code), `${code}, not ${String(error)}`);
    const text = `${error.message} ${error.hint}`;
    for (const word of words) assert.ok(text.includes(word), `${text}: ${word}`);
    return true;
  };
}

const extension = (name: string, models: string, more = ''): string =>
  `export default defineExtension({ name: '${name}', models: [${models}], ${more} });`;

const notes = (columns: string, more = ''): string =>
  `export const mood = pgEnum('mood', ['calm', 'wild']);
   export const notes = pgTable('notes', { ...uuidBase, ${columns} });
   ${extension('notes', 'notes', more)}`;

const five: Sources = {
  notes: notes(`title: text().notNull().unique(), mood: mood().default('calm')`),
  // Before notes in the order, and refers to it.
  comments: `import { notes } from '../notes/stillpoint.extension.ts';
    const comments = pgTable('comments', { ...uuidBase, note: uuid().notNull().references(() => notes.id), text: text() },
      (table) => [index().on(table.note)]);
    ${extension('comments', 'comments')}`,
  embeddings: `import { notes } from '../notes/stillpoint.extension.ts';
    const embeddings = pgSchema('vectors').table('embeddings', { ...uuidBase, note: uuid().references(() => notes.id), tags: text().array() });
    ${extension('embeddings', 'embeddings')}`,
  ledger: `const own = pgSchema('ledger');
    const kind = own.enum('kind', ['in', 'out']);
    const entries = own.table('entries', { ...uuidBase, kind: kind().notNull(), amount: integer().notNull().default(0) },
      (table) => [check('entries_amount', sql\`\${table.amount} >= 0\`)]);
    ${extension('ledger', 'entries')}`,
  zoo: `import { users } from '@stillpoint/persistence';
    const animals = pgTable('animals', { ...uuidBase, keeper: uuid().references(() => users.id) });
    ${extension('zoo', 'animals')}`,
};

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

test('a rename that nobody declared is a question, with the line that answers it', async () => {
  await using scratch = await makeScratch(undefined, kit);
  await scratch.apply(await scratch.plan({ notes: notes(`title: text()`) }));
  await assert.rejects(
    scratch.plan({ notes: notes(`heading: text()`) }),
    refusal(
      'MIGRATION_RENAME_OR_DROP',
      'public.notes.heading',
      'public.notes.title',
      `{ kind: 'column', table: 'public.notes', from: 'title', to: 'heading' }`,
      'drop public.notes.title',
    ),
  );
  const said = await scratch.plan(
    { notes: notes(`heading: text()`) },
    { accept: ['drop public.notes.title'] },
  );
  assert.deepEqual(said.up, [
    'ALTER TABLE "notes" ADD COLUMN "heading" text;',
    'ALTER TABLE "notes" DROP COLUMN "title";',
  ]);
  const memos = `const memos = pgTable('memos', { ...uuidBase, title: text() }); ${extension('notes', 'memos')}`;
  await assert.rejects(
    scratch.plan({ notes: memos }),
    refusal(
      'MIGRATION_RENAME_OR_DROP',
      'public.memos',
      `{ kind: 'table', from: 'public.notes', to: 'public.memos' }`,
    ),
  );
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

test('only its owner renames a table, and not into what belongs to another', async () => {
  await using scratch = await makeScratch(undefined, kit);
  const { notes: ownNotes = '', zoo = '' } = five;
  await scratch.apply(await scratch.plan({ notes: ownNotes, zoo }));
  const thief = extension(
    'thief',
    `pgTable('stolen', { ...uuidBase })`,
    `renames: [{ kind: 'table', from: 'animals', to: 'stolen' }]`,
  );
  await assert.rejects(
    scratch.plan({ notes: ownNotes, thief }),
    refusal('MIGRATION_RENAME_FOREIGN', 'thief', 'zoo', 'animals'),
  );
  const given = extension('zoo', '', `renames: [{ kind: 'table', from: 'animals', to: 'stolen' }]`);
  const taker = extension('taker', `pgTable('stolen', { ...uuidBase })`);
  await assert.rejects(
    scratch.plan({ zoo: given, taker }),
    refusal('MIGRATION_RENAME_INVALID', 'zoo', 'taker'),
  );
});

test('a rename beside something new under the old name is refused: whose the rows are would be a guess', async () => {
  await using scratch = await makeScratch(undefined, kit);
  await scratch.apply(await scratch.plan({ notes: notes('a: text()') }));
  const column = `renames: [{ kind: 'column', table: 'notes', from: 'a', to: 'b' }]`;
  await assert.rejects(
    scratch.plan({ notes: notes('a: text(), b: text()', column) }),
    refusal('MIGRATION_RENAME_INVALID', 'public.notes.a', 'public.notes.b', 'notes'),
  );
  const both = `const [one, two] = ['notes', 'memos'].map((name) => pgTable(name, { ...uuidBase, a: text() }));
    ${extension('notes', 'one, two', `renames: [{ kind: 'table', from: 'notes', to: 'memos' }]`)}`;
  await assert.rejects(
    scratch.plan({ notes: both }),
    refusal('MIGRATION_RENAME_INVALID', 'public.notes', 'public.memos'),
  );
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

test('two columns cannot become one', async () => {
  await using scratch = await makeScratch(undefined, kit);
  await scratch.apply(await scratch.plan({ notes: notes('a: text(), b: text()') }));
  const log = `renames: [{ kind: 'column', table: 'notes', from: 'a', to: 'c' }, { kind: 'column', table: 'notes', from: 'b', to: 'c' }]`;
  await assert.rejects(
    scratch.plan({ notes: notes('c: text()', log) }),
    refusal('MIGRATION_RENAME_INVALID', 'public.notes.a', 'public.notes.b'),
  );
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

const collisions: readonly [string, string, string, ...string[]][] = [
  [
    'an index',
    `pgTable('a', { ...uuidBase, x: text() }, (t) => [index('same').on(t.x)])`,
    `pgTable('b', { ...uuidBase, x: text() }, (t) => [index('same').on(t.x)])`,
    'index public.same',
  ],
  [
    'an index that nobody named',
    `pgTable('a_b', { ...uuidBase, c: text() }, (t) => [index().on(t.c)])`,
    `pgTable('a', { ...uuidBase, b_c: text() }, (t) => [index().on(t.b_c)])`,
    'a_b_c_i',
  ],
  [
    'a constraint',
    `pgTable('a', { ...uuidBase, x: text().unique('same') })`,
    `pgTable('b', { ...uuidBase, x: text().unique('same') })`,
    'unique constraint public.same',
  ],
  [
    'a table and an index',
    `pgTable('a', { ...uuidBase, x: text() }, (t) => [index('b').on(t.x)])`,
    `pgTable('b', { ...uuidBase })`,
    'table public.b',
    'index public.b',
  ],
  [
    'an enum',
    `pgTable('a', { ...uuidBase, x: pgEnum('same', ['p'])() })`,
    `pgTable('b', { ...uuidBase, x: pgEnum('same', ['q'])() })`,
    'enum public.same',
  ],
  [
    'an enum and a table',
    `pgTable('a', { ...uuidBase, x: pgEnum('b', ['p'])() })`,
    `pgTable('b', { ...uuidBase })`,
    'public.b',
  ],
];

for (const [what, first, second, ...words] of collisions)
  test(`two extensions that want ${what} are both named`, async () => {
    await using scratch = await makeScratch(undefined, kit);
    await assert.rejects(
      scratch.plan({ one: extension('one', first), two: extension('two', second) }),
      refusal('MODEL_COLLISION', 'one', 'two', ...words),
    );
  });

test('what is wrong inside of one extension names it, and costs no process but the planner’s', async () => {
  await using scratch = await makeScratch(undefined);
  const twice = extension(
    'twice',
    `pgTable('a', { ...uuidBase, x: text() }, (t) => [index('same').on(t.x), index('same').on(t.id)])`,
  );
  await assert.rejects(
    scratch.plan({ twice }),
    refusal('MIGRATION_MODEL_REFUSED', 'twice', 'table public.a', 'same'),
  );
});

test('an enum in a closed chamber is refused', async () => {
  await using scratch = await makeScratch(undefined, kit);
  const bad = extension(
    'bad',
    `pgTable('a', { ...uuidBase, x: pgSchema('queue').enum('state', ['p'])() })`,
  );
  await assert.rejects(
    scratch.plan({ bad }),
    refusal('MODEL_CHAMBER_CLAIMED', 'bad', 'enum queue.state'),
  );
});

test('names that Postgres would cut or the kit would not quote are refused', async () => {
  for (const [models, code] of [
    [
      `pgTable('a', { ...uuidBase, x: text() }, (t) => [index('${'x'.repeat(64)}').on(t.x)])`,
      'MODEL_NAME_TOO_LONG',
    ],
    [`pgTable('a', { ...uuidBase, ['x" y']: text() })`, 'MODEL_NAME_UNUSABLE'],
  ] as const) {
    await using scratch = await makeScratch(undefined, kit);
    await assert.rejects(scratch.plan({ bad: extension('bad', models) }), refusal(code, 'bad'));
  }
});

test('a snapshot that is not ours is refused', async () => {
  await using scratch = await makeScratch(undefined, kit);
  const previous = { format: 1, version: '10', entities: [], owners: {} } as const;
  await assert.rejects(scratch.plan({}, { previous }), refusal('MIGRATION_SNAPSHOT_UNKNOWN', '10'));
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
