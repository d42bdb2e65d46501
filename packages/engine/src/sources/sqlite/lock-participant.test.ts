// The write lock on a real file, in both journal modes: the participants' law, and death of every kind.
import assert from 'node:assert/strict';
import { rename } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { isFailure, newSnapshotId, silent } from '@stillpoint/core';
import type { Hold, Participant } from '../../freeze/contract.ts';
import { testParticipant, type ParticipantFixture } from '../../freeze/testkit.ts';
import { eventually } from '../../freeze/testing/eventually.ts';
import { findChildren } from '../../freeze/testing/processes.ts';
import { startFreezer, untilHolding, type Freezer } from '../../freeze/testing/start-freezer.ts';
import { createSqliteLockParticipant } from './lock-participant.ts';
import type { LockFreezerArguments } from './testing/lock-freezer.ts';
import {
  addNote,
  makeDatabase,
  never,
  openPlace,
  type Journal,
  type Place,
} from './testing/place.ts';

const patienceMs = 20_000;
const keepers = (): number[] => findChildren('keeper-process');

function participantOf({ file }: Pick<Place, 'file'>): Participant {
  return createSqliteLockParticipant({ name: 'app', guards: '*', file });
}

/** A program that does not wait. */
function canWrite(place: Place): boolean {
  const connection = place.connect();
  try {
    connection.exec('PRAGMA busy_timeout = 0; BEGIN IMMEDIATE; ROLLBACK');
    return true;
  } catch {
    return false;
  } finally {
    connection.close();
  }
}

const writes = (place: Place, timeoutMs: number): Promise<void> =>
  eventually(() => canWrite(place), timeoutMs, 'a write gets through');

async function createFixture(journal: Journal): Promise<ParticipantFixture> {
  const place = await openPlace({ journal });
  return {
    participant: participantOf(place),
    writes: (timeoutMs) => writes(place, timeoutMs),
    isPaused: async () => !canWrite(place),
    async keepBusy() {
      const application = place.connect();
      application.exec('BEGIN IMMEDIATE');
      addNote(application);
      return async () => application.exec('COMMIT');
    },
    async endSuspension() {
      for (const pid of keepers()) process.kill(pid, 'SIGKILL');
    },
    async [Symbol.asyncDispose]() {
      await eventually(() => keepers().length === 0, patienceMs, 'no keeper is left');
      await place[Symbol.asyncDispose]();
    },
  };
}

for (const journal of ['wal', 'delete'] as const) {
  testParticipant({
    name: `sqlite lock, ${journal}`,
    supports: { noticesLoss: true, endsByItself: true },
    create: () => createFixture(journal),
  });
}

function open(participant: Participant): Promise<Hold> {
  const budgetMs = patienceMs;
  return participant.open({ snapshot: newSnapshotId(), budgetMs, signal: never, progress: silent });
}

test('readers read while it is held, whatever the journal', async () => {
  for (const journal of ['wal', 'delete'] as const) {
    await using place = await openPlace({ journal });
    await using hold = await open(participantOf(place));
    await hold.suspend(never, patienceMs);
    assert.ok(place.connect().prepare('SELECT count(*) FROM note').get());
    assert.equal(await hold.resume(), 'held');
  }
});

test('where there is no database there is nobody to hold, until one appears', async () => {
  await using place = await openPlace('empty');
  await using hold = await open(participantOf(place));
  await hold.suspend(never, patienceMs);
  await hold.check();
  makeDatabase(place.file);
  await assert.rejects(hold.check(), (error) => isFailure(error, 'FREEZE_LOST'));
  assert.equal(await hold.resume(), 'lost');
});

test('a lock on a file that was replaced is no lock', async () => {
  await using place = await openPlace();
  await using hold = await open(participantOf(place));
  await hold.suspend(never, patienceMs);
  const other = path.join(place.directory, 'other.db');
  makeDatabase(other);
  await rename(other, place.file);
  assert.equal(await hold.resume(), 'lost');
});

async function holding(place: Place, budgetMs: number): Promise<Freezer> {
  const resumesDirectory = path.join(place.directory, '.stillpoint', 'resumes');
  const given: LockFreezerArguments = { file: place.file, budgetMs, resumesDirectory };
  const program = fileURLToPath(new URL('testing/lock-freezer.ts', import.meta.url));
  return untilHolding(() => startFreezer(program, given), patienceMs);
}

test('a freezer that is killed holds nobody, and leaves no process', async () => {
  await using place = await openPlace();
  await using freezer = await holding(place, patienceMs);
  assert.equal(canWrite(place), false);
  await freezer.kill();
  await writes(place, patienceMs);
  await freezer.leavesNothing(patienceMs);
});

test('a freezer that is stopped holds nobody beyond its limit, and is told so', async () => {
  await using place = await openPlace();
  await using freezer = await holding(place, 1500);
  freezer.stop();
  await writes(place, patienceMs);
  const ended = await freezer.goOn();
  assert.match(ended, /^ended FREEZE_(LOST|BUDGET_EXCEEDED)$/);
  await freezer.leavesNothing(patienceMs);
});
