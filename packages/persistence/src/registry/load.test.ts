// Extensions in member directories: found, loaded, put in order; and each thing that can be wrong with one, by its name.
import { catalogue, isFailure, type ErrorCode } from '@stillpoint/core';
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import type { Federation } from './contract.ts';
import { loadFederation } from './load.ts';
import { makeMembers } from './testing/members.ts';

const table = (name: string, rest = '') => `pgTable('${name}', { ...uuidBase, ${rest} })`;

function refusal(code: ErrorCode, ...words: readonly string[]): (error: unknown) => boolean {
  return (error) => {
    assert.ok(isFailure(error, code), `${code}, not ${String(error)}`);
    for (const word of words) assert.ok(error.message.includes(word), `${error.message}: ${word}`);
    assert.doesNotMatch(error.message + error.hint, /\{/, catalogue[code].message);
    return true;
  };
}

test('whatever the order of members: core first, tables by owner, schema and name', async () => {
  await using members = await makeMembers();
  const zoo = await members.add(
    'zoo',
    `const own = pgSchema('zoo');
     export default defineExtension({ name: 'zoo', models: [${table('zoo_b')}, own.table('a', { ...uuidBase })],
       setup(context) { context.registerModel(${table('zoo_a')}); } });`,
  );
  const ant = await members.add(
    'ant',
    `const vectors = pgSchema('vectors');
     export default defineExtension({ name: 'ant', models: [vectors.table('ants', { ...uuidBase })] });`,
  );
  const none = path.join(members.directory, 'none');
  await mkdir(none);
  await writeFile(path.join(zoo, 'package.json'), '{ "version": "1.2.3" }');
  const one = await loadFederation([{ directory: zoo, commit: 'abc' }, none, ant]);
  const other = await loadFederation([ant, ant, zoo, none]);
  const places = ({ tables }: Federation) =>
    tables.map(({ owner, schema, name }) => `${owner} ${schema}.${name}`);
  assert.deepEqual(places(one), [
    'ant vectors.ants',
    'core public.extensions',
    'core public.settings',
    'core public.users',
    'zoo public.zoo_a',
    'zoo public.zoo_b',
    'zoo zoo.a',
  ]);
  assert.deepEqual(places(other), places(one));
  assert.deepEqual(
    one.extensions.map(({ name, version, commit }) => [name, version, commit]),
    [
      ['core', undefined, undefined],
      ['ant', undefined, undefined],
      ['zoo', '1.2.3', 'abc'],
    ],
  );
});

test('package.json may name the file, inside of the directory', async () => {
  await using members = await makeMembers();
  const notes = await members.add('notes', `export default { name: 'left-alone' };`);
  await mkdir(path.join(notes, 'src'));
  await writeFile(path.join(notes, 'src/tables.ts'), `export const name: string = 'named';`);
  await writeFile(
    path.join(notes, 'src/extension.ts'),
    `import { name } from './tables.ts';\nexport default { name };`,
  );
  const packageFile = path.join(notes, 'package.json');
  await writeFile(packageFile, '{ "stillpoint": { "extension": "./src/extension.ts" } }');
  assert.equal((await loadFederation([notes])).extensions[1]?.name, 'named');
  await writeFile(packageFile, '{ "stillpoint": { "extension": "../../x.ts" } }');
  await assert.rejects(loadFederation([notes]), refusal('MODEL_EXTENSION_UNREADABLE', 'x.ts'));
  await writeFile(path.join(members.directory, 'x.ts'), '');
  await assert.rejects(loadFederation([notes]), refusal('MODEL_EXTENSION_INVALID', 'outside'));
  await writeFile(packageFile, '{ "stillpoint"');
  await assert.rejects(loadFederation([notes]), refusal('MODEL_EXTENSION_UNREADABLE', 'package'));
});

const broken: readonly [string, string, ErrorCode, ...string[]][] = [
  ['throws', `throw new Error('no luck');`, 'MODEL_EXTENSION_UNREADABLE', 'bad/', 'no luck'],
  ['does not parse', `export default {`, 'MODEL_EXTENSION_UNREADABLE', 'bad/'],
  ['exports nothing', `export const x = 1;`, 'MODEL_EXTENSION_INVALID', 'default export'],
  ['has a bad name', `export default { name: 'A b' };`, 'MODEL_EXTENSION_INVALID', 'name'],
  ['says it is core', `export default { name: 'core' };`, 'MODEL_EXTENSION_INVALID', 'core'],
  [
    'has half a rename',
    `export default { name: 'bad', renames: [{ kind: 'column', from: 'a', to: 'b' }] };`,
    'MODEL_EXTENSION_INVALID',
    'renames[0]',
  ],
  [
    'fails in setup',
    `export default { name: 'bad', async setup() { throw new Error('no luck'); } };`,
    'MODEL_SETUP_FAILED',
    'bad',
    'no luck',
  ],
  [
    'has a model without the base',
    `export default { name: 'bad', models: [pgTable('t', { id: uuid().primaryKey() })] };`,
    'MODEL_WITHOUT_BASE',
    'bad',
    'model t',
    'id',
  ],
  [
    'changed the base',
    `export default { name: 'bad', models: [pgTable('t', { ...uuidBase, version: text() })] };`,
    'MODEL_WITHOUT_BASE',
    'version is text',
  ],
  [
    'registers what is no table',
    `export default { name: 'bad', setup(context) { context.registerModel('t'); } };`,
    'MODEL_WITHOUT_BASE',
    'no table',
  ],
  [
    'claims a chamber',
    `export default { name: 'bad', models: [pgSchema('queue').table('t', { ...uuidBase })] };`,
    'MODEL_CHAMBER_CLAIMED',
    'bad',
    'queue.t',
  ],
  [
    'claims a table of core',
    `export default { name: 'bad', models: [${table('users')}] };`,
    'MODEL_COLLISION',
    'bad',
    'core',
    'public.users',
  ],
  [
    'has a name that is too long',
    `export default { name: 'bad', models: [${table('ü'.repeat(32))}] };`,
    'MODEL_NAME_TOO_LONG',
    'bad',
    '64 bytes',
  ],
];

for (const [what, source, code, ...words] of broken)
  test(`an extension that ${what} is refused`, async () => {
    await using members = await makeMembers();
    const bad = await members.add('bad', source);
    await assert.rejects(loadFederation([bad]), refusal(code, ...words));
  });

const collisions: readonly [string, string, string, ...string[]][] = [
  ['a table', table('same'), table('same'), 'table public.same'],
  [
    'a schema',
    `pgSchema('own').table('a', { ...uuidBase })`,
    `pgSchema('own').table('b', { ...uuidBase })`,
    'schema own',
  ],
  [
    'a name behind the cut',
    table(`${'x'.repeat(63)}1`),
    table(`${'x'.repeat(63)}2`),
    `table public.${'x'.repeat(63)}2`,
    '63 bytes',
  ],
];

for (const [what, first, second, ...words] of collisions)
  test(`two extensions that want ${what} are both named`, async () => {
    await using members = await makeMembers();
    const one = await members.add('one', `export default { name: 'one', models: [${first}] };`);
    const two = await members.add('two', `export default { name: 'two', models: [${second}] };`);
    await assert.rejects(
      loadFederation([two, one]),
      refusal('MODEL_COLLISION', 'one', 'two', ...words),
    );
  });

test('one name in two members is refused', async () => {
  await using members = await makeMembers();
  const one = await members.add('one', `export default { name: 'same' };`);
  const two = await members.add('two', `export default { name: 'same' };`);
  await assert.rejects(loadFederation([one, two]), refusal('MODEL_EXTENSION_TWICE', one, two));
});

test('registering ends with setup', async () => {
  await using members = await makeMembers();
  const late = await members.add(
    'late',
    `export const kept = [];
     export default { name: 'late', setup(context) { globalThis.lateContext = context; } };`,
  );
  await loadFederation([late]);
  const { lateContext } = globalThis as unknown as {
    lateContext: { registerModel(model: unknown): void };
  };
  assert.throws(
    () => lateContext.registerModel('notes'),
    refusal('MODEL_SETUP_CLOSED', 'late', 'notes'),
  );
});

test('a table of a part of the library is not free', async () => {
  await using members = await makeMembers();
  const bad = await members.add(
    'bad',
    `export default { name: 'bad', models: [pgSchema('vectors').table('items', { ...uuidBase })] };`,
  );
  const part = {
    name: 'memory',
    schema: 'vectors',
    steps: [],
    expects: [{ kind: 'grants', table: 'vectors.items', privileges: [] }],
  } as const;
  await assert.rejects(
    loadFederation([bad], { parts: [part] }),
    refusal('MODEL_COLLISION', 'memory', 'bad', 'vectors.items'),
  );
});
