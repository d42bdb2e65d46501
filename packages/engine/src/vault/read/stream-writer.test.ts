// A stream that is written into a file is the one that is read: chunks of lists of lists, pages of images, by threads and without.
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { isFailure } from '@stillpoint/core';
import type { StreamHints, StreamRef } from '../../sources/contract.ts';
import type { Store, Vault, VaultOptions } from '../index.ts';
import { createMemoryStore } from '../stores/memory.ts';
import { never, noise, randomFrom, smallKey, smallTuning } from '../test-streams.ts';
import { createVault } from '../vault.ts';

const pageBytes = 4096;

async function makeFile(t: TestContext): Promise<string> {
  const directory = await mkdtemp(path.join(tmpdir(), 'stillpoint-into-'));
  t.after(() => rm(directory, { recursive: true }));
  const file = path.join(directory, 'file');
  await writeFile(file, '');
  return file;
}

async function store(vault: Vault, content: Buffer, hints?: StreamHints): Promise<StreamRef> {
  await using session = await vault.openSession(never);
  const ref = await session.sink().writeStream([content], hints);
  await session.flush();
  return ref;
}

/** What the file would be when it is given its size. */
async function written(vault: Vault, ref: StreamRef, file: string): Promise<Buffer> {
  assert.ok(vault.writeInto !== undefined);
  await vault.writeInto(ref, file);
  const found = await readFile(file);
  assert.ok(found.length <= ref.bytes);
  return Buffer.concat([found, Buffer.alloc(ref.bytes - found.length)]);
}

const kinds: readonly [string, VaultOptions, number][] = [
  ['small chunks, here', { tuning: smallTuning }, 200_001],
  ['large chunks, by threads', {}, 6_000_001],
];

for (const [name, options, bytes] of kinds) {
  for (const encryption of ['none', smallKey] as const) {
    const label = `${name}, ${encryption === 'none' ? 'in clear' : 'encrypted'}`;
    test(`a stream comes back into a file: ${label}`, async (t) => {
      await using vault = await createVault(createMemoryStore(), { ...options, encryption });
      const content = noise(randomFrom(5), bytes);
      const ref = await store(vault, content);
      assert.ok((await written(vault, ref, await makeFile(t))).equals(content));
    });

    test(`an image and its successor come back into files: ${label}`, async (t) => {
      await using vault = await createVault(createMemoryStore(), { ...options, encryption });
      const random = randomFrom(6);
      const content = noise(random, bytes);
      content.fill(0, pageBytes * 3, pageBytes * 7);
      const first = await store(vault, content, { pageBytes });
      const changed = Buffer.from(content);
      for (let n = 0; n < 9; n++) changed[Math.floor(random() * bytes)]! ^= 1;
      const second = await store(vault, changed, { pageBytes, previous: first });
      assert.ok((await written(vault, second, await makeFile(t))).equals(changed));
      assert.ok((await written(vault, first, await makeFile(t))).equals(content));
    });
  }
}

test('what is zeros stays a hole', async (t) => {
  await using vault = await createVault(createMemoryStore());
  const content = Buffer.alloc(16_000_000);
  noise(randomFrom(7), 5000).copy(content, 9_000_000);
  for (const hints of [undefined, { pageBytes }]) {
    const file = await makeFile(t);
    assert.ok((await written(vault, await store(vault, content, hints), file)).equals(content));
    const { blocks } = await stat(file);
    assert.ok(blocks * 512 < 5_000_000, `${blocks} blocks`);
  }
});

test('a stream that is damaged is refused, and nothing of the damage is written', async (t) => {
  const kept = createMemoryStore();
  const content = noise(randomFrom(8), 100_000);
  await using vault = await createVault(kept, { tuning: smallTuning });
  for (const hints of [undefined, { pageBytes }]) {
    const ref = await store(vault, content, hints);
    for await (const { key } of kept.list('packs/')) await flip(kept, key);
    const file = await makeFile(t);
    await assert.rejects(written(vault, ref, file), (error) => isFailure(error, 'CHUNK_DAMAGED'));
    const found = await readFile(file);
    assert.ok(found.every((byte, at) => byte === content[at] || byte === 0));
    for await (const { key } of kept.list('packs/')) await flip(kept, key);
  }
});

async function flip(kept: Store, key: string): Promise<void> {
  const content = Uint8Array.from(await kept.get(key));
  for (let at = 60; at < content.length - 200; at += 700) content[at]! ^= 4;
  await kept.put(key, content);
}

for (const bytes of [100_000, 6_000_000]) {
  test(`a file that cannot be written says why: ${bytes} bytes`, async () => {
    await using vault = await createVault(createMemoryStore());
    const ref = await store(vault, noise(randomFrom(9), bytes));
    const missing = path.join(tmpdir(), 'stillpoint-nowhere', 'file');
    await assert.rejects(vault.writeInto!(ref, missing), { code: 'ENOENT' });
  });
}
