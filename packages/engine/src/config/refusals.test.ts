import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { isProtectedSetting } from './protected-settings.ts';
import { makeProject, refused } from './testing/project.ts';

const db = { driver: 'postgres' };

const managed = (keys: object): unknown => ({ sources: { db: { ...db, ...keys } } });

const invalid: readonly [string, unknown, ...string[]][] = [
  ['no object', undefined, 'the default export', 'missing'],
  ['members of a wrong type', { members: 'core' }, 'members', 'a list', '"core"'],
  ['a glob that multiplies', { members: ['{a,b}'.repeat(22)] }, 'members[0]', 'at most 3 braces'],
  ['a glob of a long range', { members: ['{1..1000000}'] }, 'members[0]', 'without ranges'],
  ['a glob that goes back and back', { members: ['*a'.repeat(20)] }, 'members[0]', '8 stars'],
  ['a glob of nested groups', { members: ['+(+(a)+(a))x'] }, 'members[0]', 'no nested groups'],
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
  ['a WAL limit without unit', managed({ walLimit: '512' }), 'sources.db.walLimit', "'4GiB'"],
  ['a WAL limit as number', managed({ walLimit: 5e9 }), 'sources.db.walLimit', '5000000000'],
  ['a WAL limit too small', managed({ walLimit: '64MB' }), 'from 256MiB to 16TiB', '"64MB"'],
  ['a WAL limit too large', managed({ walLimit: '17TiB' }), 'sources.db.walLimit', '"17TiB"'],
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
    'a queue in files',
    {
      sources: { f: { driver: 'files', path: 'f' } },
      participants: [{ kind: 'queue', source: 'f' }],
    },
    'participants[0].source',
  ],
  ['two managed databases', { sources: { a: db, b: db } }, 'sources', 'a, b'],
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
  ['a vault on the moon', { vault: 'moon://bucket' }, 'vault', 'moon://bucket'],
  ['a vault without a place', { vault: { encryption: 'none' } }, 'vault.url', 'missing'],
  [
    'a passphrase in the configuration',
    { vault: { url: 'v', encryption: { passphrase: 'correct horse battery' } } },
    'vault.encryption.passphrase',
    '{ file }, { command } or { env }',
  ],
  [
    'a command in one text',
    { vault: { url: 'v', encryption: { passphrase: { command: 'pass show' } } } },
    'vault.encryption.passphrase.command',
    'a program and its arguments',
  ],
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
  const directory = path.join(project.directory, '.stillpoint/other');
  assert.deepEqual(config.vault, { place: { kind: 'directory', directory } });
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
