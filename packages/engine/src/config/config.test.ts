import { isFailure } from '@stillpoint/core';
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, realpath, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { findConfig, loadConfig, resolveConfig } from './index.ts';
import { makeProject, refused } from './testing/project.ts';

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
    vault: {
      place: {
        kind: 'directory',
        directory: path.join(project.directory, '.stillpoint', 'vault'),
      },
    },
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
        walLimit: '1.5 GiB',
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
      { kind: 'queue' },
    ],
    freeze: { budget: '1.5s', lockKey: '-9223372036854775808' },
    vault: '../elsewhere',
  });
  assert.deepEqual(config.members, [{ path: 'core', include: ['.env', 'config/*.local'] }]);
  const [source] = config.sources;
  assert.ok(source?.driver === 'postgres');
  assert.deepEqual(source.settings, {
    work_mem: '8MB',
    jit: 'off',
    max_connections: '40',
  });
  assert.equal(source.walLimitBytes, 1536 * 1024 ** 2);
  assert.deepEqual(
    config.participants.map((entry) => [entry.name, entry.kind, entry.guards]),
    [
      ['writers', 'lock', ['db']],
      ['sim', 'command', ['core']],
      ['app', 'http', '*'],
      ['queue:db', 'queue', '*'],
    ],
  );
  assert.deepEqual(config.freeze, { budgetMs: 1500, lockKey: -(2n ** 63n) });
  const directory = path.join(path.dirname(project.directory), 'elsewhere');
  assert.deepEqual(config.vault, { place: { kind: 'directory', directory } });
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
  await refused(members('../up'), 'MEMBER_OUTSIDE_PROJECT');
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

test('paths that the system does not follow are refused by their key', async (t) => {
  const project = await makeProject(t);
  await project.write('file', '');
  await symlink('circle', path.join(project.directory, 'circle'));
  const long = 'x'.repeat(5000);
  await refused(project.resolve({ members: ['circle'] }), 'CONFIG_INVALID', 'members', 'ELOOP');
  await refused(project.resolve({ members: [long] }), 'CONFIG_INVALID', 'ENAMETOOLONG');
  await refused(project.resolve({ vault: 'file/vault' }), 'CONFIG_INVALID', 'vault', 'ENOTDIR');
  await refused(project.resolve({ vault: 'circle/vault' }), 'CONFIG_INVALID', 'vault', 'ELOOP');
});

test('a deleted member is kept for the commands that bring it back', async (t) => {
  const project = await makeProject(t);
  const config = await project.resolve({ members: ['gone', 'extensions/*'] }, 'keep');
  assert.deepEqual(config.members, [{ path: 'gone', include: [] }]);
  await refused(project.resolve({ members: ['../gone'] }, 'keep'), 'MEMBER_OUTSIDE_PROJECT');
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

test('a file that is no JSON is not quoted: it may hold a password', async (t) => {
  const project = await makeProject(t);
  for (const text of ['{"vault":postgresql://u:s3cret@h/d}', '{\n"url": ":s3cret@h" "a": 1\n}']) {
    const file = await project.write('stillpoint.config.json', text);
    await assert.rejects(loadConfig(file), (error: unknown) => {
      assert.ok(isFailure(error, 'CONFIG_UNREADABLE'));
      assert.doesNotMatch(JSON.stringify([error, error.message, error.hint]), /s3cret/);
      assert.equal(error.cause, undefined);
      return true;
    });
  }
});

test('a module that throws when it is looked at is one that cannot be read', async (t) => {
  const project = await makeProject(t);
  const js = await project.write(
    'stillpoint.config.js',
    "export default { get vault() { throw new RangeError('not now'); } };",
  );
  await refused(loadConfig(js), 'CONFIG_UNREADABLE', 'not now');
  const odd = { vault: { length: Symbol.iterator } };
  await refused(project.resolve(odd), 'CONFIG_UNREADABLE');
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
