// A run as a participant of the engine, which speaks with it by the protocol alone: it keeps the law of all participants.
import assert from 'node:assert/strict';
import { rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { isFailure, newSnapshotId, silent } from '../packages/core/src/index.ts';
import { testParticipant, type ParticipantFixture } from '../packages/engine/src/freeze/testkit.ts';
import type { Hold } from '../packages/engine/src/freeze/contract.ts';
import { createRunParticipant } from '../packages/engine/src/sources/run/index.ts';
import type { ControlStatus } from '../packages/sim/src/control/contract.ts';
import {
  makePlace,
  type Controlled,
  type Place,
} from '../packages/sim/src/control/testing/controlled.ts';

interface Running extends ParticipantFixture {
  readonly run: Controlled;
  readonly place: Place;
}

const participantOf = ({ directory }: Place) =>
  createRunParticipant({ name: 'run:simulation', guards: '*', directory, run: 'latest' });

async function createFixture(synchronous: boolean): Promise<Running> {
  const place = await makePlace('planet');
  await symlink('planet', path.join(place.directory, 'latest'));
  const busyFile = path.join(place.directory, 'busy');
  const run = await place.start({ synchronous, busyFile });
  const statusOf = async () => (await run.ask('status')) as ControlStatus;
  return {
    run,
    place,
    participant: participantOf(place),
    async writes(timeoutMs) {
      await run.ask('wait', { tick: (await statusOf()).tick + 2 }, timeoutMs);
    },
    isPaused: async () => (await statusOf()).paused,
    async keepBusy() {
      const { tick } = await statusOf();
      await run.ask('wait', { tick: tick + 1 });
      await writeFile(busyFile, '');
      return () => rm(busyFile);
    },
    async endSuspension() {
      await run.ask('resume');
    },
    [Symbol.asyncDispose]: () => place[Symbol.asyncDispose](),
  };
}

for (const synchronous of [false, true]) {
  testParticipant({
    name: `run (${synchronous ? 'without' : 'with'} an event loop)`,
    supports: { noticesLoss: true, endsByItself: true },
    create: () => createFixture(synchronous),
  });
}

const never = new AbortController().signal;

function open(place: Place): Promise<Hold> {
  const snapshot = newSnapshotId();
  return participantOf(place).open({ snapshot, budgetMs: 20_000, signal: never, progress: silent });
}

test('a run that is killed while it is held is lost, and nobody waits for it', async () => {
  await using it = await createFixture(false);
  await using hold = await open(it.place);
  await hold.suspend(never, 20_000);
  await it.run.kill();
  await assert.rejects(hold.check(), (error) => isFailure(error, 'FREEZE_LOST'));
  assert.equal(await hold.resume(), 'lost');
});

test('a run that does not go on holds still by itself, also one that left its socket behind', async () => {
  await using place = await makePlace('planet');
  const heldStill = async (): Promise<void> => {
    await using hold = await open(place);
    await hold.suspend(never, 20_000);
    await hold.check();
    assert.equal(await hold.resume(), 'held');
  };
  await heldStill();
  await symlink('planet', path.join(place.directory, 'latest'));
  await heldStill();
  await (await place.start()).kill();
  await heldStill();
});
