// One snapshot in one file: comes back exactly, twice is once, and a file that is not whole is refused before anything is written.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { isFailure, silent, systemClock, type ErrorCode } from '@stillpoint/core';
import {
  createDirectoryStore,
  createMemoryStore,
  createVault,
  openVault,
  type Passphrase,
} from '../vault/index.ts';
import type { Cared } from './copy.ts';
import { createCareStage, type CareStage } from './testing/stage.ts';
import { exportSnapshot, importFile } from './transfer.ts';
import { verifyVault } from './verify.ts';

const call = { signal: new AbortController().signal, progress: silent };
const code = (name: ErrorCode) => (error: unknown) => isFailure(error, name);
const passphrase = Buffer.from('for the one who gets the file');

interface Exported {
  readonly stage: CareStage;
  readonly from: Cared;
  readonly file: string;
}

async function exported(t: TestContext, key?: Passphrase): Promise<Exported> {
  const stage = await createCareStage(t);
  await stage.write({ 'a.bin': { seed: 1, bytes: 50_000 }, 'b/c.txt': { seed: 2, bytes: 300 } });
  await stage.snapshot('before');
  await stage.write({ 'a.bin': { seed: 3, bytes: 30_000 } });
  await stage.snapshot('after');
  const from = await stage.open();
  const file = path.join(stage.directory, 'before.stillpoint');
  // The cost of scrypt is not what is tested here.
  const cost = { n: 16, r: 1, p: 1 };
  const encryption = key === undefined ? ('none' as const) : { passphrase: key, cost };
  const options = { ...call, ref: 'before', projectId: '', file, encryption, clock: systemClock };
  const result = await exportSnapshot(from, options);
  assert.equal(result.bytes, (await stat(file)).size);
  assert.equal(result.encrypted, key !== undefined);
  await assert.rejects(exportSnapshot(from, options), code('EXPORT_EXISTS'));
  assert.deepEqual(
    (await readdir(stage.directory)).filter((name) => name.endsWith('.tmp')),
    [],
  );
  return { stage, from, file };
}

async function assertHolds(cared: Cared, names: readonly string[]): Promise<void> {
  const base = { ...call, projectId: '', sample: 0, deep: true, now: new Date() };
  const verified = await verifyVault(cared, base);
  assert.equal(verified.length, names.length);
  for (const { report } of verified) assert.deepEqual(report.damages, []);
}

for (const key of [undefined, passphrase]) {
  const how = key === undefined ? 'not encrypted' : 'encrypted';
  test(`a snapshot goes through a file and is the same, ${how}; importing twice is importing once`, async (t) => {
    const { from, file } = await exported(t, key);
    await using to = await createVault(createMemoryStore());
    const options = {
      ...call,
      file,
      referencesOf: from.referencesOf,
      ...(key === undefined ? {} : { passphrase: key }),
    };
    const first = await importFile(to, options);
    assert.deepEqual(
      first.imported.map(({ name }) => name),
      ['before'],
    );
    const second = await importFile(to, options);
    assert.deepEqual([second.imported, second.there], [[], 1]);
    await assertHolds({ vault: to, referencesOf: from.referencesOf }, ['before']);
    const [entry] = await to.list();
    const original = (await from.vault.list()).find(({ id }) => id === entry!.id);
    assert.deepEqual(await to.readManifest(entry!), await from.vault.readManifest(original!));
  });
}

test('an encrypted file shows nothing, and needs its passphrase', async (t) => {
  const { from, file } = await exported(t, passphrase);
  await using to = await createVault(createMemoryStore());
  const options = { ...call, file, referencesOf: from.referencesOf };
  await assert.rejects(importFile(to, options), code('VAULT_KEY_NEEDED'));
  const wrong = { ...options, passphrase: Buffer.from('not this one, by no means') };
  await assert.rejects(importFile(to, wrong), code('VAULT_KEY_WRONG'));
  assert.deepEqual(await to.list(), []);
  assert.equal((await readFile(file)).includes('a.bin'), false);
});

test('any byte that is flipped and any end that is missing is refused, and nothing is imported', async (t) => {
  const { from, file } = await exported(t);
  const good = await readFile(file);
  await using to = await createVault(createMemoryStore());
  const bad = path.join(path.dirname(file), 'bad');
  const attempt = async (content: Uint8Array, what: string): Promise<void> => {
    await writeFile(bad, content);
    const options = { ...call, file: bad, referencesOf: from.referencesOf };
    const failed = await importFile(to, options).then(
      () => undefined,
      (error: unknown) => error,
    );
    assert.ok(isFailure(failed), what);
    assert.deepEqual(await to.list(), [], what);
  };
  for (let at = 0; at < good.length; at += Math.floor(good.length / 150)) {
    const flipped = Buffer.from(good);
    flipped[at]! ^= 0x04;
    await attempt(flipped, `byte ${at}`);
  }
  for (const bytes of [0, 1, 511, 512, 5_000, good.length - 1024, good.length - 1]) {
    await attempt(good.subarray(0, bytes), `cut at ${bytes}`);
  }
  await attempt(Buffer.concat([good, Buffer.from('more')]), 'more at the end');
  await attempt(Buffer.from('not a vault at all'.repeat(100)), 'something else');
});

test('any tar unpacks an exported file into a directory that is a vault', async (t) => {
  const { stage, from, file } = await exported(t);
  const directory = path.join(stage.directory, 'unpacked');
  await mkdir(directory);
  execFileSync('tar', ['xf', file, '-C', directory]);
  await using vault = await openVault(createDirectoryStore(directory));
  await assertHolds({ vault, referencesOf: from.referencesOf }, ['before']);
});

test('a file that cannot be written leaves nothing, and one that is not there is said', async (t) => {
  const { stage, from } = await exported(t);
  const options = {
    ...call,
    ref: 'after',
    projectId: '',
    encryption: 'none' as const,
    clock: systemClock,
  };
  const nowhere = path.join(stage.directory, 'nowhere/file');
  await assert.rejects(
    exportSnapshot(from, { ...options, file: nowhere }),
    code('EXPORT_NOT_WRITTEN'),
  );
  const file = path.join(stage.directory, 'unknown');
  await assert.rejects(
    exportSnapshot(from, { ...options, ref: 'nobody', file }),
    code('REF_UNKNOWN'),
  );
  assert.deepEqual(
    (await readdir(stage.directory)).filter((name) => name.startsWith('unknown')),
    [],
  );
  await using to = await createVault(createMemoryStore());
  const importing = { ...call, file, referencesOf: from.referencesOf };
  await assert.rejects(importFile(to, importing), code('EXPORT_MISSING'));
});
