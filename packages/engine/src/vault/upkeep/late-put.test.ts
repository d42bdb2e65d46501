// A manifest whose put was given up, and which appears all the same: a prune in between must not have deleted what it names.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newSnapshotId } from '@stillpoint/core';
import type { Store } from '../contract.ts';
import { SNAPSHOT_PREFIX } from '../format/layout.ts';
import { createMemoryStore } from '../stores/memory.ts';
import { never, noise, randomFrom } from '../test-streams.ts';
import { createVault } from '../vault.ts';
import { prune } from './testing/snapshots.ts';

test('whoever does not know whether it sealed keeps its session, and prune waits for it', async () => {
  const memory = createMemoryStore();
  let land: () => Promise<void> = async () => {};
  const store: Store = {
    ...memory,
    supports: { ...memory.supports, latePuts: true },
    async put(key, content, options) {
      if (!key.startsWith(SNAPSHOT_PREFIX)) return await memory.put(key, content, options);
      const late = Uint8Array.from(content);
      land = () => memory.put(key, late);
      throw new Error('no answer');
    },
  };
  await using vault = await createVault(store);
  const content = noise(randomFrom(1), 50_000);
  const session = await vault.openSession(never);
  const ref = await session.sink().writeBytes(content);
  await assert.rejects(session.seal(newSnapshotId(), Buffer.from('{}')), /no answer/);
  await session[Symbol.asyncDispose]();
  assert.equal((await vault.sessions()).length, 1);

  await prune(vault);
  await prune(vault);
  await land();
  assert.equal((await vault.list()).length, 1);
  assert.deepEqual(Buffer.from(await vault.readBytes(ref)), Buffer.from(content));
});
