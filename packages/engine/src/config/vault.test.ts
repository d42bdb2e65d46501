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

test('a rate is a size for each second', async (t) => {
  const project = await makeProject(t);
  const place = { kind: 's3', url: 's3://bucket' };
  assert.deepEqual(
    (await project.resolve({ vault: { url: 's3://bucket', rate: '1.5 MiB' } })).vault,
    {
      place,
      bytesPerSecond: 1.5 * 1024 ** 2,
    },
  );
  for (const rate of ['fast', '9kB', '10', 10_000_000]) {
    const vault = { url: 's3://bucket', rate };
    await refused(project.resolve({ vault }), 'CONFIG_INVALID', 'vault.rate', "a text like '10MB'");
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

test('a vault on S3 is an address in one way of writing', async (t) => {
  const project = await makeProject(t);
  const resolve = async (vault: unknown): Promise<unknown> =>
    (await project.resolve({ vault })).vault;
  const place = { kind: 's3', url: 's3://bucket/shop?endpoint=https://s3.example:9000&region=eu' };
  assert.deepEqual(
    await resolve({
      url: 's3://bucket/shop/?region=eu&pathStyle=1&endpoint=https://s3.example:9000',
      encryption: 'none',
    }),
    { place, encryption: 'none' },
  );
  assert.deepEqual(await resolve('s3://bucket'), { place: { kind: 's3', url: 's3://bucket' } });
});

test('an address that cannot be one of S3 is refused without being quoted', async (t) => {
  const project = await makeProject(t);
  const cases: readonly (readonly [string, string])[] = [
    ['s3://', 'no name of a bucket'],
    ['s3://Shop_Vault', 'no name of a bucket'],
    ['s3://AKIA:verysecret@bucket', 'must not hold credentials'],
    ['s3://bucket/a b', 'prefix'],
    ['s3://bucket?endpont=https://h', 'no parameter "endpont"'],
    ['s3://bucket?endpoint=h:9000', 'endpoint must be'],
    ['s3://bucket?endpoint=https://h/path', 'endpoint must be'],
    ['s3://bucket?region=eu&region=us', 'region is there twice'],
    ['s3://bucket?pathStyle=yes', 'pathStyle must be'],
    ['s3://bucket?checksums=never', 'checksums must be'],
  ];
  for (const [url, reason] of cases) {
    await refused(project.resolve({ vault: url }), 'CONFIG_INVALID', 'vault', reason);
    await assert.rejects(
      project.resolve({ vault: url }),
      (error: Error) => !error.message.includes('verysecret'),
    );
  }
});
