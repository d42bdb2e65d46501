// Every byte of a vault is guarded: what is flipped, cut off or removed is found and attributed, and what can still be read is.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isFailure, newSnapshotId, type StillpointError } from '@stillpoint/core';
import type { StreamRef } from '../sources/contract.ts';
import type { SealedEntry, Store, StoreKey, VerifyReport } from './contract.ts';
import { createFaultyStore } from './stores/faulty.ts';
import { createMemoryStore } from './stores/memory.ts';
import { never, noise, randomFrom, refsOf, smallTuning } from './test-streams.ts';
import { createVault, openVault } from './vault.ts';

interface Fixture {
  readonly store: Store;
  readonly content: Buffer;
  readonly ref: StreamRef;
  readonly entry: SealedEntry;
}

async function fixture(): Promise<Fixture> {
  const store = createMemoryStore();
  const content = noise(randomFrom(99), 120_000);
  await using vault = await createVault(store, { tuning: smallTuning });
  await using session = await vault.openSession(never);
  const ref = await session.sink().writeBytes(content);
  const entry = await session.seal(newSnapshotId(), Buffer.from(JSON.stringify(ref)));
  return { store, content, ref, entry };
}

async function verify(store: Store, ref: StreamRef, deep: boolean): Promise<VerifyReport> {
  await using vault = await openVault(store, { tuning: smallTuning });
  return await vault.verify(refsOf(ref), { ...never, deep });
}

/** The content, or the error that reading it gave. */
async function read(store: Store, ref: StreamRef): Promise<Uint8Array | StillpointError> {
  await using vault = await openVault(store, { tuning: smallTuning });
  return await vault.readBytes(ref).catch((error: unknown) => {
    if (!isFailure(error)) throw error;
    return error;
  });
}

async function keysOf(store: Store, prefix: string): Promise<StoreKey[]> {
  return (await Array.fromAsync(store.list(prefix))).map(({ key }) => key);
}

function flip(content: Uint8Array, at: number): Uint8Array {
  const flipped = new Uint8Array(content);
  flipped[at] = (flipped[at] ?? 0) ^ 0x10;
  return flipped;
}

describe('packs', () => {
  test('a flipped bit anywhere is found by verify --deep and never handed out', async () => {
    const { store, content, ref } = await fixture();
    const random = randomFrom(1);
    let refused = 0;
    for (const key of await keysOf(store, 'packs/')) {
      const good = await store.get(key);
      const places = [0, good.length - 1, good.length - 48, good.length - 60];
      for (let n = 0; n < 12; n++) places.push(Math.floor(random() * good.length));
      for (const at of places) {
        await store.put(key, flip(good, at));
        const { damages } = await verify(store, ref, true);
        assert.ok(damages.length > 0, `byte ${at} of ${key}`);
        assert.deepEqual([...new Set(damages.map((damage) => damage.key))], [key]);
        const found = await read(store, ref);
        if (!(found instanceof Error)) assert.equal(Buffer.compare(found, content), 0);
        else {
          refused++;
          assert.equal(found.code, 'CHUNK_DAMAGED');
          assert.equal(found.data['key'], key);
          assert.equal(typeof found.data['offset'], 'number');
        }
      }
      await store.put(key, good);
    }
    assert.ok(refused > 10);
    assert.deepEqual((await verify(store, ref, true)).damages, []);
  });

  test('a pack that is cut off or gone is found without reading it', async () => {
    const { store, ref } = await fixture();
    for (const key of await keysOf(store, 'packs/')) {
      const good = await store.get(key);
      for (const bytes of [0, 1, 47, good.length - 1]) {
        await store.put(key, good.subarray(0, bytes));
        for (const deep of [false, true]) {
          const { damages } = await verify(store, ref, deep);
          assert.deepEqual([...new Set(damages.map((damage) => damage.key))], [key], `${bytes}`);
        }
      }
      await store.put(key, good.subarray(0, 1));
      const cut = await read(store, ref);
      assert.ok(isFailure(cut, 'CHUNK_DAMAGED') && cut.data['key'] === key);
      await store.delete(key);
      for (const deep of [false, true]) {
        const { damages } = await verify(store, ref, deep);
        assert.deepEqual([...new Set(damages.map((damage) => damage.key))], [key]);
      }
      const gone = await read(store, ref);
      assert.ok(isFailure(gone, 'CHUNK_MISSING') && gone.data['key'] === key);
      await store.put(key, good);
    }
    assert.deepEqual((await verify(store, ref, true)).damages, []);
  });

  test('a pack that the disk does not give is damage, not the end of verify', async () => {
    const { store, ref } = await fixture();
    const [key] = await keysOf(store, 'packs/');
    const faulty = createFaultyStore(store, (call) =>
      call.operation === 'get' && call.key === key ? 'fail' : 'ok',
    );
    const { damages } = await verify(faulty, ref, true);
    assert.deepEqual([...new Set(damages.map((damage) => damage.key))], [key]);
  });
});

describe('indexes', () => {
  test('a damaged or lost index is found, and costs nothing else', async () => {
    const { store, content, ref } = await fixture();
    const keys = await keysOf(store, 'index/');
    assert.ok(keys.length > 1);
    for (const key of keys) {
      const good = await store.get(key);
      const bad = [0, 8, 20, 60, good.length - 1].map((at) => flip(good, at));
      for (const one of [...bad, good.subarray(0, good.length - 1), good.subarray(0, 0)]) {
        await store.put(key, one);
        const { damages } = await verify(store, ref, false);
        assert.ok(damages.some((damage) => damage.key === key));
        assert.equal(Buffer.compare((await read(store, ref)) as Uint8Array, content), 0);
      }
      await store.delete(key);
      const { damages } = await verify(store, ref, true);
      assert.deepEqual([...new Set(damages.map((damage) => damage.key))], ['index/']);
      assert.equal(Buffer.compare((await read(store, ref)) as Uint8Array, content), 0);
      await store.put(key, good);
    }
  });

  test('the next session stores anew what no index names, and all is well again', async () => {
    const { store, content, ref } = await fixture();
    for (const key of await keysOf(store, 'index/')) await store.delete(key);
    await using vault = await openVault(store, { tuning: smallTuning });
    assert.equal(Buffer.compare(await vault.readBytes(ref), content), 0);
    await using session = await vault.openSession(never);
    assert.deepEqual(await session.sink().writeBytes(content), ref);
    await session.flush();
    assert.deepEqual((await verify(store, ref, true)).damages, []);
  });

  test('indexes and packs gone: each stream is named missing, in bounded words', async () => {
    const { store, ref } = await fixture();
    for (const key of await keysOf(store, 'index/')) await store.delete(key);
    for (const key of await keysOf(store, 'packs/')) await store.delete(key);
    const { damages } = await verify(store, ref, true);
    assert.ok(damages.length > 0 && damages.length < 4);
    assert.ok(isFailure(await read(store, ref), 'CHUNK_MISSING'));
  });
});

describe('manifests', () => {
  test('a flipped, cut or lost manifest is MANIFEST_DAMAGED, and is listed as long as it is there', async () => {
    const { store, entry, ref } = await fixture();
    const [key] = await keysOf(store, 'snapshots/');
    assert.ok(key !== undefined);
    const good = await store.get(key);
    await using vault = await openVault(store);
    const isDamaged = (error: unknown): boolean =>
      isFailure(error, 'MANIFEST_DAMAGED') && error.data['id'] === entry.id;
    const flips = [...good.keys()].map((at) => flip(good, at));
    const cuts = [...good.keys()].map((bytes) => good.subarray(0, bytes));
    for (const bad of [...flips, ...cuts, Buffer.concat([good, Buffer.from(' ')])]) {
      await store.put(key, bad);
      assert.deepEqual(await vault.list(), [{ ...entry, bytes: bad.length }]);
      await assert.rejects(vault.readManifest(entry), isDamaged);
    }
    await store.delete(key);
    await assert.rejects(vault.readManifest(entry), isDamaged);
    await store.put(key, good);
    assert.equal(Buffer.from(await vault.readManifest(entry)).toString(), JSON.stringify(ref));
  });
});
