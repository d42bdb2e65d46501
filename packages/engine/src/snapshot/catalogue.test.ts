import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isFailure, newSnapshotId, type SnapshotId } from '@stillpoint/core';
import { createRowMemory, type RowFile } from '../catalog/index.ts';
import { call, setStage, type Stage } from '../restore/testing/stage.ts';
import type { Vault } from '../vault/contract.ts';
import { createCatalogue, type Catalogue } from './catalogue.ts';
import { manifestBytes, type Manifest, type Sealed } from './manifest.ts';
import { readSealed } from './sealed.ts';
import { takeSnapshot } from './take-snapshot.ts';

const MANY = 40;

interface Watched {
  readonly vault: Vault;
  /** How many manifests were read since the last time this was asked. */
  readonly reads: () => number;
}

function watch(vault: Vault): Watched {
  let count = 0;
  const watched = (one: Vault): Vault => ({
    ...one,
    readManifest(entry) {
      count += 1;
      return one.readManifest(entry);
    },
    within: (signal) => watched(one.within(signal)),
  });
  const reads = (): number => {
    const before = count;
    count = 0;
    return before;
  };
  return { vault: watched(vault), reads };
}

function countWrites(file: RowFile): RowFile & { writes(): number } {
  let count = 0;
  return {
    read: () => file.read(),
    async write(rows) {
      count += 1;
      await file.write(rows);
    },
    writes: () => count,
  };
}

/** Snapshots a second apart, named n0, n1, ... */
async function sealMany(stage: Stage, first: Sealed, count: number): Promise<SnapshotId[]> {
  await using session = await stage.engine.vault.openSession({ signal: call.signal });
  const ids: SnapshotId[] = [];
  for (let n = 0; n < count; n++) {
    const id = newSnapshotId();
    const createdAt = new Date(Date.parse(first.manifest.createdAt) + (n + 1) * 1000);
    const name = `n${n}`;
    const manifest: Manifest = { ...first.manifest, id, name, createdAt: createdAt.toISOString() };
    await session.seal(id, manifestBytes(manifest));
    ids.push(id);
  }
  return ids;
}

async function listed(catalogue: Catalogue): Promise<readonly string[]> {
  return (await catalogue.list()).sealed.map(({ manifest }) => manifest.id);
}

test('every manifest is read once, and later processes only read the new ones', async () => {
  await using stage = await setStage();
  const first = await takeSnapshot(stage.engine, call);
  const ids = await sealMany(stage, first, MANY);
  const { vault, reads } = watch(stage.engine.vault);
  const file = countWrites(createRowMemory());
  assert.deepEqual(await listed(createCatalogue(vault, file)), [first.manifest.id, ...ids]);
  assert.equal(reads(), MANY + 1);
  assert.equal(file.writes(), 1);

  const next = createCatalogue(vault, file);
  assert.deepEqual(await listed(next), [first.manifest.id, ...ids]);
  assert.equal(reads(), 0);
  const later = await sealMany(stage, first, 2);
  assert.deepEqual(
    (await listed(createCatalogue(vault, file))).toSorted(),
    [first.manifest.id, ...ids, ...later].toSorted(),
  );
  assert.equal(reads(), 2);
  assert.equal(file.writes(), 1, 'two are not worth a file');
});

test('what is listed from memory is what the manifests say', async () => {
  await using stage = await setStage();
  const first = await takeSnapshot(stage.engine, { ...call, name: 'first', message: 'why' });
  await sealMany(stage, first, MANY);
  const file = createRowMemory();
  await createCatalogue(stage.engine.vault, file).list();
  const { sealed } = await createCatalogue(stage.engine.vault, file).list();
  const all = await readSealed(stage.engine.vault);
  assert.deepEqual(
    sealed.map(({ entry }) => entry),
    all.sealed.map(({ entry }) => entry),
  );
  for (const [n, { manifest }] of sealed.entries()) {
    const whole = all.sealed[n]!.manifest;
    assert.equal(manifest.message, whole.message);
    assert.equal(manifest.lockfile.signature, whole.lockfile.signature);
    assert.deepEqual(
      manifest.sources.map(({ name }) => name),
      whole.sources.map(({ name }) => name),
    );
  }
  assert.ok(!JSON.stringify(sealed).includes('"record"'), 'records stay in the vault');
});

test('latest, names and ids mean the right one among many, and only that one is read', async () => {
  await using stage = await setStage();
  const first = await takeSnapshot(stage.engine, call);
  const ids = await sealMany(stage, first, MANY);
  const { vault, reads } = watch(stage.engine.vault);
  const file = createRowMemory();
  await createCatalogue(vault, file).list();
  reads();
  const project = first.manifest.project.id;
  const found = async (ref: string): Promise<string> =>
    (await createCatalogue(vault, file).find(ref, project)).manifest.id;
  assert.equal(await found('latest'), ids.at(-1));
  assert.equal(await found('latest~7'), ids.at(-8));
  assert.equal(await found('n3'), ids[3]);
  assert.equal(await found(ids[5]!), ids[5]);
  assert.equal(reads(), 4);
});

test('a manifest that was damaged since it was listed is told when it is read, and counts no longer', async () => {
  await using stage = await setStage();
  const first = await takeSnapshot(stage.engine, call);
  const ids = await sealMany(stage, first, MANY);
  const file = createRowMemory();
  await createCatalogue(stage.engine.vault, file).list();
  const spoilt = ids.at(-1)!;
  const vault: Vault = {
    ...stage.engine.vault,
    async readManifest(entry) {
      const bytes = await stage.engine.vault.readManifest(entry);
      return entry.id === spoilt ? bytes.subarray(1) : bytes;
    },
  };
  const catalogue = createCatalogue(vault, file);
  const project = first.manifest.project.id;
  assert.equal((await catalogue.find('latest', project)).manifest.id, ids.at(-2));
  await assert.rejects(catalogue.find(spoilt, project), (error) => isFailure(error, 'REF_UNKNOWN'));
  const { sealed, damaged } = await catalogue.list();
  assert.equal(sealed.length, MANY);
  assert.deepEqual(
    damaged.map(({ entry }) => entry.id),
    [spoilt],
  );
});

test('a manifest that was cut short is looked at again though it is remembered', async () => {
  await using stage = await setStage();
  const first = await takeSnapshot(stage.engine, call);
  const ids = await sealMany(stage, first, MANY);
  const file = createRowMemory();
  await createCatalogue(stage.engine.vault, file).list();
  const { vault, reads } = watch({
    ...stage.engine.vault,
    list: async () =>
      (await stage.engine.vault.list()).map((entry) =>
        entry.id === ids[0] ? { ...entry, bytes: entry.bytes - 1 } : entry,
      ),
  });
  await createCatalogue(vault, file).list();
  assert.equal(reads(), 1);
});

test('what was forgotten is forgotten here too, at once', async () => {
  await using stage = await setStage();
  const first = await takeSnapshot(stage.engine, call);
  const ids = await sealMany(stage, first, MANY);
  const { vault } = stage.engine;
  const file = createRowMemory();
  const { sealed } = await createCatalogue(vault, file).list();
  await vault.forget(sealed.find(({ entry }) => entry.id === ids[9])!.entry);
  assert.ok(!(await listed(createCatalogue(vault, file))).includes(ids[9]!));
  assert.equal((await file.read()).size, MANY);
});

test('a file that cannot be written costs time, nothing else', async () => {
  await using stage = await setStage();
  const first = await takeSnapshot(stage.engine, call);
  const ids = await sealMany(stage, first, MANY);
  const file: RowFile = {
    read: async () => new Map(),
    write: () => Promise.reject(new Error('the disk is full')),
  };
  const catalogue = createCatalogue(stage.engine.vault, file);
  assert.deepEqual(await listed(catalogue), [first.manifest.id, ...ids]);
  assert.deepEqual(await listed(catalogue), [first.manifest.id, ...ids]);
});

test('a snapshot among many reads the manifests that its drivers ask for, not all', async () => {
  await using stage = await setStage();
  const first = await takeSnapshot(stage.engine, call);
  await sealMany(stage, first, MANY);
  const { vault, reads } = watch(stage.engine.vault);
  const file = createRowMemory();
  await createCatalogue(vault, file).list();
  reads();
  const engine = { ...stage.engine, vault, catalogue: createCatalogue(vault, file) };
  await takeSnapshot(engine, call);
  assert.ok(reads() <= stage.worlds.length, 'at most one for each source');
});

test('a driver is given the records of its own project first, and each only when it asks', async () => {
  await using stage = await setStage(['left']);
  const first = await takeSnapshot(stage.engine, call);
  const [driver] = stage.engine.drivers;
  assert.ok(driver);
  const project = { id: 'another', directory: '/elsewhere' };
  await sealMany(stage, { ...first, manifest: { ...first.manifest, project } }, MANY);
  const { vault, reads } = watch(stage.engine.vault);
  const catalogue = createCatalogue(vault);
  await catalogue.list();
  reads();
  const seen: number[] = [];
  const asking: typeof driver = {
    ...driver,
    async begin(options) {
      for await (const _record of options.history) seen.push(reads());
      return driver.begin(options);
    },
  };
  await takeSnapshot({ ...stage.engine, vault, catalogue, drivers: [asking] }, call);
  assert.equal(seen.length, MANY + 1);
  assert.deepEqual(seen.slice(0, 3), [1, 16, 0], 'its own alone, then others in groups');
});
