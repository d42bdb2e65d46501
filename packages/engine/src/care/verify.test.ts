// What damage costs is told by snapshot, source and file; and a sample comes round to every pack.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProgressEvent } from '@stillpoint/core';
import type { Store } from '../vault/index.ts';
import { createCareStage } from './testing/stage.ts';
import { flipByte, keysBelow, packsByBytes } from './testing/damage.ts';
import { verifyVault } from './verify.ts';

const base = {
  projectId: '',
  sample: 0,
  deep: false,
  now: new Date('2026-11-21T12:00:00Z'),
  signal: new AbortController().signal,
};

test('a flipped bit is told by snapshot, source and file; the other snapshots are whole', async (t) => {
  const stage = await createCareStage(t);
  await stage.write({ 'shared.bin': { seed: 1, bytes: 40_000 } });
  const first = await stage.snapshot('first');
  await stage.write({ 'pictures/one.png': { seed: 2, bytes: 30_000 } });
  const second = await stage.snapshot('good');
  // What the second snapshot added is its own: the picture is nearly all of it.
  const [pack] = (await packsByBytes(stage.store)).filter(({ bytes }) => bytes < 35_000);
  await flipByte(stage.store, pack!.key, 5_000);
  const verified = await verifyVault(await stage.open(), { ...base, deep: true });
  const byId = new Map(verified.map((one) => [one.snapshot, one]));
  assert.deepEqual(byId.get(first.id)!.report.damages, []);
  const { report, losses } = byId.get(second.id)!;
  assert.deepEqual([...new Set(report.damages.map(({ key }) => key))], [pack!.key]);
  assert.deepEqual(
    losses.map(({ source, of }) => ({ source, of })),
    [{ source: 'uploads', of: 'pictures/one.png' }],
  );
});

test('a lost listing costs the source as a whole, and a lost manifest the snapshot', async (t) => {
  const stage = await createCareStage(t);
  await stage.write({ 'a.bin': { seed: 3, bytes: 1_000 } });
  const { id } = await stage.snapshot();
  for (const key of await keysBelow(stage.store, 'packs/')) await stage.store.delete(key);
  for (const deep of [false, true]) {
    const [one] = await verifyVault(await stage.open(), { ...base, deep });
    assert.deepEqual(
      one!.losses.map(({ source, of }) => ({ source, of })),
      [{ source: 'uploads', of: null }],
    );
  }
  const [manifest] = await keysBelow(stage.store, 'snapshots/');
  await flipByte(stage.store, manifest!, 60);
  const [one] = await verifyVault(await stage.open(), base);
  assert.equal(one!.snapshot, id);
  assert.deepEqual(
    one!.losses.map(({ source }) => source),
    [null],
  );
});

test('a flipped bit in the footer costs nothing, and is told', async (t) => {
  const stage = await createCareStage(t);
  await stage.write({ 'a.bin': { seed: 4, bytes: 10_000 } });
  await stage.snapshot();
  const [pack] = await packsByBytes(stage.store);
  await flipByte(stage.store, pack!.key, pack!.bytes - 3);
  const [one] = await verifyVault(await stage.open(), { ...base, deep: true });
  assert.equal(one!.report.damages.length, 1);
  assert.deepEqual(one!.losses, []);
});

test('samples come round to every pack, the longest unread first, whatever the clock says', async (t) => {
  const stage = await createCareStage(t);
  for (let n = 0; n < 6; n++) {
    await stage.write({ [`${n}.bin`]: { seed: 10 + n, bytes: 20_000 } });
    await stage.snapshot();
  }
  const packs = await keysBelow(stage.store, 'packs/');
  assert.ok(packs.length >= 6);
  const read = new Set<string>();
  // A clock that was years ahead once must not keep anything from being read later.
  const clocks = [
    '2026-11-21',
    '2039-01-01',
    '2026-11-22',
    '2026-11-23',
    '2026-11-24',
    '2026-11-25',
  ];
  for (const day of clocks) {
    const { vault } = await stage.open();
    const before = new Set(read);
    const packsRead = await readBy(stage.store, async () => {
      await vault.checkPacks({ ...base, progress: () => {}, share: 1 / 6, now: new Date(day) });
    });
    assert.ok(packsRead.length > 0);
    const left = packs.filter((key) => !before.has(key));
    if (left.length > 0) assert.ok(packsRead.some((key) => left.includes(key)));
    for (const key of packsRead) read.add(key);
  }
  assert.deepEqual([...read].toSorted(), packs.toSorted());
  assert.equal((await keysBelow(stage.store, 'upkeep/')).length, 1);
});

test('a damaged pack that no snapshot needs is said, and is no damage of a snapshot', async (t) => {
  const stage = await createCareStage(t);
  await stage.write({ 'a.bin': { seed: 5, bytes: 30_000 } });
  const gone = await stage.snapshot('gone');
  await stage.write({ 'a.bin': { seed: 6, bytes: 10_000 } });
  await stage.snapshot('kept');
  await stage.stillpoint.forget([gone.id], { last: true });
  const [largest] = (await packsByBytes(stage.store)).toReversed();
  await flipByte(stage.store, largest!.key, 100);
  const events: ProgressEvent[] = [];
  const verified = await verifyVault(await stage.open(), {
    ...base,
    sample: 1,
    progress: (event) => events.push(event),
  });
  assert.deepEqual(
    verified.map(({ report }) => report.damages),
    [[]],
  );
  const warned = events.flatMap((event) => (event.type === 'note:said' ? [event.text] : []));
  assert.equal(warned.length, 1);
  assert.ok(warned[0]!.includes(largest!.key));
});

/** The packs that were remembered as read meanwhile: what the memory gained or renewed. */
async function readBy(store: Store, work: () => Promise<void>): Promise<string[]> {
  const before = await memoryOf(store);
  await work();
  const after = await memoryOf(store);
  const newest = Math.max(...after.values());
  const packs = await keysBelow(store, 'packs/');
  return packs.filter((key) => {
    const name = key.slice('packs/xx/'.length).slice(0, 32);
    return after.get(name) === newest && before.get(name) !== newest;
  });
}

async function memoryOf(store: Store): Promise<Map<string, number>> {
  const [key] = await keysBelow(store, 'upkeep/');
  if (key === undefined) return new Map();
  const content = Buffer.from(await store.get(key));
  const times = new Map<string, number>();
  for (let at = 16; at < content.length; at += 20) {
    times.set(content.toString('hex', at, at + 16), content.readUInt32LE(at + 16));
  }
  return times;
}
