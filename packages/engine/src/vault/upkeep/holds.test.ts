// Holding and forgetting: what is held stays, what is forgotten is gone as a whole, and nobody else is touched.
import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { describe, test } from 'node:test';
import { isFailure, newSnapshotId, type ErrorCode } from '@stillpoint/core';
import type { SealedEntry, Store, Vault } from '../contract.ts';
import { createDirectoryStore } from '../stores/directory.ts';
import { createFaultyStore, type Fault, type StoreCall } from '../stores/faulty.ts';
import { createMemoryStore } from '../stores/memory.ts';
import { createReadonlyStore } from '../stores/readonly.ts';
import { never, noise, randomFrom, refsOf, smallTuning } from '../test-streams.ts';
import { createVault, openVault } from '../vault.ts';

const code = (name: ErrorCode) => (error: unknown) => isFailure(error, name);
const at = new Date('2026-11-21T16:04:05.678Z');

/** A snapshot with content of its own and content that all share. */
async function seal(vault: Vault, seed: number): Promise<{ entry: SealedEntry; verify: Verify }> {
  await using session = await vault.openSession(never);
  const refs = [
    await session.sink().writeBytes(noise(randomFrom(0), 30_000)),
    await session.sink().writeBytes(noise(randomFrom(seed), 30_000)),
  ];
  const entry = await session.seal(newSnapshotId(), Buffer.from(JSON.stringify(refs)));
  return { entry, verify: (from) => from.verify(refsOf(...refs), { ...never, deep: true }) };
}

type Verify = (vault: Vault) => ReturnType<Vault['verify']>;

const stores: Readonly<Record<string, () => Promise<{ store: Store; done: () => Promise<void> }>>> =
  {
    memory: async () => ({ store: createMemoryStore(), done: async () => {} }),
    directory: async () => {
      const root = await mkdtemp(path.join(os.tmpdir(), 'stillpoint-holds-'));
      return { store: createDirectoryStore(root), done: () => rm(root, { recursive: true }) };
    },
  };

for (const [name, make] of Object.entries(stores)) {
  describe(`in a store of kind ${name}`, () => {
    test('a held snapshot is not forgotten, by whomever it is held', async () => {
      const { store, done } = await make();
      await using vault = await createVault(store, { tuning: smallTuning });
      await using other = await openVault(store, { tuning: smallTuning });
      const [kept, gone] = [await seal(vault, 1), await seal(vault, 2)];
      await other.hold(kept.entry, at);
      await other.hold(kept.entry, at);
      assert.deepEqual([...(await vault.holds())], [kept.entry.id]);
      await assert.rejects(vault.forget(kept.entry), code('SNAPSHOT_HELD'));
      await vault.forget(gone.entry);
      await vault.forget(gone.entry);
      assert.deepEqual(await other.list(), [kept.entry]);
      assert.deepEqual((await kept.verify(other)).damages, []);
      await vault.release(kept.entry.id);
      await vault.release(kept.entry.id);
      assert.equal((await other.holds()).size, 0);
      await other.forget(kept.entry);
      assert.deepEqual(await vault.list(), []);
      await done();
    });

    test('what others share stays, and is not stored again', async () => {
      const { store, done } = await make();
      await using vault = await createVault(store, { tuning: smallTuning });
      const [first, second] = [await seal(vault, 1), await seal(vault, 2)];
      await vault.forget(first.entry);
      assert.deepEqual((await second.verify(vault)).damages, []);
      await using session = await vault.openSession(never);
      const sink = session.sink();
      await sink.writeBytes(noise(randomFrom(0), 30_000));
      assert.equal(sink.stats().bytesStored, 0);
      await done();
    });
  });
}

test('a hold of what is gone is refused, and leaves nothing', async () => {
  await using vault = await createVault(createMemoryStore(), { tuning: smallTuning });
  const { entry } = await seal(vault, 1);
  await vault.forget(entry);
  await assert.rejects(vault.hold(entry, at), code('OBJECT_MISSING'));
  assert.equal((await vault.holds()).size, 0);
});

test('whatever a hold says, and whatever else lies there: that it is there counts', async () => {
  const store = createMemoryStore();
  await using vault = await createVault(store, { tuning: smallTuning });
  const { entry } = await seal(vault, 1);
  await store.put('holds/notes.txt', Buffer.from('not ours'));
  await store.put(`holds/${entry.id}`, Buffer.from('garbage'));
  assert.deepEqual([...(await vault.holds())], [entry.id]);
  await assert.rejects(vault.forget(entry), code('SNAPSHOT_HELD'));
});

test('a store that fails leaves the snapshot whole or gone, and the next call ends it', async () => {
  for (const phase of ['before', 'after'] as const) {
    const inner = createMemoryStore();
    let fault: Fault = 'ok';
    const script = (call: StoreCall): Fault =>
      call.operation === 'delete' && call.phase === phase ? fault : 'ok';
    await using vault = await createVault(createFaultyStore(inner, script), {
      tuning: smallTuning,
    });
    const { entry, verify } = await seal(vault, 1);
    fault = 'fail';
    await assert.rejects(vault.forget(entry), code('VAULT_IO_FAILED'));
    assert.equal((await vault.list()).length, phase === 'before' ? 1 : 0);
    assert.deepEqual((await verify(vault)).damages, []);
    fault = 'ok';
    await vault.forget(entry);
    assert.deepEqual(await vault.list(), []);
  }
});

test('when the holds cannot be read nothing is forgotten', async () => {
  const inner = createMemoryStore();
  await using vault = await createVault(
    createFaultyStore(inner, ({ operation, key }) =>
      operation === 'list' && key === 'holds/' ? 'fail' : 'ok',
    ),
    { tuning: smallTuning },
  );
  const { entry } = await seal(vault, 1);
  await assert.rejects(vault.forget(entry), code('VAULT_IO_FAILED'));
  assert.deepEqual(await vault.list(), [entry]);
});

test('nothing is held or forgotten through a store that is only read', async () => {
  const store = createMemoryStore();
  await using writer = await createVault(store, { tuning: smallTuning });
  const { entry } = await seal(writer, 1);
  await using vault = await openVault(createReadonlyStore(store), { tuning: smallTuning });
  for (const change of [vault.hold(entry, at), vault.forget(entry), vault.release(entry.id)]) {
    await assert.rejects(change, code('VAULT_READ_ONLY'));
  }
  assert.deepEqual(await vault.list(), [entry]);
});

test('in a directory a forgotten snapshot leaves its name nowhere', async () => {
  const root = await mkdtemp(path.join(os.tmpdir(), 'stillpoint-holds-'));
  await using vault = await createVault(createDirectoryStore(root), { tuning: smallTuning });
  const { entry } = await seal(vault, 1);
  await vault.hold(entry, at);
  await vault.release(entry.id);
  await vault.forget(entry);
  const names = await readdir(root, { recursive: true });
  assert.ok(!names.some((name) => name.includes(entry.id)), names.join(', '));
  await rm(root, { recursive: true });
});
