// A copy is the same snapshots under other keys: incremental and exact. What breaks or dies on the way is in fault-matrix.test.ts.
import assert from 'node:assert/strict';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { silent } from '@stillpoint/core';
import { readSealed, streamsOfSnapshot } from '../snapshot/index.ts';
import type { StreamRef } from '../sources/contract.ts';
import { createMemoryStore, createVault } from '../vault/index.ts';
import { copySnapshots, type Cared } from './copy.ts';
import { createCareStage, type CareStage } from './testing/stage.ts';
import { flipByte, keysBelow, packsByBytes } from './testing/damage.ts';
import { verifyVault } from './verify.ts';

const options = { projectId: '', signal: new AbortController().signal, progress: silent };
/** The cost of scrypt is not what is tested here. */
const encryption = {
  passphrase: Buffer.from('a long passphrase for the copy'),
  cost: { n: 16, r: 1, p: 1 },
};

async function threeSnapshots(stage: CareStage): Promise<void> {
  for (let n = 0; n < 3; n++) {
    await stage.write({
      'same.bin': { seed: 1, bytes: 60_000 },
      [`${n}.bin`]: { seed: 2 + n, bytes: 20_000 },
    });
    await stage.snapshot(`number-${n}`);
  }
}

async function assertSame(from: Cared, to: Cared): Promise<void> {
  const manifests = async ({ vault }: Cared): Promise<Map<string, string>> => {
    const found = new Map<string, string>();
    for (const entry of await vault.list()) {
      found.set(entry.id, Buffer.from(await vault.readManifest(entry)).toString());
    }
    return found;
  };
  assert.deepEqual(await manifests(to), await manifests(from));
  await assertWhole(to);
}

async function assertWhole(cared: Cared): Promise<number> {
  const base = { ...options, sample: 0, deep: true, now: new Date() };
  const verified = await verifyVault(cared, base);
  for (const { report } of verified) assert.deepEqual(report.damages, []);
  return verified.length;
}

test('a copy holds the same manifests and every byte, under keys of its own, and is incremental', async (t) => {
  const stage = await createCareStage(t);
  await threeSnapshots(stage);
  const from = await stage.open();
  const store = createMemoryStore();
  await using vault = await createVault(store, { encryption });
  const to = { vault, referencesOf: from.referencesOf };
  const first = await copySnapshots(from, vault, options);
  assert.deepEqual(
    first.copied.map(({ name }) => name),
    ['number-0', 'number-1', 'number-2'],
  );
  assert.deepEqual([first.there, first.failed], [0, []]);
  // What the snapshots share was copied with the first of them.
  assert.ok(first.copied[1]!.bytesRead < 40_000 && first.copied[0]!.bytesRead > 80_000);
  await assertSame(from, to);

  const objects = (await keysBelow(store, 'packs/')).length;
  const again = await copySnapshots(from, vault, options);
  assert.deepEqual([again.copied, again.there], [[], 3]);
  await stage.write({ 'one-more.bin': { seed: 9, bytes: 5_000 } });
  await stage.snapshot('latest-one');
  const { copied } = await copySnapshots(await stage.open(), vault, options);
  assert.equal(copied.length, 1);
  assert.ok(copied[0]!.bytesRead < 10_000);
  assert.equal((await keysBelow(store, 'packs/')).length, objects + 1);

  // Nothing in clear, and the same content has other names: who sees both stores learns nothing.
  const here = new Set((await keysBelow(stage.store, 'packs/')).map((key) => path.basename(key)));
  for (const key of await keysBelow(store, 'packs/')) assert.ok(!here.has(path.basename(key)));
});

test('a copy of a copy, back into a vault without keys, is the same again', async (t) => {
  const stage = await createCareStage(t);
  await threeSnapshots(stage);
  const from = await stage.open();
  await using far = await createVault(createMemoryStore(), { encryption });
  await copySnapshots(from, far, options);
  await using back = await createVault(createMemoryStore());
  const { referencesOf } = from;
  const result = await copySnapshots({ vault: far, referencesOf }, back, {
    ...options,
    refs: ['latest'],
  });
  assert.deepEqual(
    result.copied.map(({ name }) => name),
    ['number-2'],
  );
  await copySnapshots({ vault: far, referencesOf }, back, options);
  await assertSame(from, { vault: back, referencesOf });
});

test('images of pages are copied with all that they rest on, and read the same', async (t) => {
  const stage = await createCareStage(t);
  const database = path.join(stage.project, 'uploads', 'app.db');
  const write = (sql: string): void => {
    const db = new DatabaseSync(database);
    db.exec(sql);
    db.close();
  };
  write('create table item (id integer primary key, text text)');
  write(`with recursive n(i) as (select 1 union all select i + 1 from n where i < 4000)
    insert into item select i, hex(randomblob(100)) from n`);
  await stage.snapshot('whole');
  write("update item set text = 'changed' where id % 500 = 0");
  await stage.snapshot('changed');
  const from = await stage.open();
  const images = await imagesOf(from);
  assert.ok(images.length >= 2, 'the file is kept as an image');
  await using vault = await createVault(createMemoryStore(), { encryption });
  const { copied } = await copySnapshots(from, vault, options);
  assert.ok(copied[1]!.bytesRead < copied[0]!.bytesRead / 2);
  await assertSame(from, { vault, referencesOf: from.referencesOf });
  for (const ref of images) {
    assert.equal(Buffer.compare(await vault.readBytes(ref), await from.vault.readBytes(ref)), 0);
  }
});

async function imagesOf(cared: Cared): Promise<StreamRef[]> {
  const found: StreamRef[] = [];
  for (const one of (await readSealed(cared.vault)).sealed) {
    for await (const { stream } of streamsOfSnapshot(cared, one)) {
      if (stream.pageBytes !== undefined) found.push(stream);
    }
  }
  return found;
}

test('a snapshot that is damaged here is told, and the others are copied', async (t) => {
  const stage = await createCareStage(t);
  await stage.write({ 'a.bin': { seed: 1, bytes: 50_000 } });
  await stage.snapshot('whole');
  await stage.write({ 'b.bin': { seed: 2, bytes: 20_000 } });
  const { id } = await stage.snapshot('damaged');
  const [pack] = (await packsByBytes(stage.store)).filter(({ bytes }) => bytes > 10_000);
  await flipByte(stage.store, pack!.key, 3_000);
  await using vault = await createVault(createMemoryStore());
  const from = await stage.open();
  const result = await copySnapshots(from, vault, options);
  assert.deepEqual(
    result.copied.map(({ name }) => name),
    ['whole'],
  );
  assert.deepEqual(
    result.failed.map((one) => one.id),
    [id],
  );
  assert.equal(await assertWhole({ vault, referencesOf: from.referencesOf }), 1);
});
