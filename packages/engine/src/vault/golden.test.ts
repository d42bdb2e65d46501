// A vault of format 1 as it was written when the format was made. It stays readable for ever; the fixture is
// never written again.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { digestOf } from '@stillpoint/core';
import type { StreamRef } from '../sources/contract.ts';
import { createMemoryStore } from './stores/memory.ts';
import { never, refsOf } from './test-streams.ts';
import { openVault } from './vault.ts';

interface Golden {
  readonly refs: readonly StreamRef[];
  readonly contentDigests: readonly string[];
  /** Key to base64. */
  readonly objects: Readonly<Record<string, string>>;
}

test('a vault of format 1 is read', async () => {
  const file = new URL('golden-format-1.json', import.meta.url);
  const golden = JSON.parse(await readFile(file, 'utf8')) as Golden;
  const store = createMemoryStore();
  for (const [key, content] of Object.entries(golden.objects)) {
    await store.put(key, Buffer.from(content, 'base64'));
  }
  await using vault = await openVault(store);
  assert.equal(vault.id, '5f0f4c3e-8a1d-4a55-9c1b-0d6a3c1e2b47');
  const contents = await Promise.all(golden.refs.map((ref) => vault.readBytes(ref)));
  assert.deepEqual(
    contents.map((content) => digestOf(content)),
    golden.contentDigests,
  );
  assert.deepEqual(
    golden.refs.map(({ depth }) => depth),
    [0, 0, 1, 3],
  );
  const { objects, damages } = await vault.verify(refsOf(...golden.refs), { ...never, deep: true });
  assert.deepEqual(damages, []);
  assert.ok(objects > 10);
  const [entry] = await vault.list();
  assert.ok(entry !== undefined);
  assert.equal(entry.id, 'a1b2c3d4e5f6');
  assert.equal(Buffer.from(await vault.readManifest(entry)).toString(), '{"golden":true}');
});
