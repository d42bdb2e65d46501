// The configuration on real files: what is found, read, completed and refused, and that each refusal names the key.
import { isFailure, type ErrorCode } from '@stillpoint/core';
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { findConfig, loadConfig, resolveConfig, type ResolvedConfig } from './index.ts';
import { isProtectedSetting } from './protected-settings.ts';

interface Project {
  readonly directory: string;
  repository(name: string): Promise<void>;
  write(file: string, text: string): Promise<string>;
  resolve(value: unknown, missingMembers?: 'refuse' | 'keep'): Promise<ResolvedConfig>;
}

async function makeProject(t: TestContext): Promise<Project> {
  const directory = await realpath(await mkdtemp(path.join(tmpdir(), 'stillpoint-config-')));
  t.after(() => rm(directory, { recursive: true, force: true }));
  return {
    directory,
    repository: async (name) => {
      // What makes a directory a repository to the configuration; git itself is the federation's matter.
      await mkdir(path.join(directory, name, '.git'), { recursive: true });
    },
    write: async (file, text) => {
      const place = path.join(directory, file);
      await mkdir(path.dirname(place), { recursive: true });
      await writeFile(place, text);
      return place;
    },
    resolve: (value, missingMembers = 'refuse') =>
      resolveConfig(value, { projectDirectory: directory, missingMembers }),
  };
}

async function refused(
  promise: Promise<unknown>,
  code: ErrorCode,
  ...words: string[]
): Promise<void> {
  await assert.rejects(promise, (error: unknown) => {
    assert.ok(isFailure(error, code), `expected ${code}, got ${String(error)}`);
    const text = `${error.message} ${error.hint}`;
    for (const word of words) assert.ok(text.includes(word), `"${word}" is not in "${text}"`);
    return true;
  });
}

const db = { driver: 'postgres' };

test('a small configuration is completed with defaults', async (t) => {
  const project = await makeProject(t);
  await project.repository('core');
  const config = await project.resolve({ members: ['core'], sources: { db } });
  assert.deepEqual(config, {
    projectDirectory: project.directory,
    members: [{ path: 'core', include: [] }],
    sources: [{ name: 'db', driver: 'postgres', database: 'app', settings: {} }],
    participants: [{ kind: 'lock', name: 'lock:db', source: 'db', guards: '*' }],
    freeze: { budgetMs: 2000, lockKey: 0x5354494c4cn },
    vault: path.join(project.directory, '.stillpoint', 'vault'),
  });
});

test('everything that can be written is read', async (t) => {
  const project = await makeProject(t);
  await project.repository('core');
  const config = await project.resolve({
    members: [{ path: './core/', include: ['.env', 'config/*.local'] }],
    sources: {
      db: {
        ...db,
        database: 'shop',
        port: 5544,
        settings: { work_mem: '8MB', jit: false, max_connections: 40 },
      },
    },
    participants: [
      { kind: 'lock', name: 'writers', guards: ['db'] },
      {
        kind: 'command',
        name: 'sim',
        suspend: 'kill -STOP 1',
        resume: 'kill -CONT 1',
        guards: ['core'],
      },
      { kind: 'http', name: 'app', suspend: 'http://127.0.0.1:1/s', resume: 'https://h/r' },
    ],
    freeze: { budget: '1.5s', lockKey: '-9223372036854775808' },
    vault: '../elsewhere',
  });
  assert.deepEqual(config.members, [{ path: 'core', include: ['.env', 'config/*.local'] }]);
  assert.deepEqual(config.sources[0]?.settings, {
    work_mem: '8MB',
    jit: 'off',
    max_connections: '40',
  });
  assert.deepEqual(
    config.participants.map((entry) => [entry.name, entry.kind, entry.guards]),
    [
      ['writers', 'lock', ['db']],
      ['sim', 'command', ['core']],
      ['app', 'http', '*'],
    ],
  );
  assert.deepEqual(config.freeze, { budgetMs: 1500, lockKey: -(2n ** 63n) });
  assert.equal(config.vault, path.join(path.dirname(project.directory), 'elsewhere'));
});

test('a lock that guards nothing is no participant', async (t) => {
  const project = await makeProject(t);
  const config = await project.resolve({
    sources: { db },
    participants: [{ kind: 'lock', guards: [] }],
  });
  assert.deepEqual(config.participants, []);
});

test('globs match git repositories only, and a literal path beside them keeps its include', async (t) => {
  const project = await makeProject(t);
  for (const name of ['extensions/b', 'extensions/a', 'extensions/node_modules/x', 'core'])
    await project.repository(name);
  await project.write('extensions/plain/file', '');
  const config = await project.resolve({
    members: ['extensions/**', { path: 'extensions/b', include: ['.env'] }, 'core', 'extensions/*'],
  });
  assert.deepEqual(config.members, [
    { path: 'core', include: [] },
    { path: 'extensions/a', include: [] },
    { path: 'extensions/b', include: ['.env'] },
  ]);
});

test('the project itself can be a member', async (t) => {
  const project = await makeProject(t);
  await project.repository('.');
  assert.deepEqual((await project.resolve({ members: ['.'] })).members, [
    { path: '.', include: [] },
  ]);
});

test('members that cannot be', async (t) => {
  const project = await makeProject(t);
  await project.repository('core');
  await project.write('plain/file', '');
  const outside = await realpath(await mkdtemp(path.join(tmpdir(), 'stillpoint-outside-')));
  t.after(() => rm(outside, { recursive: true, force: true }));
  await mkdir(path.join(outside, 'repo', '.git'), { recursive: true });
  await symlink(path.join(outside, 'repo'), path.join(project.directory, 'linked'));
  await symlink('core', path.join(project.directory, 'alias'));

  const members = (...list: unknown[]): Promise<unknown> => project.resolve({ members: list });
  await refused(members('gone'), 'MEMBER_MISSING', 'gone');
  await refused(members('plain'), 'MEMBER_NOT_REPOSITORY', 'plain');
  await refused(members('../up'), 'MEMBER_MISSING');
  await refused(members(path.join(outside, 'repo')), 'MEMBER_OUTSIDE_PROJECT', outside);
  await refused(members('linked'), 'MEMBER_OUTSIDE_PROJECT', 'linked', outside);
  await refused(members('link*'), 'MEMBER_OUTSIDE_PROJECT', outside);
  await refused(members('../*'), 'MEMBER_OUTSIDE_PROJECT');
  await refused(members('core', './core'), 'MEMBER_TWICE', './core');
  await refused(members('core', 'alias'), 'MEMBER_TWICE', 'alias');
  await refused(members('core/.git'), 'CONFIG_INVALID', '.git');
  await refused(
    members({ path: 'core', include: ['../x'] }),
    'CONFIG_INVALID',
    'members[0].include',
  );
});

test('a deleted member is kept for the commands that bring it back', async (t) => {
  const project = await makeProject(t);
  const config = await project.resolve({ members: ['gone', 'extensions/*'] }, 'keep');
  assert.deepEqual(config.members, [{ path: 'gone', include: [] }]);
  await refused(project.resolve({ members: ['../gone'] }, 'keep'), 'MEMBER_OUTSIDE_PROJECT');
});

const invalid: readonly [string, unknown, ...string[]][] = [
  ['no object', undefined, 'the default export', 'missing'],
  ['members of a wrong type', { members: 'core' }, 'members', 'a list', '"core"'],
  ['a number as member', { members: [3] }, 'members[0]', '3'],
  [
    'an unknown driver',
    { sources: { db: { driver: 'mysql' } } },
    'sources.db.driver',
    "'postgres'",
    '"mysql"',
  ],
  [
    'a port as text',
    { sources: { db: { ...db, port: '5432' } } },
    'sources.db.port',
    '65535',
    '"5432"',
  ],
  ['a port out of range', { sources: { db: { ...db, port: 70_000 } } }, 'sources.db.port', '70000'],
  [
    'a port twice',
    { sources: { a: { ...db, port: 5000 }, b: { ...db, port: 5000 } } },
    'sources.b.port',
    'sources.a',
  ],
  [
    'a reserved database',
    { sources: { db: { ...db, database: 'postgres' } } },
    'sources.db.database',
  ],
  ['a bad source name', { sources: { 'My Db': db } }, 'sources.My Db'],
  [
    'names that become one variable',
    { sources: { 'a-b': db, a_b: db } },
    'sources.a_b',
    'sources.a-b',
  ],
  [
    'a setting with two lines',
    { sources: { db: { ...db, settings: { work_mem: '1\nport=1' } } } },
    'settings.work_mem',
  ],
  [
    'a setting of no name',
    { sources: { db: { ...db, settings: { 'a = b': '1' } } } },
    'settings.a = b',
  ],
  ['a budget without unit', { freeze: { budget: '2' } }, 'freeze.budget', "'2s'", '"2"'],
  ['a budget out of range', { freeze: { budget: '1h' } }, 'freeze.budget', '10m'],
  ['a lock key that is too large', { freeze: { lockKey: 2n ** 63n } }, 'freeze.lockKey', '64 bits'],
  [
    'an unknown participant',
    { participants: [{ kind: 'prayer' }] },
    'participants[0].kind',
    '"prayer"',
  ],
  [
    'no resume',
    { participants: [{ kind: 'command', name: 'x', suspend: 'a' }] },
    'participants[0].resume',
    'missing',
  ],
  [
    'no web address',
    { participants: [{ kind: 'http', name: 'x', suspend: 'file:///x', resume: 'http://h' }] },
    'participants[0].suspend',
    'http://',
  ],
  ['a lock without a source', { participants: [{ kind: 'lock' }] }, 'participants[0].source'],
  [
    'a lock on which of two',
    { sources: { a: db, b: db }, participants: [{ kind: 'lock' }] },
    'participants[0].source',
    'a, b',
  ],
  [
    'an unknown guard',
    { sources: { db }, participants: [{ kind: 'lock', guards: ['bd'] }] },
    'participants[0].guards[0]',
    '"bd"',
  ],
  [
    'a guard of a wrong type',
    { sources: { db }, participants: [{ kind: 'lock', guards: [1] }] },
    'participants[0].guards[0]',
  ],
  [
    'names twice',
    {
      sources: { db },
      participants: [{ kind: 'command', name: 'lock:db', suspend: 'a', resume: 'b' }],
    },
    'participants',
    'lock:db',
  ],
  ['a vault on the moon', { vault: 's3://bucket' }, 'vault', 's3://bucket'],
];

for (const [name, value, ...words] of invalid) {
  test(`refused with the key and what was expected: ${name}`, async (t) => {
    const project = await makeProject(t);
    await refused(project.resolve(value), 'CONFIG_INVALID', ...words);
  });
}

test('a vault inside a member would hold itself', async (t) => {
  const project = await makeProject(t);
  await project.repository('.');
  await refused(
    project.resolve({ members: ['.'], vault: 'backup' }),
    'CONFIG_INVALID',
    'vault',
    'member .',
  );
  const config = await project.resolve({ members: ['.'], vault: '.stillpoint/other' });
  assert.equal(config.vault, path.join(project.directory, '.stillpoint/other'));
});

test('unknown keys come with the nearest known one', async (t) => {
  const project = await makeProject(t);
  const resolve = (value: unknown): Promise<unknown> => project.resolve(value);
  await refused(resolve({ membres: [] }), 'CONFIG_UNKNOWN_KEY', 'membres', 'Did you mean members?');
  await refused(
    resolve({ sources: { db: { ...db, prot: 1 } } }),
    'CONFIG_UNKNOWN_KEY',
    'sources.db.prot',
    'sources.db.port?',
  );
  await refused(
    resolve({ freeze: { qqqqqq: 1 } }),
    'CONFIG_UNKNOWN_KEY',
    'Known here: budget, lockKey',
  );
  await refused(
    resolve({
      participants: [{ kind: 'command', name: 'x', suspend: 'a', resume: 'b', guard: '*' }],
    }),
    'CONFIG_UNKNOWN_KEY',
    'participants[0].guards?',
  );
});

test('settings that Stillpoint rests on are refused whatever their case', async (t) => {
  const project = await makeProject(t);
  const resolve = (value: unknown): Promise<unknown> => project.resolve(value);
  for (const setting of [
    'wal_level',
    'FSYNC',
    'listen_addresses',
    'recovery_target_lsn',
    'archive_command',
  ]) {
    await refused(
      resolve({ sources: { db: { ...db, settings: { [setting]: 'x' } } } }),
      'SETTING_PROTECTED',
      setting,
    );
  }
  assert.equal(isProtectedSetting('shared_buffers'), false);
});

test('a TypeScript file is loaded where there is no node_modules, in any kind of package', async (t) => {
  const project = await makeProject(t);
  await project.repository('core');
  await project.write('package.json', '{"type":"commonjs"}');
  await project.write('names.mts', "export const core: string = 'core';");
  const file = await project.write(
    'stillpoint.config.ts',
    `import { defineConfig, type UserConfig } from 'stillpoint';
     import { core } from './names.mts';
     const config: UserConfig = defineConfig({ members: [core] });
     export default config;`,
  );
  const config = await loadConfig(file);
  assert.deepEqual(config.members, [{ path: 'core', include: [] }]);
  assert.equal(config.configFile, file);
});

test('JavaScript and JSON are read too', async (t) => {
  const project = await makeProject(t);
  const js = await project.write(
    'a/stillpoint.config.js',
    'export default { sources: { db: { driver: "postgres" } } };',
  );
  const json = await project.write(
    'b/stillpoint.config.json',
    '{ "sources": { "db": { "driver": "postgres" } } }',
  );
  assert.equal((await loadConfig(js)).sources.length, 1);
  assert.equal((await loadConfig(json)).sources.length, 1);
});

test('a file that cannot be read says where', async (t) => {
  const project = await makeProject(t);
  const bad = async (file: string, text: string, ...words: string[]): Promise<void> =>
    refused(loadConfig(await project.write(file, text)), 'CONFIG_UNREADABLE', ...words);
  await bad('a/stillpoint.config.ts', 'export default {\n  members: [,\n};;}', 'line ');
  await bad(
    'b/stillpoint.config.json',
    '{\n  "vault": ".stillpoint/vault",\n  "members": ["core",],\n  "sources": {}\n}',
    'line 3',
  );
  await bad('f/stillpoint.config.js', 'export default {\n a: 1,,\n}', 'line 2');
  await bad('c/stillpoint.config.ts', "import './gone.ts';\nexport default {};", 'gone.ts');
  await bad('d/stillpoint.config.ts', "\nthrow new Error('no luck');", 'no luck', 'line 2');
  await bad('e/stillpoint.config.ts', 'enum Kind { A }\nexport default {};', 'enum');
});

test('the nearest configuration upwards is found', async (t) => {
  const project = await makeProject(t);
  const outer = await project.write('stillpoint.config.json', '{}');
  const deep = path.join(project.directory, 'a/b');
  await mkdir(deep, { recursive: true });
  assert.equal(await findConfig(deep), outer);
  await refused(findConfig(deep, { walk: false }), 'CONFIG_MISSING', deep);
  const inner = await project.write('a/stillpoint.config.mts', '');
  await project.write('a/stillpoint.config.json', '{}');
  assert.equal(await findConfig(deep), inner);
});

test('a project reached through a symlink is the same project', async (t) => {
  const project = await makeProject(t);
  await project.repository('real/core');
  await symlink('real', path.join(project.directory, 'link'));
  const config = await resolveConfig(
    { members: ['core'] },
    { projectDirectory: path.join(project.directory, 'link') },
  );
  assert.equal(config.projectDirectory, path.join(project.directory, 'real'));
  assert.deepEqual(config.members, [{ path: 'core', include: [] }]);
});
