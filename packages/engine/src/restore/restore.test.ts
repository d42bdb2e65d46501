// The orchestration of snapshot, restore and reversal, on memory drivers and a memory vault: what is special to real sources is
// tested with them, and death in the switch with the real command (test/crash.test.ts).
import assert from 'node:assert/strict';
import { mkdtemp, rm, access } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { failure, isFailure, silent, systemClock } from '@stillpoint/core';
import type { EngineContext } from '../context.ts';
import { openProjectState } from '../project/index.ts';
import { readSealed, takeSnapshot, type Sealed } from '../snapshot/index.ts';
import type { SourceDriver } from '../sources/contract.ts';
import { createFaultyDriver, createMemoryDriver, createMemoryWorld } from '../sources/memory.ts';
import { createMemoryStore, createVault } from '../vault/index.ts';
import { recoverRestore } from './recover.ts';
import { findUndo, restoreInPlace } from './restore.ts';

const never = new AbortController().signal;
const call = { signal: never, progress: silent };

interface Stage extends AsyncDisposable {
  readonly engine: EngineContext;
  readonly worlds: readonly ReturnType<typeof createMemoryWorld>[];
  /** Which method of which source fails; 'left:switch'. */
  readonly faults: Set<string>;
  write(word: string): void;
  words(): (string | undefined)[];
}

async function setStage(): Promise<Stage> {
  const directory = await mkdtemp(path.join(tmpdir(), 'stillpoint-restore-'));
  const names = ['left', 'right'];
  const worlds = names.map(() => createMemoryWorld());
  const faults = new Set<string>();
  const drivers = names.map((name, index) =>
    createFaultyDriver(createMemoryDriver(name, worlds[index]!), (method) =>
      faults.has(`${name}:${String(method)}`),
    ),
  );
  const state = await openProjectState({ projectDirectory: directory, clock: systemClock });
  const vault = await createVault(createMemoryStore(), { clock: systemClock });
  const byName = new Map<string, SourceDriver>(drivers.map((driver) => [driver.name, driver]));
  const engine: EngineContext = {
    config: {
      projectDirectory: directory,
      members: [],
      sources: [],
      participants: [],
      freeze: { budgetMs: 2000, lockKey: 1n },
      vault: 'memory',
    },
    state,
    vault,
    clock: systemClock,
    drivers,
    participants: [],
    driversFor: () => byName,
    referencesOf: (_driver, record, source) => drivers[0]!.references(record, source),
    version: 'test',
    crashPoint: () => {},
  };
  return {
    engine,
    worlds,
    faults,
    write: (word) => worlds.forEach(({ entries }) => entries.set('word', word)),
    words: () => worlds.map(({ entries }) => entries.get('word')),
    async [Symbol.asyncDispose]() {
      await vault[Symbol.asyncDispose]();
      await rm(directory, { recursive: true });
    },
  };
}

async function snapshotThenWrite(stage: Stage): Promise<Sealed> {
  stage.write('old');
  const target = await takeSnapshot(stage.engine, call);
  stage.write('new');
  return target;
}

async function ended(stage: Stage): Promise<void> {
  await assert.rejects(access(stage.engine.state.journalFile), 'the journal is gone');
  assert.ok(
    stage.worlds.every(({ open }) => open),
    'everybody is let in again',
  );
}

test('restore, undo, and undo of the undo', async () => {
  await using stage = await setStage();
  const target = await snapshotThenWrite(stage);
  const { undo } = await restoreInPlace(stage.engine, { target, ...call });
  assert.deepEqual(stage.words(), ['old', 'old']);
  assert.equal(await findUndo(stage.engine), undo);
  for (const expected of ['new', 'old', 'new']) {
    const id = await findUndo(stage.engine);
    const { sealed } = await readSealed(stage.engine.vault);
    const back = sealed.find(({ manifest }) => manifest.id === id)!;
    assert.equal(back.manifest.kind, 'undo');
    await restoreInPlace(stage.engine, { target: back, ...call });
    assert.deepEqual(stage.words(), [expected, expected]);
  }
  await ended(stage);
});

for (const fault of ['left:close', 'right:close', 'left:switch', 'right:switch']) {
  test(`${fault} fails: all is taken back`, async () => {
    await using stage = await setStage();
    const target = await snapshotThenWrite(stage);
    stage.faults.add(fault);
    const restoring = restoreInPlace(stage.engine, { target, ...call });
    if (fault.endsWith(':close')) {
      await assert.rejects(restoring, (error) => isFailure(error, 'RESTORE_FAILED'));
    } else {
      // The switch back fails in the same way; the next command finds it mended.
      await assert.rejects(restoring, (error) => isFailure(error, 'RESTORE_STUCK'));
      stage.faults.clear();
      const { action } = await recoverRestore(stage.engine, never, silent);
      assert.equal(action, 'reversed');
    }
    assert.deepEqual(stage.words(), ['new', 'new']);
    await ended(stage);
  });
}

for (const fault of ['left:prepare', 'right:prove', 'left:begin', 'right:placementOfUndo']) {
  test(`${fault} fails: nothing was touched`, async () => {
    await using stage = await setStage();
    const target = await snapshotThenWrite(stage);
    stage.faults.add(fault);
    await assert.rejects(restoreInPlace(stage.engine, { target, ...call }), (error) =>
      isFailure(error, 'DRIVER_FAULT'),
    );
    assert.deepEqual(stage.words(), ['new', 'new']);
    await ended(stage);
  });
}

test('interrupted before anything was switched: nothing was touched', async () => {
  await using stage = await setStage();
  const target = await snapshotThenWrite(stage);
  const abort = new AbortController();
  const restoring = restoreInPlace(stage.engine, {
    target,
    signal: abort.signal,
    progress: (event) => {
      if (event.type === 'phase:started' && event.phase === 'freeze') {
        abort.abort(failure('INTERRUPTED', { doing: 'restoring' }));
      }
    },
  });
  await assert.rejects(restoring, (error) => isFailure(error, 'INTERRUPTED'));
  assert.deepEqual(stage.words(), ['new', 'new']);
  await ended(stage);
});

test('a snapshot whose mark or capture fails is no snapshot', async () => {
  await using stage = await setStage();
  for (const fault of ['left:mark', 'right:capture']) {
    stage.faults.add(fault);
    await assert.rejects(takeSnapshot(stage.engine, call), (error) =>
      isFailure(error, 'DRIVER_FAULT'),
    );
    stage.faults.clear();
  }
  assert.deepEqual((await readSealed(stage.engine.vault)).sealed, []);
});
