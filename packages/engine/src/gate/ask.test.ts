// The gate while something else goes on: a snapshot keeps no program from starting, a restore does.
import assert from 'node:assert/strict';
import { appendFile } from 'node:fs/promises';
import { test } from 'node:test';
import { failure, newSnapshotId } from '@stillpoint/core';
import { askGate } from './index.ts';
import { createGateStage, createMemoryDatabase } from './testing/gate-stage.ts';

const { signal } = new AbortController();
const options = { stamp: true, signal };

const held = (): never => {
  throw failure('LEASE_HELD', { operation: 'snapshot', pid: 1, since: 'now', hint: '' } as never);
};
const stuck = (): never => {
  throw failure('RESTORE_STUCK', { id: newSnapshotId(), step: 'switch db' });
};

test('with the lease it is asked, and stamps', async () => {
  const db = createMemoryDatabase('db');
  await using stage = await createGateStage(['app'], [db]);
  await stage.commit('app', { 'a.txt': '1' });
  assert.equal((await askGate(stage.engine, options, (work) => work())).level, 'pass');
  assert.ok(db.stamp !== undefined);
});

test('while a snapshot is taken it is asked all the same', async () => {
  const db = createMemoryDatabase('db');
  await using stage = await createGateStage(['app'], [db]);
  const old = await stage.commit('app', { 'a.txt': '1' });
  await stage.commit('app', { 'a.txt': '2' });
  assert.equal((await askGate(stage.engine, options, async () => held())).level, 'pass');
  stage.git('app', 'checkout', '-q', old);
  assert.equal((await askGate(stage.engine, options, async () => held())).level, 'block');
});

test('while a restore is under way, or one is stuck, it is closed', async () => {
  const db = createMemoryDatabase('db');
  await using stage = await createGateStage(['app'], [db]);
  await stage.commit('app', { 'a.txt': '1' });
  const blocked = await askGate(stage.engine, options, async () => stuck());
  assert.deepEqual([blocked.level, blocked.findings[0]?.rule], ['block', 'half-restored']);
  await appendFile(stage.state.journalFile, '{}\n');
  const running = await askGate(stage.engine, options, async () => held());
  assert.deepEqual([running.level, running.findings[0]?.rule], ['block', 'half-restored']);
  assert.equal(db.stamp, undefined);
});
