// A snapshot that holds much WAL, told again by a base just before its mark: the same state, far less WAL, nothing of the old base
// needed, and a history that goes on from it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silent } from '@stillpoint/core';
import type { StreamRef } from '../contract.ts';
import { bytesBetween, parseLsn } from './lsn.ts';
import { parseRecord } from './record.ts';
import { postgresReferences } from './references.ts';
import { withControl } from './session.ts';
import {
  beginLife,
  never,
  holdThrowawayCluster,
  withDatabase,
  type Life,
  type Taken,
} from './testing.ts';

const cluster = await holdThrowawayCluster({ wal_keep_size: '0' });

async function sql(text: string): Promise<unknown[]> {
  return withDatabase(cluster, async (client) => (await client.query(text)).rows as unknown[]);
}

/** Some segments of WAL with a checkpoint at their end. */
async function writeMuch(): Promise<void> {
  await withControl(cluster, never, async (client) => {
    for (let segments = 0; segments < 5; segments += 1) {
      await client.query('SELECT pg_create_restore_point($1)', [`segment ${segments}`]);
      await client.query('SELECT pg_switch_wal()');
    }
    await client.query('CHECKPOINT');
  });
}

async function rebase(life: Life, { id, record }: Taken): Promise<Taken | undefined> {
  const others = life.history.filter((other) => other.id !== id);
  const rebased = await life.driver.rebase!(record, {
    snapshot: id,
    others: (async function* () {
      for (const other of others) yield other.record;
    })(),
    sink: life.objects,
    source: life.objects,
    signal: never,
    progress: silent,
  });
  return rebased === undefined ? undefined : { id, record: parseRecord(rebased) };
}

const heldBytes = ({ record }: Taken): number =>
  bytesBetween(parseLsn(record.walFrom), parseLsn(record.walTo));

/** What prune will keep for the record is all that restoring it reads. */
async function needsOnlyItsOwn(life: Life, { id, record }: Taken): Promise<void> {
  const { objects } = life;
  const named = new Set<string>();
  for await (const { digest } of postgresReferences(record, objects)) named.add(digest);
  const readBytes = async (ref: StreamRef): Promise<Uint8Array> => {
    assert.ok(named.has(ref.digest));
    return objects.readBytes(ref);
  };
  await life.driver.prepare(record, {
    snapshot: id,
    source: {
      readBytes,
      async *readStream(ref) {
        yield await readBytes(ref);
      },
    },
    workDirectory: '/nonexistent',
    signal: never,
    progress: silent,
  });
  await life.driver.abandon();
}

test('a rebased snapshot is the same state with little WAL, needs nothing of the old, and is continued', async () => {
  const life = beginLife(cluster);
  await sql('CREATE TABLE words (n serial PRIMARY KEY, word text)');
  const first = await life.capture();
  await life.restore(first);
  await sql(`INSERT INTO words (word) SELECT 'much ' || i FROM generate_series(1, 5000) i`);
  await writeMuch();
  await sql(`INSERT INTO words (word) VALUES ('little')`);
  const content = `SELECT count(*)::int AS n, md5(string_agg(word, ',' ORDER BY n)) AS words, max(n) AS last FROM words`;
  const before = await sql(content);
  const taken = await life.capture({
    afterMark: async () => void (await sql('DELETE FROM words')),
  });
  assert.equal(taken.record.ancestors.length, 1);
  assert.ok(heldBytes(taken) > 64 * 1024 ** 2);

  const incarnations = await cluster.listIncarnations();
  const rebased = await rebase(life, taken);
  assert.ok(rebased !== undefined);
  assert.deepEqual(await cluster.listIncarnations(), incarnations, 'nothing is left');
  assert.ok(heldBytes(rebased) <= 32 * 1024 ** 2, `${heldBytes(rebased)}`);
  const parts = ['base', 'wal', 'walFrom', 'ancestors'];
  const others = ({ record }: Taken) =>
    Object.entries(record).filter(([field]) => !parts.includes(field));
  assert.deepEqual(others(rebased), others(taken));
  assert.deepEqual(rebased.record.ancestors, []);
  assert.equal(rebased.record.base.incarnation, taken.record.incarnation);
  assert.equal(await rebase(life, rebased), undefined, 'again there is nothing to gain');
  await needsOnlyItsOwn(life, rebased);

  life.history.splice(0, life.history.length, rebased);
  const said = life.said.length;
  const next = await life.capture();
  assert.deepEqual(next.record.base, rebased.record.base, 'the life goes on from it');
  await life.restore(rebased);
  assert.deepEqual(await sql(content), before);
  const after = await life.capture();
  assert.deepEqual(after.record.base, rebased.record.base, 'and so does the life restored from it');
  assert.deepEqual(life.said.slice(said), []);
  await life.restore(after);
  assert.deepEqual(await sql(content), before);
});

test('little WAL: nothing to gain, and nothing is stored', async () => {
  const life = beginLife(cluster);
  const little = await life.capture();
  const stored = life.objects.bytesStored();
  assert.equal(await rebase(life, little), undefined);
  assert.equal(life.objects.bytesStored(), stored);
});
