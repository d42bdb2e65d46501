// `copies` as they may be written: each is a vault with a place of its own.
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { makeProject, refused } from './testing/project.ts';

test('copies are vaults, written as the vault is', async (t) => {
  const project = await makeProject(t);
  const far = path.join(path.dirname(project.directory), 'far');
  const { copies } = await project.resolve({
    copies: ['../far', { url: 's3://bucket/copy', encryption: { passphrase: { env: 'KEY' } } }],
  });
  assert.deepEqual(copies?.[0], { place: { kind: 'directory', directory: far } });
  assert.deepEqual(copies?.[1]?.encryption, { passphrase: { env: 'KEY' } });
  assert.equal((await project.resolve({})).copies, undefined);
});

test('a copy in the place of the vault or of another copy is no copy', async (t) => {
  const project = await makeProject(t);
  const cases: readonly (readonly [object, string])[] = [
    [{ vault: '../a', copies: ['../a'] }, 'copies[0]'],
    [{ copies: ['../a', '../b', '../a'] }, 'copies[2]'],
  ];
  for (const [config, key] of cases) {
    await refused(project.resolve(config), 'CONFIG_INVALID', key, 'a place of its own');
  }
  await refused(
    project.resolve({ copies: [{ url: '../a', encrypt: 'none' }] }),
    'CONFIG_UNKNOWN_KEY',
    'copies[0].encrypt',
    'encryption',
  );
});
