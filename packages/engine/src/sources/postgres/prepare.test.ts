// What a restore must refuse, and what it leaves behind when it does: nothing.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isFailure, newSnapshotId, type ErrorCode } from '@stillpoint/core';
import { schemaDigestsKnown, settleSession } from './schema-digest.ts';
import { beginLife, never, holdThrowawayCluster, withDatabase } from './testing.ts';
import { readWalList } from './wal-list.ts';

const cluster = await holdThrowawayCluster();
await withDatabase(cluster, async (client) => {
  await client.query('CREATE TABLE notes AS SELECT 1 AS n');
  await client.query("ALTER TABLE notes ADD kind varchar CHECK (kind IN ('a', 'b'))");
});
const life = beginLife(cluster);
const taken = await life.capture();

const refusedWith = (code: ErrorCode) => (error: unknown) => isFailure(error, code);

test('another major, another machine or a newer record are refused by name', async () => {
  const { record } = taken;
  const cases: [object, ErrorCode][] = [
    [{ ...record, major: record.major - 1 }, 'POSTGRES_MAJOR_MISMATCH'],
    [{ ...record, arch: 'plan9-mips' }, 'POSTGRES_ARCH_MISMATCH'],
    [{ ...record, version: 2 }, 'POSTGRES_RECORD_UNREADABLE'],
    [{ ...record, base: { ...record.base, startLsn: 'x' } }, 'POSTGRES_RECORD_UNREADABLE'],
  ];
  for (const [record, code] of cases) await assert.rejects(life.prepare(record), refusedWith(code));
  assert.equal((await cluster.listIncarnations()).length, 1);
});

test('damage in the base, the list or the log is found before anything is switched, and leaves nothing', async () => {
  const { record } = taken;
  const list = await readWalList(life.objects, record.wal);
  const pieces = new Set(
    list.spans.flatMap(({ pieces: found }) => found.map(({ ref }) => ref.digest)),
  );
  const read: typeof life.objects.readBytes = life.objects.readBytes.bind(life.objects);
  for (const damaged of [
    pieces,
    new Set([record.base.listing.digest]),
    new Set([record.wal.digest]),
  ]) {
    life.objects.readBytes = async (ref) => {
      if (damaged.has(ref.digest)) throw new Error('damaged');
      return read(ref);
    };
    await assert.rejects(life.prepare(record), /damaged/);
  }
  life.objects.readBytes = read;
  assert.equal((await cluster.listIncarnations()).length, 1);
  assert.equal((await cluster.status()).state, 'running');
});

test('a log that holds other bytes than the mark is not taken for a recovery', async () => {
  const mark = { ...taken.record.mark, name: 'stillpoint-of-somebody-else' };
  await assert.rejects(
    life.prepare({ ...taken.record, mark }),
    refusedWith('POSTGRES_RECOVERY_FAILED'),
  );
  assert.equal((await cluster.listIncarnations()).length, 1);
});

test('what was prepared and given up is dropped; the live cluster is not', async () => {
  await life.prepare(taken.record);
  assert.equal((await cluster.listIncarnations()).length, 2);
  await life.driver.abandon();
  await life.driver.abandon();
  assert.deepEqual(await cluster.listIncarnations(), [await cluster.currentIncarnation()]);
});

test('a proof that does not hold refuses the placement', async () => {
  const databases = taken.record.databases.map((one) => ({ ...one, schemaDigest: 'blake3:other' }));
  const placement = await life.prepare({ ...taken.record, databases });
  await assert.rejects(life.driver.prove(placement, never), refusedWith('RESTORE_NOT_PROVED'));
  const elsewhere = taken.record.databases.map((one) => ({ ...one, collationVersion: '1.2' }));
  const other = await life.prepare({ ...taken.record, databases: elsewhere });
  await assert.rejects(life.driver.prove(other, never), refusedWith('POSTGRES_COLLATION_MISMATCH'));
  await life.driver.abandon();
});

test('a record with the digest of the words of the server, as older ones have, is proved', async () => {
  const [, asTheServerWrites] = await withDatabase(cluster, async (client) => {
    await settleSession(client);
    return schemaDigestsKnown(client);
  });
  const [shop] = taken.record.databases.filter(({ name }) => name === 'shop');
  assert.ok(shop !== undefined);
  assert.notEqual(asTheServerWrites, shop.schemaDigest, 'the check is worded otherwise');
  const databases = taken.record.databases.map((one) =>
    one === shop ? { ...one, schemaDigest: asTheServerWrites! } : one,
  );
  const placement = await life.prepare({ ...taken.record, databases });
  await life.driver.prove(placement, never);
  await life.driver.abandon();
});

test('undo takes the closed data as it is, but only until it was opened again', async () => {
  const undo = await life.restore(taken);
  const kept = (await life.prepare(undo.record, undo.id)) as {
    reuse: boolean;
    incarnation: string;
  };
  assert.equal(kept.reuse, true);
  assert.equal(kept.incarnation, undo.record.incarnation);
  await life.driver.prove(kept, never);
  const stranger = (await life.prepare(undo.record, newSnapshotId())) as { reuse: boolean };
  assert.equal(stranger.reuse, false, 'another snapshot is not what was closed');
  await life.driver.close({ verifyHeld: async () => {}, undo: newSnapshotId() });
  await life.driver.switch(kept, { undo: undo.id, progress: () => {} });
  await life.driver.open();
  const again = (await life.prepare(undo.record, undo.id)) as { reuse: boolean };
  assert.equal(again.reuse, false, 'it is live, and written to');
  await life.driver.abandon();
});

test('clients are ended by close, however they call themselves', async () => {
  const { Client } = await import('pg');
  const client = new Client({
    connectionString: await cluster.url(),
    application_name: 'stillpoint me',
  });
  const ended = new Promise<void>((resolve) => client.on('error', () => resolve()));
  await client.connect();
  await life.driver.close({ verifyHeld: async () => {}, undo: newSnapshotId() });
  await ended;
  assert.equal((await cluster.status()).state, 'stopped');
  await life.driver.open();
});
