// Restoring a part: only what was named changes, the mix is known as one, and undo goes back to one moment.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { isFailure, type ErrorCode } from '@stillpoint/core';
import {
  mixLockfiles,
  readSealed,
  signLockfile,
  takeSnapshot,
  type Sealed,
} from '../snapshot/index.ts';
import { planRestore } from './plan.ts';
import { recoverRestore } from './recover.ts';
import { findUndo, restoreInPlace } from './restore.ts';
import { call, ended, never, setStage, snapshotThenWrite, type Stage } from './testing/stage.ts';

const code = (name: ErrorCode) => (error: unknown) => isFailure(error, name);

async function sealedAs(stage: Stage, id: string): Promise<Sealed> {
  const { sealed } = await readSealed(stage.engine.vault);
  return sealed.find(({ manifest }) => manifest.id === id)!;
}

async function undo(stage: Stage) {
  const target = await sealedAs(stage, await findUndo(stage.engine));
  return restoreInPlace(stage.engine, { target, ...call });
}

const onlyLeft = { only: ['left'], breakSeal: true, ...call };

test('without --break-seal a part is refused, and nothing was touched', async () => {
  await using stage = await setStage();
  const target = await snapshotThenWrite(stage);
  const restoring = restoreInPlace(stage.engine, { target, only: ['left'], ...call });
  await assert.rejects(restoring, (error) => {
    assert.ok(isFailure(error, 'SEAL_WOULD_BREAK'));
    assert.deepEqual(error.data, {
      id: target.manifest.id,
      sources: '"left"',
      others: '"right"',
    });
    return true;
  });
  assert.deepEqual(stage.words(), ['new', 'new']);
  assert.equal((await readSealed(stage.engine.vault)).sealed.length, 1, 'no undo point either');
  await ended(stage);
});

test('a name that the snapshot does not hold is told, with those that it holds', async () => {
  await using stage = await setStage();
  const target = await snapshotThenWrite(stage);
  const part = { target, only: ['left', 'middle'], breakSeal: true };
  await assert.rejects(restoreInPlace(stage.engine, { ...part, ...call }), (error) => {
    assert.ok(isFailure(error, 'SOURCE_NOT_IN_SNAPSHOT'));
    assert.match(error.hint, /left, right/);
    return true;
  });
  await ended(stage);
});

test('a part comes back, the seal is broken, and undo goes back to one moment', async () => {
  await using stage = await setStage();
  const { state } = stage.engine;
  const target = await snapshotThenWrite(stage);
  const restored = await restoreInPlace(stage.engine, { target, ...onlyLeft });
  assert.deepEqual(stage.words(), ['old', 'new']);
  const { snapshot, sources } = (await state.readBrokenSeal())!;
  assert.deepEqual({ snapshot, sources }, { snapshot: target.manifest.id, sources: ['left'] });
  assert.deepEqual(restored.brokenSeal, await state.readBrokenSeal());
  assert.deepEqual(
    restored.proofs.map(({ source }) => source),
    ['left'],
  );
  const point = await sealedAs(stage, restored.undo!);
  assert.deepEqual(
    point.manifest.sources.map(({ name }) => name),
    ['left', 'right'],
    'the undo point holds what stayed, too',
  );
  assert.equal(point.manifest.brokenSeal, null);
  stage.worlds[1]!.entries.set('word', 'went on');
  const back = await undo(stage);
  assert.deepEqual(stage.words(), ['new', 'new']);
  assert.equal(back.brokenSeal, null);
  assert.equal(await state.readBrokenSeal(), undefined);
  // And that undo replaced a mix, which is known again when it is brought back.
  const again = await undo(stage);
  assert.deepEqual(stage.words(), ['old', 'went on']);
  assert.deepEqual(again.brokenSeal, restored.brokenSeal);
  assert.deepEqual(await state.readBrokenSeal(), restored.brokenSeal);
  await ended(stage);
});

test('every source that the snapshot holds is the whole snapshot', async () => {
  await using stage = await setStage();
  const target = await snapshotThenWrite(stage);
  const only = ['right', 'left', 'left'];
  const { brokenSeal } = await restoreInPlace(stage.engine, { target, only, ...call });
  assert.equal(brokenSeal, null);
  assert.deepEqual(stage.words(), ['old', 'old']);
  await ended(stage);
});

test('a whole restore makes the seal whole; a mix that was captured comes back as a mix', async () => {
  await using stage = await setStage();
  const { state } = stage.engine;
  const target = await snapshotThenWrite(stage);
  await restoreInPlace(stage.engine, { target, ...onlyLeft });
  const mixed = await takeSnapshot(stage.engine, call);
  assert.deepEqual(mixed.manifest.brokenSeal?.sources, ['left']);
  await restoreInPlace(stage.engine, { target, ...call });
  assert.equal(await state.readBrokenSeal(), undefined);
  const plan = await planRestore(stage.engine, { target: mixed, elsewhere: false, signal: never });
  assert.match(plan.warnings.join('\n'), /itself a mix: left/);
  const { brokenSeal } = await restoreInPlace(stage.engine, { target: mixed, ...call });
  assert.deepEqual(brokenSeal, mixed.manifest.brokenSeal);
  assert.deepEqual(await state.readBrokenSeal(), mixed.manifest.brokenSeal);
  assert.deepEqual(stage.words(), ['old', 'new']);
});

test('the plan shows the part and says what stays; into an empty directory nothing is mixed', async () => {
  await using stage = await setStage();
  const target = await snapshotThenWrite(stage);
  const only = ['left'];
  const plan = (elsewhere: boolean) =>
    planRestore(stage.engine, { target, only, elsewhere, signal: never });
  const here = await plan(false);
  assert.deepEqual(
    here.changes.map(({ source }) => source),
    ['left'],
  );
  assert.deepEqual(here.breaksSeal, ['right']);
  assert.match(here.warnings[0]!, /breaks the seal: "right"/);
  assert.equal((await plan(true)).breaksSeal, null);
});

test('where the others are not there nothing is mixed, and nothing has to be confirmed', async () => {
  await using stage = await setStage();
  const target = await snapshotThenWrite(stage);
  for (const world of stage.worlds) {
    world.exists = false;
    world.entries.clear();
  }
  const { brokenSeal, undo: point } = await restoreInPlace(stage.engine, {
    target,
    only: ['left'],
    ...call,
  });
  assert.deepEqual([brokenSeal, point], [null, null]);
  assert.deepEqual(stage.words(), ['old', undefined]);
  const lock = JSON.parse(await readFile(stage.engine.state.lockfile, 'utf8')) as {
    sources: { name: string }[];
  };
  assert.deepEqual(
    lock.sources.map(({ name }) => name),
    ['left'],
  );
});

test('a switch that fails is taken back: the part is what it was, and the seal is whole', async () => {
  await using stage = await setStage();
  const target = await snapshotThenWrite(stage);
  stage.faults.add('left:switch');
  const restoring = restoreInPlace(stage.engine, { target, ...onlyLeft });
  await assert.rejects(restoring, code('RESTORE_STUCK'));
  stage.faults.clear();
  // What stays is not a part of it: its driver is not asked for anything.
  for (const method of ['close', 'switch', 'open', 'finish', 'abandon']) {
    stage.faults.add(`right:${method}`);
  }
  const { action } = await recoverRestore(stage.engine, never, call.progress);
  assert.equal(action, 'reversed');
  assert.deepEqual(stage.words(), ['new', 'new']);
  assert.equal(await stage.engine.state.readBrokenSeal(), undefined);
  await ended(stage);
});

test('when a source cannot be opened and all is taken back, lockfile, seal and undo point are those of before', async () => {
  for (const earlier of [false, true]) {
    await using stage = await setStage();
    const { state } = stage.engine;
    const target = await snapshotThenWrite(stage);
    if (earlier) await restoreInPlace(stage.engine, { target, ...onlyLeft });
    stage.write('newer');
    const books = async () => [
      await state.readUndo(),
      await state.readBrokenSeal(),
      await readFile(state.lockfile, 'utf8'),
    ];
    const before = await books();
    stage.faults.add('right:open');
    const restoring = restoreInPlace(stage.engine, { target, ...call });
    await assert.rejects(restoring, code('RESTORE_STUCK'));
    stage.faults.clear();
    const { action } = await recoverRestore(stage.engine, never, call.progress);
    assert.equal(action, 'reversed');
    assert.deepEqual(stage.words(), ['newer', 'newer']);
    assert.deepEqual(await books(), before);
    await ended(stage);
  }
});

test('what cannot be cleared away is told; there is no way back by then, for one way was already dropped', async () => {
  await using stage = await setStage();
  const target = await snapshotThenWrite(stage);
  stage.faults.add('right:finish');
  const said: string[] = [];
  const progress: typeof call.progress = (event) => {
    if (event.type === 'note:said') said.push(event.text);
  };
  const { undo: point } = await restoreInPlace(stage.engine, { target, ...call, progress });
  assert.deepEqual(stage.words(), ['old', 'old']);
  assert.match(said.join(), /could not be cleared away.*right.*finish/);
  assert.equal(await findUndo(stage.engine), point);
  await ended(stage);
});

test('what cannot be dropped does not keep the project from working', async () => {
  await using stage = await setStage();
  const target = await snapshotThenWrite(stage);
  stage.faults.add('right:prove').add('left:abandon');
  await assert.rejects(restoreInPlace(stage.engine, { target, ...call }), code('DRIVER_FAULT'));
  assert.deepEqual(stage.words(), ['new', 'new']);
  await ended(stage);
});

test('where the journal cannot be written nothing more is done, and the next command goes on', async () => {
  await using stage = await setStage();
  const target = await snapshotThenWrite(stage);
  const { crashPoint } = stage.engine;
  // As a full disk does.
  const full = new Error('no space left on device');
  let isFull = false;
  const engine = {
    ...stage.engine,
    crashPoint(point: string) {
      if (point === 'before forward switch right begun') isFull = true;
      if (isFull) throw full;
      crashPoint(point);
    },
  };
  await assert.rejects(restoreInPlace(engine, { target, ...call }), code('RESTORE_STUCK'));
  assert.deepEqual(stage.words(), ['old', 'new']);
  const { action } = await recoverRestore(stage.engine, never, call.progress);
  assert.equal(action, 'finished');
  assert.deepEqual(stage.words(), ['old', 'old']);
  await ended(stage);
});

test('the lockfile of a mix says of each part what is there, and is signed', () => {
  const source = (name: string, schemaDigest: string) => ({ name, driver: 'x', schemaDigest });
  const live = signLockfile({ members: [], sources: [source('a', '1'), source('b', '1')] });
  const captured = signLockfile({
    members: [],
    sources: [source('a', '2'), source('b', '2'), source('c', '2')],
  });
  const mix = mixLockfiles(live, captured, new Set(['b', 'c']));
  assert.deepEqual(mix.sources, [source('a', '1'), source('b', '2'), source('c', '2')]);
  assert.equal(mix.signature, signLockfile(mix).signature);
});
