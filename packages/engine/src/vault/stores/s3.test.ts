// What of S3 needs no server: addresses, what errors mean, and that the SDK is loaded only by those who use it. The rest is in
// test/s3-*.test.ts, on a real one.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { isFailure, s3ClientSettings, type ErrorCode } from '@stillpoint/core';
import { createDirectoryStore, createS3Store, isS3Address, parseS3Address } from '../index.ts';
import { s3AddressText } from './s3/address.ts';
import { s3Error } from './s3/errors.ts';

test('addresses of one place have one text', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['s3://bucket', 's3://bucket'],
    ['s3://bucket/', 's3://bucket'],
    ['S3://bucket//a/b/', 's3://bucket/a/b'],
    ['s3://bucket?pathStyle=0&checksums=always', 's3://bucket'],
    ['s3://bucket?pathStyle=1', 's3://bucket?pathStyle=1'],
    ['s3://bucket?endpoint=HTTPS://H.example:443/', 's3://bucket?endpoint=https://h.example'],
    ['s3://b-1?endpoint=http://[::1]:9&pathStyle=1', 's3://b-1?endpoint=http://[::1]:9'],
    [
      's3://bucket/x?checksums=when-required&region=eu&pathStyle=0&endpoint=https://h',
      's3://bucket/x?endpoint=https://h&region=eu&pathStyle=0&checksums=when-required',
    ],
  ];
  for (const [written, text] of cases) {
    assert.equal(s3AddressText(parseS3Address(written)), text, written);
    assert.equal(s3AddressText(parseS3Address(text)), text, 'and is read as itself');
  }
});

test('what is no address is refused, and a secret in it is not repeated', () => {
  for (const text of ['s3://', 's3:///a', 's3://a:9/b', 's3://bucket/../x y', 's3://u:secret@b']) {
    assert.ok(isS3Address(text));
    assert.throws(
      () => parseS3Address(text),
      (error) => isFailure(error, 'S3_ADDRESS_INVALID') && !error.message.includes('secret'),
      text,
    );
  }
  assert.ok(!isS3Address('/mnt/s3://bucket'));
});

test('no part of an address leads out of the prefix', () => {
  for (const prefix of ['..', '%2e%2e', 'a/%2e%2e/b', 'a%2Fb', '.', ' ']) {
    const found = (() => {
      try {
        return parseS3Address(`s3://bucket/shop/${prefix}`).prefix;
      } catch (error) {
        return isFailure(error) ? error.code : error;
      }
    })();
    // URLs resolve dots themselves: what is left is a plain prefix, or it is refused.
    assert.match(String(found), /^(S3_ADDRESS_INVALID|([a-z]+\/)*)$/, prefix);
  }
});

test('a project whose vault is a directory does not load the SDK', async () => {
  const loaded = (): boolean =>
    Object.keys(createRequire(import.meta.url).cache).some((file) => file.includes('@aws-sdk'));
  await import('../../index.ts');
  const store = createS3Store(parseS3Address('s3://bucket?endpoint=http://127.0.0.1:9'), {
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
  });
  await createDirectoryStore('/nowhere/at/all').stat('a');
  assert.equal(loaded(), false);
  await assert.rejects(store.stat('a'), (error) => isFailure(error, 'S3_UNREACHABLE'));
  assert.equal(loaded(), true);
  await store.close();
});

interface Shape {
  readonly name: string;
  readonly message?: string;
  readonly code?: string;
  readonly $metadata?: { readonly httpStatusCode: number };
}

test('errors of the SDK mean what they say', () => {
  const doing = { vault: 's3://b', bucket: 'b', operation: 'read', key: 'k' } as const;
  const cases: readonly (readonly [Shape, ErrorCode])[] = [
    [{ name: 'CredentialsProviderError', message: 'Could not load' }, 'S3_CREDENTIALS_MISSING'],
    [
      { name: 'CredentialsProviderError', message: 'The SSO session has expired.' },
      'S3_CREDENTIALS_EXPIRED',
    ],
    [{ name: 'Unknown', $metadata: { httpStatusCode: 403 } }, 'S3_ACCESS_DENIED'],
    [{ name: 'Unknown', $metadata: { httpStatusCode: 504 } }, 'S3_SERVER_FAILED'],
    [{ name: 'Unknown', $metadata: { httpStatusCode: 418 } }, 'VAULT_IO_FAILED'],
    [{ name: 'SyntaxError', $metadata: { httpStatusCode: 200 } }, 'S3_SERVER_FAILED'],
    [{ name: 'InvalidObjectState', $metadata: { httpStatusCode: 403 } }, 'S3_OBJECT_ARCHIVED'],
    [{ name: 'QuotaExceeded', $metadata: { httpStatusCode: 403 } }, 'VAULT_NO_SPACE'],
    [{ name: 'Error', code: 'CERT_HAS_EXPIRED' }, 'S3_UNREACHABLE'],
    [{ name: 'Error', code: 'EAI_AGAIN' }, 'S3_UNREACHABLE'],
  ];
  for (const [shape, code] of cases) {
    const error = Object.assign(new Error(shape.message ?? 'said the test'), shape);
    assert.ok(isFailure(s3Error(error, doing), code), JSON.stringify(shape));
  }
  const own = new TypeError('a mistake of ours');
  assert.equal(s3Error(own, doing), own);
  const argument = Object.assign(new Error('x'), { code: 'ERR_INVALID_ARG_TYPE' });
  assert.equal(s3Error(argument, doing), argument);
});

test('a region is that of the address, of the environment, or the one that servers of one region go by', async () => {
  const sdk = await import('@aws-sdk/client-s3');
  const kept = Object.entries(process.env).filter(([name]) => name.startsWith('AWS_'));
  const regionOf = async (address: { region?: string }): Promise<string> =>
    (await s3ClientSettings(sdk, { pathStyle: true, ...address })).region;
  try {
    for (const [name] of kept) delete process.env[name];
    process.env['AWS_CONFIG_FILE'] = process.env['AWS_SHARED_CREDENTIALS_FILE'] = '/dev/null';
    assert.equal(await regionOf({}), 'us-east-1');
    process.env['AWS_REGION'] = 'eu-west-3';
    assert.equal(await regionOf({}), 'eu-west-3');
    assert.equal(await regionOf({ region: 'auto' }), 'auto');
  } finally {
    for (const name of ['AWS_CONFIG_FILE', 'AWS_SHARED_CREDENTIALS_FILE', 'AWS_REGION'])
      delete process.env[name];
    Object.assign(process.env, Object.fromEntries(kept));
  }
});
