// The hold of a database that is not there: nobody is waited for, and whoever makes the database meanwhile is noticed.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isFailure, newSnapshotId, silent } from '@stillpoint/core';
import type { Hold } from '../../../freeze/contract.ts';
import { createUrlLockParticipant } from './lock.ts';
import { never, openServerOfTests } from './testing.ts';

const { server, skip } = await openServerOfTests();

const isLost = (error: unknown): boolean => isFailure(error, 'FREEZE_LOST');

function openHold(database: string): Promise<Hold> {
  const url = server.url(database);
  const address = async (): Promise<{ url: string }> => ({ url });
  const lock = createUrlLockParticipant({ name: 'lock:db', guards: '*', key: 4711n, address });
  return lock.open({
    snapshot: newSnapshotId(),
    budgetMs: 20_000,
    signal: never,
    progress: silent,
  });
}

test('a database that is not there is held as long as it is not there', { skip }, async () => {
  await using hold = await openHold('absent');
  await hold.suspend(never, 20_000);
  await hold.check();
  assert.deepEqual([await hold.resume(), await hold.resume()], ['held', 'held']);
  await using idle = await openHold('absent');
  assert.equal(await idle.resume(), 'lost', 'what was never suspended was not held');
});

test('a database that is made meanwhile ends the hold of nothing', { skip }, async () => {
  await using hold = await openHold('made');
  await using late = await openHold('made');
  await hold.suspend(never, 20_000);
  await server.createDatabase('made');
  await assert.rejects(hold.check(), isLost);
  assert.equal(await hold.resume(), 'lost');
  await assert.rejects(late.suspend(never, 20_000), isLost);
});
