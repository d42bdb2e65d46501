// `vault` as it may be written, and what comes out.
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { makeProject, refused } from './testing/project.ts';

test('a passphrase from a file, a command or the environment; paths are absolute', async (t) => {
  const project = await makeProject(t);
  const directory = path.join(project.directory, '.stillpoint', 'kept');
  const resolve = async (encryption: unknown): Promise<unknown> =>
    (await project.resolve({ vault: { url: '.stillpoint/kept', encryption } })).vault;
  const place = { kind: 'directory', directory };

  assert.deepEqual(await resolve(undefined), { place });
  assert.deepEqual(await resolve('none'), { place, encryption: 'none' });
  const file = path.join(path.dirname(project.directory), 'key');
  assert.deepEqual(await resolve({ passphrase: { file: '../key' } }), {
    place,
    encryption: { passphrase: { file } },
  });
  assert.deepEqual(await resolve({ passphrase: { command: ['pass', 'show', 'shop'] } }), {
    place,
    encryption: {
      passphrase: { command: ['pass', 'show', 'shop'], directory: project.directory },
    },
  });
  assert.deepEqual(await resolve({ passphrase: { env: 'VAULT_KEY' } }), {
    place,
    encryption: { passphrase: { env: 'VAULT_KEY' } },
  });
});

test('an unknown key is told with those that are known there', async (t) => {
  const project = await makeProject(t);
  const cases: readonly (readonly [unknown, string, string])[] = [
    [{ url: 'v', encrypt: 'none' }, 'vault.encrypt', 'encryption'],
    [
      { url: 'v', encryption: { passphrase: { files: '/key' } } },
      'vault.encryption.passphrase.files',
      'vault.encryption.passphrase.file',
    ],
  ];
  for (const [vault, key, suggestion] of cases) {
    await refused(project.resolve({ vault }), 'CONFIG_UNKNOWN_KEY', key, suggestion);
  }
});

test('two places for one passphrase are refused', async (t) => {
  const project = await makeProject(t);
  const passphrase = { file: '/key', env: 'KEY' };
  const vault = { url: 'v', encryption: { passphrase } };
  await refused(
    project.resolve({ vault }),
    'CONFIG_INVALID',
    'vault.encryption.passphrase',
    'one of',
  );
});
