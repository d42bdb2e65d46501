import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newSnapshotId, newUuid, systemClock } from '@stillpoint/core';
import type { DatabaseSet, DatabaseView, PrepareOptions } from '../contract.ts';
import { readNote, writeNote } from './incarnation.ts';
import { prepare } from './prepare.ts';
import { beginLife, never, holdThrowawayCluster, withDatabase, type Taken } from './testing.ts';

const cluster = await holdThrowawayCluster();
const life = beginLife(cluster);
const access = life.driver.database!;

const optionsOf = (taken: Taken): PrepareOptions => ({
  snapshot: taken.id,
  source: life.objects,
  workDirectory: '/nonexistent',
  signal: never,
  progress: () => {},
});

const captured = (taken: Taken): Promise<DatabaseSet> =>
  access.captured(taken.record, optionsOf(taken));

function shop({ databases }: DatabaseSet): DatabaseView {
  return databases.find(({ name }) => name === 'shop')!;
}

const countNotes = (set: DatabaseSet): Promise<number> =>
  shop(set).countRows({ schema: 'public', name: 'notes' });

const onlyCurrent = async (): Promise<void> =>
  assert.deepEqual(await cluster.listIncarnations(), [await cluster.currentIncarnation()]);

await withDatabase(cluster, (client) => client.query('CREATE TABLE notes AS SELECT 1 AS n'));
const first = await life.capture();
await withDatabase(cluster, (client) => client.query('INSERT INTO notes VALUES (2), (3)'));
const second = await life.capture();

test('captured states and the live one are seen side by side, and leave nothing', async () => {
  {
    await using one = await captured(first);
    await using two = await captured(second);
    await using live = await access.live(never);
    assert.deepEqual(await Promise.all([one, two, live].map(countNotes)), [1, 3, 3]);
    assert.deepEqual(
      live.databases.map(({ name }) => name),
      ['postgres', 'shop'],
    );
    assert.equal(await shop(one).schemaDigest(), await shop(live).schemaDigest());
    await assert.rejects(shop(one).writeStamp('x'), /captured state/);
    assert.equal((await cluster.listIncarnations()).length, 3);
  }
  await onlyCurrent();
});

test('looking at the live databases starts a server that is stopped', async () => {
  await cluster.stop();
  await using live = await access.live(never);
  assert.equal(await countNotes(live), 3);
  assert.equal((await cluster.status()).state, 'running');
});

test('what a killed look left is dropped, with its server, by the next look and by the next snapshot', async () => {
  const leaveBehind = async (): Promise<string> => {
    const incarnation = newUuid();
    const context = { cluster, clock: systemClock, viewAs: incarnation };
    await prepare(context, first.record, optionsOf(first));
    return incarnation;
  };
  const left = await leaveBehind();
  assert.equal((await readNote(cluster, left, 'prepared'))?.view, true);
  const orphan = await cluster.startPrivate(left, { signal: never });
  {
    await using one = await captured(first);
    assert.equal(await countNotes(one), 1);
    assert.equal((await cluster.listIncarnations()).includes(left), false);
  }
  await assert.rejects(orphan.connect({ applicationName: 'stillpoint test' }));
  await orphan.stop();
  await leaveBehind();
  await life.capture();
  await onlyCurrent();
});

test('what a restore has prepared is not dropped by a look', async () => {
  const incarnation = newUuid();
  await writeNote(cluster, incarnation, 'prepared', { snapshot: newSnapshotId() });
  {
    await using one = await captured(first);
    assert.equal(await countNotes(one), 1);
  }
  assert.ok((await cluster.listIncarnations()).includes(incarnation));
  await life.driver.abandon();
  await onlyCurrent();
});

test('looking at an undo point leaves the life that is kept for it untouched', async () => {
  const undo = await life.restore(first);
  {
    await using set = await captured(undo);
    assert.equal(await countNotes(set), 3);
  }
  const kept = (await life.prepare(undo.record, undo.id)) as { reuse: boolean };
  assert.equal(kept.reuse, true);
  await life.driver.prove(kept, never);
});

test('a look that is given up leaves nothing', async () => {
  const before = await cluster.listIncarnations();
  const controller = new AbortController();
  const looking = access.captured(first.record, {
    ...optionsOf(first),
    signal: controller.signal,
    progress: ({ type }) => {
      if (type === 'phase:started') controller.abort(new Error('given up'));
    },
  });
  await assert.rejects(looking, /given up/);
  assert.deepEqual(await cluster.listIncarnations(), before);
});
