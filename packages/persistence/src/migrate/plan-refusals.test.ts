// What is not planned: open questions, renames that cannot be followed, collisions of each kind, extensions that fail. Each refusal
// names who it is about.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startKit } from './kit/kit.ts';
import { extension, five, notes, refusal } from './testing/extensions.ts';
import { makeScratch } from './testing/scratch.ts';

const kit = startKit();
after(() => kit[Symbol.asyncDispose]());

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

test('two columns cannot become one', async () => {
  await using scratch = await makeScratch(undefined, kit);
  await scratch.apply(await scratch.plan({ notes: notes('a: text(), b: text()') }));
  const log = `renames: [{ kind: 'column', table: 'notes', from: 'a', to: 'c' }, { kind: 'column', table: 'notes', from: 'b', to: 'c' }]`;
  await assert.rejects(
    scratch.plan({ notes: notes('c: text()', log) }),
    refusal('MIGRATION_RENAME_INVALID', 'public.notes.a', 'public.notes.b'),
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

test('models that differ from load to load are not planned', async () => {
  await using scratch = await makeScratch(undefined, kit);
  const fickle = extension('fickle', `pgTable('t' + process.pid, { ...uuidBase })`);
  await assert.rejects(
    scratch.plan({ fickle }),
    refusal('MIGRATION_PLANNER_FAILED', `public.t${process.pid} of fickle`),
  );
});
