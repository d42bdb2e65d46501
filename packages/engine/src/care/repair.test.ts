// Damage of every kind is repaired or told: what is whole is kept, what is lost is named, nothing is forgotten that nobody asked for.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silent } from '@stillpoint/core';
import {
  createFaultyStore,
  createMemoryStore,
  createVault,
  openVault,
  type Store,
  type Vault,
} from '../vault/index.ts';
import type { RepairResult } from './contract.ts';
import { copySnapshots, type Cared } from './copy.ts';
import { repairCare } from './repair.ts';
import { createCareStage, type CareStage } from './testing/stage.ts';
import { flipByte, keysBelow, packsByBytes } from './testing/damage.ts';
import { verifyVault } from './verify.ts';

const call = { signal: new AbortController().signal, progress: silent };
const base = {
  ...call,
  now: new Date('2026-11-21T12:00:00Z'),
  dryRun: false,
  forgetDamaged: false,
};

/** Two snapshots; the second shares a file with the first and has one of its own. */
async function twoSnapshots(stage: CareStage): Promise<void> {
  await stage.write({
    'shared.bin': { seed: 1, bytes: 60_000 },
    'small/a.txt': { seed: 2, bytes: 500 },
    'small/b.txt': { seed: 3, bytes: 700 },
  });
  await stage.snapshot('first');
  await stage.write({ 'one.png': { seed: 4, bytes: 20_000 } });
  await stage.snapshot('second');
}

async function damagesOf(cared: Cared): Promise<readonly string[]> {
  const verified = await verifyVault(cared, { ...base, projectId: '', deep: true, sample: 0 });
  return verified.flatMap(({ report }) => report.damages.map(({ what }) => what));
}

/** Of the second snapshot, which has fewer chunks of its own. */
async function smallestIndex(store: Store): Promise<string> {
  const indexes = await Array.fromAsync(store.list('index/'));
  return indexes.toSorted((a, b) => a.bytes - b.bytes)[0]!.key;
}

function lossesOf({ harmed }: RepairResult): unknown {
  return harmed.map(({ id, lost }) => ({ id, of: lost.map(({ of }) => of) }));
}

async function objectsOf(store: Store): Promise<string[]> {
  const all = await keysBelow(store, '');
  return all.filter((key) => /^(packs|index|snapshots)\//.test(key));
}

test('a lost index is made again from the packs, and a damaged one replaced', async (t) => {
  const stage = await createCareStage(t);
  await twoSnapshots(stage);
  const [lost, flipped] = await keysBelow(stage.store, 'index/');
  await stage.store.delete(lost!);
  await flipByte(stage.store, flipped!, 70);
  const dry = await repairCare(await stage.open(), { ...base, dryRun: true });
  assert.deepEqual([dry.reindexed, dry.indexes.length, dry.done], [2, 1, false]);
  assert.ok(
    (await keysBelow(stage.store, 'index/')).includes(flipped!),
    'a dry run changes nothing',
  );
  const result = await repairCare(await stage.open(), base);
  assert.deepEqual([result.reindexed, result.harmed, result.done], [2, [], true]);
  assert.deepEqual(await damagesOf(await stage.open()), []);
  const again = await repairCare(await stage.open(), base);
  assert.deepEqual([again.reindexed, again.indexes, again.packs], [0, [], []]);
});

test('of a pack with a flipped bit all other chunks are kept, and the lost file is told by name', async (t) => {
  const stage = await createCareStage(t);
  await twoSnapshots(stage);
  const largest = (await packsByBytes(stage.store)).at(-1)!;
  await flipByte(stage.store, largest.key, 20_000);
  const dry = await repairCare(await stage.open(), { ...base, dryRun: true });
  assert.equal(dry.harmed.length, 2);
  const result = await repairCare(await stage.open(), base);
  assert.equal(result.packs.length, 1);
  assert.equal(result.packs[0]!.key, largest.key);
  assert.ok(result.packs[0]!.lostChunks === 1 && result.packs[0]!.wholeChunks >= 2);
  assert.deepEqual(lossesOf(dry), lossesOf(result));
  for (const { lost } of result.harmed) {
    assert.deepEqual(
      lost.map(({ source, of }) => ({ source, of })),
      [{ source: 'uploads', of: 'shared.bin' }],
    );
  }
  assert.equal(await stage.store.stat(largest.key), undefined);
  const { vault } = await stage.open();
  assert.equal((await vault.list()).length, 2, 'nothing is forgotten unasked');
  assert.ok((await damagesOf(await stage.open())).every((what) => what.includes('no pack')));
});

test('what another vault still has comes back from there, a damaged manifest too', async (t) => {
  const stage = await createCareStage(t);
  await twoSnapshots(stage);
  await using far = await createVault(createMemoryStore(), {
    encryption: {
      passphrase: Buffer.from('of the copy, far away'),
      cost: { n: 16, r: 1, p: 1 },
    },
  });
  const { referencesOf } = await stage.open();
  await copySnapshots(await stage.open(), far, { ...call, projectId: '' });
  for (const { key, bytes } of await packsByBytes(stage.store)) {
    await flipByte(stage.store, key, Math.floor(bytes / 2));
  }
  const [manifest] = await keysBelow(stage.store, 'snapshots/');
  await flipByte(stage.store, manifest!, 100);
  const result = await repairCare(await stage.open(), {
    ...base,
    from: { vault: far, referencesOf },
  });
  assert.equal(result.mended.length, 2);
  assert.deepEqual(result.harmed, []);
  assert.deepEqual(await damagesOf(await stage.open()), []);
});

test('a damaged pack without a table is read by the index, one cut off to its end', async (t) => {
  for (const harm of ['footer', 'cut', 'gone', 'empty'] as const) {
    const stage = await createCareStage(t);
    await twoSnapshots(stage);
    const { key, bytes } = (await packsByBytes(stage.store)).at(-1)!;
    if (harm === 'footer') await flipByte(stage.store, key, bytes - 10);
    else if (harm === 'cut') {
      const content = await stage.store.get(key);
      await stage.store.put(key, content.subarray(0, bytes - 200));
    } else if (harm === 'empty') await stage.store.put(key, new Uint8Array(0));
    else await stage.store.delete(key);
    const { packs, harmed } = await repairCare(await stage.open(), base);
    assert.equal(packs.length, 1, harm);
    assert.equal(harmed.length, harm === 'footer' || harm === 'cut' ? 0 : 2, harm);
    const damages = await damagesOf(await stage.open());
    if (harmed.length === 0) assert.deepEqual(damages, [], harm);
  }
});

test('the next snapshot after a repair stores anew what was lost, though its file is unchanged', async (t) => {
  const stage = await createCareStage(t);
  await twoSnapshots(stage);
  const largest = (await packsByBytes(stage.store)).at(-1)!;
  await flipByte(stage.store, largest.key, 20_000);
  assert.equal((await repairCare(await stage.open(), base)).harmed.length, 2);
  const { id } = await stage.snapshot('third');
  const verified = await verifyVault(await stage.open(), {
    ...base,
    projectId: '',
    deep: true,
    sample: 0,
  });
  assert.deepEqual(verified.find(({ snapshot }) => snapshot === id)!.losses, []);
  // And with it the older ones are whole again.
  assert.deepEqual(await damagesOf(await stage.open()), []);
});

test('a snapshot is whole though everything that earlier ones stored is lost', async (t) => {
  const stage = await createCareStage(t);
  await twoSnapshots(stage);
  for (const { key } of await packsByBytes(stage.store)) await stage.store.delete(key);
  const { id } = await stage.snapshot('third');
  const verified = await verifyVault(await stage.open(), {
    ...base,
    projectId: '',
    deep: true,
    sample: 0,
  });
  assert.deepEqual(verified.find(({ snapshot }) => snapshot === id)!.report.damages, []);
});

test('a pack of which no table is left is kept: an index may come back from somewhere', async (t) => {
  const stage = await createCareStage(t);
  await twoSnapshots(stage);
  const { key, bytes } = (await packsByBytes(stage.store)).at(-1)!;
  await flipByte(stage.store, key, bytes - 10);
  const indexes = new Map<string, Uint8Array>();
  for (const index of await keysBelow(stage.store, 'index/')) {
    indexes.set(index, await stage.store.get(index));
    await stage.store.delete(index);
  }
  const { packs, harmed } = await repairCare(await stage.open(), base);
  assert.deepEqual(packs, [{ key, what: packs[0]!.what, wholeChunks: 0, lostChunks: 0 }]);
  assert.equal(harmed.length, 2);
  for (const [index, content] of indexes) await stage.store.put(index, content);
  assert.deepEqual((await repairCare(await stage.open(), base)).harmed, []);
  assert.deepEqual(await damagesOf(await stage.open()), []);
});

test('what is harmed is forgotten only if asked for, and never when it is held', async (t) => {
  const stage = await createCareStage(t);
  await twoSnapshots(stage);
  await stage.stillpoint.hold('first');
  await stage.store.delete((await packsByBytes(stage.store)).at(-1)!.key);
  const asked = { ...base, forgetDamaged: true };
  const dry = await repairCare(await stage.open(), { ...asked, dryRun: true });
  assert.equal(dry.forgotten.length, 1);
  const result = await repairCare(await stage.open(), asked);
  assert.deepEqual(result.forgotten, dry.forgotten);
  assert.deepEqual(
    result.harmed.map(({ name, held }) => ({ name, held })).toSorted((a) => (a.held ? -1 : 1)),
    [
      { name: 'first', held: true },
      { name: 'second', held: false },
    ],
  );
  const { vault } = await stage.open();
  assert.equal((await vault.list()).length, 1);
});

test('a pack of which the disk gives only parts is not deleted while something of it is missing', async (t) => {
  const stage = await createCareStage(t);
  await stage.write({
    'a.bin': { seed: 1, bytes: 200_000 },
    'b.bin': { seed: 2, bytes: 200_000 },
  });
  await stage.snapshot();
  const { key } = (await packsByBytes(stage.store)).at(-1)!;
  let broken = true;
  const store = createFaultyStore(stage.store, (operation) =>
    broken && operation.operation === 'get' && operation.key === key ? 'fail' : 'ok',
  );
  await using vault: Vault = await openVault(store);
  const { referencesOf } = await stage.open();
  const result = await repairCare({ vault, referencesOf }, base);
  assert.equal(result.packs.length, 1);
  assert.ok((await stage.store.stat(key)) !== undefined);
  broken = false;
  assert.deepEqual(await damagesOf(await stage.open()), []);
});

test('what a disk does not give is fetched, though a pack of the right size is there', async (t) => {
  const stage = await createCareStage(t);
  await twoSnapshots(stage);
  await using far = await createVault(createMemoryStore());
  const { referencesOf } = await stage.open();
  await copySnapshots(await stage.open(), far, { ...call, projectId: '' });
  const { key } = (await packsByBytes(stage.store)).at(-1)!;
  const store = createFaultyStore(stage.store, (operation) =>
    operation.operation === 'get' && operation.key === key ? 'fail' : 'ok',
  );
  await using vault: Vault = await openVault(store);
  const from = { vault: far, referencesOf };
  const result = await repairCare({ vault, referencesOf }, { ...base, from });
  assert.deepEqual([result.mended.length, result.harmed], [2, []]);
  await stage.store.delete(key);
  assert.deepEqual(await damagesOf(await stage.open()), []);
});

test('a pack that reads otherwise each time is not deleted', async (t) => {
  const stage = await createCareStage(t);
  await twoSnapshots(stage);
  const { key } = (await packsByBytes(stage.store)).at(-1)!;
  let reads = 0;
  const store: Store = {
    ...stage.store,
    async get(asked, options) {
      const content = await stage.store.get(asked, options);
      if (asked === key && options?.range === undefined) content[60 + reads++]! ^= 1;
      return content;
    },
  };
  await using vault: Vault = await openVault(store);
  const { referencesOf } = await stage.open();
  await repairCare({ vault, referencesOf }, base);
  assert.ok((await stage.store.stat(key)) !== undefined);
  assert.deepEqual((await repairCare(await stage.open(), base)).harmed, []);
  assert.deepEqual(await damagesOf(await stage.open()), []);
});

test('a repair that fails at any call loses nothing, and the next one ends it', async (t) => {
  for (const fatal of [2, 8, 14, 18, 22]) {
    const stage = await createCareStage(t);
    await twoSnapshots(stage);
    const { key, bytes } = (await packsByBytes(stage.store)).at(-1)!;
    await flipByte(stage.store, key, bytes - 10);
    await stage.store.delete(await smallestIndex(stage.store));
    let writes = 0;
    const store = createFaultyStore(stage.store, ({ operation, phase }) => {
      if (operation !== 'put' && operation !== 'delete') return 'ok';
      if (phase === 'before') writes++;
      return writes === Math.ceil(fatal / 2) && (phase === 'before') === (fatal % 4 === 0)
        ? 'fail'
        : 'ok';
    });
    await using vault: Vault = await openVault(store);
    const { referencesOf } = await stage.open();
    await repairCare({ vault, referencesOf }, base).catch(() => {});
    const result = await repairCare(await stage.open(), base);
    assert.deepEqual(result.harmed, [], `call ${fatal}`);
    assert.deepEqual(await damagesOf(await stage.open()), [], `call ${fatal}`);
    assert.ok((await objectsOf(stage.store)).length > 4);
  }
});
