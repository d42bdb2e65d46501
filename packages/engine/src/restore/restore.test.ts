// The orchestration of snapshot, restore and reversal, on memory drivers and a memory vault: what is special to real sources is
// tested with them, and death in the switch with the real command (test/crash.test.ts).
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import type { EngineContext } from '../context.ts';
import { failure, isFailure, silent } from '@stillpoint/core';
import { readSealed, takeSnapshot } from '../snapshot/index.ts';
import { recoverRestore } from './recover.ts';
import { restorePatiently } from './patiently.ts';
import { findUndo, restoreInPlace } from './restore.ts';
import { createFaultyStore, createMemoryStore } from '../vault/index.ts';
import { call, ended, never, setStage, snapshotThenWrite } from './testing/stage.ts';

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

test('somebody wrote just as a source was switched: taken back, and tried again', async () => {
  await using stage = await setStage();
  const target = await snapshotThenWrite(stage);
  const [left] = stage.engine.drivers;
  const original = left!.switch.bind(left);
  let switches = 0;
  left!.switch = async (placement, context) => {
    switches += 1;
    if (switches === 1) throw failure('SQLITE_CHANGED', { file: 'left.db' });
    return original(placement, context);
  };
  const { undo } = await restorePatiently(stage.engine, { target, ...call });
  assert.equal(switches, 3, 'there, back, and there again');
  assert.deepEqual(stage.words(), ['old', 'old']);
  assert.equal((await stage.engine.state.readUndo())?.undo, undo);
  await ended(stage);

  stage.faults.add('right:close');
  const failing = restorePatiently(stage.engine, { target, ...call });
  await assert.rejects(failing, (error) => isFailure(error, 'RESTORE_FAILED'));
  assert.equal(switches, 3, 'any other failure is told at once');
});

test('a source that is made while its restore is prepared is not replaced', async () => {
  await using stage = await setStage();
  const target = await snapshotThenWrite(stage);
  const [left] = stage.worlds;
  const [driver] = stage.engine.drivers;
  left!.exists = false;
  const original = driver!.prove.bind(driver);
  driver!.prove = async (placement, signal) => {
    left!.exists = true;
    return original(placement, signal);
  };
  await assert.rejects(restoreInPlace(stage.engine, { target, ...call }), (error) =>
    isFailure(error, 'RESTORE_SOURCE_APPEARED'),
  );
  assert.deepEqual(stage.words(), ['new', 'new']);
  await ended(stage);
});

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

for (const [nth, when] of [
  [1, 'when it prepares'],
  [2, 'while all are held'],
] as const) {
  test(`a restore that waits for a vault that says nothing ends when it is given up: ${when}`, async () => {
    const controller = new AbortController();
    let reads = -1;
    const store = createFaultyStore(createMemoryStore(), ({ operation, key, phase }) => {
      const isRead = operation === 'get' && key.startsWith('packs/') && phase === 'before';
      if (reads < 0 || !isRead) return 'ok';
      reads += 1;
      if (reads < nth) return 'ok';
      setImmediate(() => controller.abort(new Error('given up')));
      return 'hang';
    });
    await using stage = await setStage(['left'], store);
    const target = await snapshotThenWrite(stage);
    reads = 0;
    const { signal } = controller;
    await assert.rejects(restoreInPlace(stage.engine, { ...call, target, signal }), /given up/);
    assert.ok(reads >= nth);
    assert.deepEqual(stage.words(), ['new']);
    await ended(stage);
  });
}

for (const method of ['prepare', 'placementOfUndo'] as const) {
  test(`the disk becomes full while a restore is prepared (${method}): DISK_FULL, and nothing was touched`, async () => {
    await using stage = await setStage();
    const target = await snapshotThenWrite(stage);
    const { engine } = stage;
    const full: EngineContext = {
      ...engine,
      driversFor: (...captured) => {
        const drivers = new Map(engine.driversFor(...captured));
        const write = async (): Promise<null> => {
          await writeFile('/dev/full', 'no room');
          return null;
        };
        drivers.set('left', { ...drivers.get('left')!, [method]: write });
        return drivers;
      },
    };
    await assert.rejects(restoreInPlace(full, { target, ...call }), (error) =>
      isFailure(error, 'DISK_FULL'),
    );
    assert.deepEqual(stage.words(), ['new', 'new']);
    await ended(stage);
  });
}
