// What stays beside a restore: it is held by the undo point and told by the seal, also where the whole snapshot was asked for; and
// each part of a mix is remembered.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EngineContext } from '../context.ts';
import { readSealed, takeSnapshot, type Sealed } from '../snapshot/index.ts';
import { planRestore } from './plan.ts';
import { recoverRestore } from './recover.ts';
import { findUndo, restoreInPlace, stayedBefore } from './restore.ts';
import { call, ended, never, setStage, type Stage } from './testing/stage.ts';

async function undo(stage: Stage, engine = stage.engine) {
  const id = await findUndo(engine);
  const { sealed } = await readSealed(engine.vault);
  const target = sealed.find(({ manifest }) => manifest.id === id)!;
  const wanted = { target, ...(await stayedBefore(engine, id)) };
  return { wanted, restored: await restoreInPlace(engine, { ...wanted, ...call }) };
}

/** As before "right" was added to the configuration. */
function without(stage: Stage): EngineContext {
  return { ...stage.engine, drivers: stage.engine.drivers.slice(0, 1) };
}

async function snapshotWithoutRight(stage: Stage): Promise<Sealed> {
  stage.write('old');
  const target = await takeSnapshot(without(stage), call);
  stage.write('new');
  return target;
}

test('a source that the whole snapshot lacks stays: the seal is broken, and undo goes back to one moment', async () => {
  await using stage = await setStage();
  const { state } = stage.engine;
  const target = await snapshotWithoutRight(stage);
  const plan = await planRestore(stage.engine, { target, elsewhere: false, signal: never });
  assert.equal(plan.breaksSeal, null, 'nothing has to be confirmed');
  assert.match(plan.warnings.join('\n'), /"right" is not in this snapshot.*from another moment/);
  const restored = await restoreInPlace(stage.engine, { target, ...call });
  assert.deepEqual(stage.words(), ['old', 'new']);
  const { snapshot, sources, stayed } = restored.brokenSeal!;
  assert.deepEqual([snapshot, sources, stayed], [target.manifest.id, ['left'], ['right']]);
  assert.deepEqual(await state.readBrokenSeal(), restored.brokenSeal);
  stage.worlds[1]!.entries.set('word', 'went on');
  const back = await undo(stage);
  assert.deepEqual(stage.words(), ['new', 'new']);
  assert.equal(back.restored.brokenSeal, null);
  assert.equal(await state.readBrokenSeal(), undefined);
  assert.equal((await state.readUndo())?.stayed, undefined);
  await ended(stage);
});

test('a source that is not there does not break the seal of a whole snapshot that lacks it', async () => {
  await using stage = await setStage();
  const target = await snapshotWithoutRight(stage);
  stage.worlds[1]!.exists = false;
  const { brokenSeal } = await restoreInPlace(stage.engine, { target, ...call });
  assert.equal(brokenSeal, null);
});

test('undo where the configuration that came back does not name what stayed: it stays, and is brought back afterwards', async () => {
  await using stage = await setStage();
  const target = await snapshotWithoutRight(stage);
  await restoreInPlace(stage.engine, { target, ...call });
  stage.worlds[1]!.entries.set('word', 'went on');
  const { wanted, restored } = await undo(stage, without(stage));
  assert.deepEqual(stage.words(), ['new', 'went on']);
  assert.deepEqual(restored.brokenSeal?.stayed, ['right']);
  const plan = await planRestore(without(stage), { ...wanted, elsewhere: false, signal: never });
  assert.equal(plan.breaksSeal, null);
  assert.match(plan.warnings.join('\n'), /"right" stays.*does not name it now/);
  const whole = await restoreInPlace(stage.engine, { target: wanted.target, ...call });
  assert.deepEqual(stage.words(), ['new', 'new']);
  assert.equal(whole.brokenSeal, null);
});

test('after a crash the undo point still knows what stayed', async () => {
  await using stage = await setStage();
  const target = await snapshotWithoutRight(stage);
  stage.faults.add('left:finish').add('left:open');
  await restoreInPlace(stage.engine, { target, ...call }).catch(() => {});
  stage.faults.clear();
  const { action } = await recoverRestore(stage.engine, never, call.progress);
  if (action === 'reversed') await restoreInPlace(stage.engine, { target, ...call });
  assert.deepEqual((await stage.engine.state.readUndo())?.stayed, ['right']);
  await ended(stage);
});

test('two parts of two snapshots are both remembered, in the next snapshot too, until a whole restore', async () => {
  await using stage = await setStage(['a', 'b', 'c']);
  const { state } = stage.engine;
  stage.write('one');
  const first = await takeSnapshot(stage.engine, call);
  stage.write('two');
  const second = await takeSnapshot(stage.engine, call);
  stage.write('three');
  const part = (target: Sealed, ...only: string[]) =>
    restoreInPlace(stage.engine, { target, only, breakSeal: true, ...call });
  await part(first, 'a');
  await part(second, 'b');
  assert.deepEqual(stage.words(), ['one', 'two', 'three']);
  const seal = (await state.readBrokenSeal())!;
  assert.deepEqual([seal.snapshot, seal.sources], [second.manifest.id, ['b']]);
  assert.deepEqual(
    seal.earlier?.map(({ snapshot, sources }) => [snapshot, sources]),
    [[first.manifest.id, ['a']]],
  );
  const mixed = await takeSnapshot(stage.engine, call);
  const { sealed } = await readSealed(stage.engine.vault);
  const read = sealed.find(({ manifest }) => manifest.id === mixed.manifest.id);
  assert.deepEqual(read?.manifest.brokenSeal, seal);
  const plan = await planRestore(stage.engine, { target: mixed, elsewhere: false, signal: never });
  assert.match(plan.warnings.join('\n'), /mix: a had been .*; b had been /);
  // What is brought back again is no longer of the first part.
  const { brokenSeal } = await part(second, 'a', 'b');
  assert.equal(brokenSeal?.earlier, undefined);
  // A part of a mix is a mix itself.
  const again = await part(mixed, 'a', 'b');
  assert.deepEqual(
    again.brokenSeal?.earlier?.map(({ sources }) => sources),
    [['a'], ['b']],
  );
  await restoreInPlace(stage.engine, { target: first, ...call });
  assert.equal(await state.readBrokenSeal(), undefined);
});

test('the form of earlier versions, with one part, is read and kept beside the next', async () => {
  await using stage = await setStage(['a', 'b', 'c']);
  const { state } = stage.engine;
  stage.write('one');
  const target = await takeSnapshot(stage.engine, call);
  const single = { snapshot: target.manifest.id, sources: ['a'], at: '2026-11-21T16:04:05.678Z' };
  await state.writeBrokenSeal(single);
  const only = { target, only: ['b'], breakSeal: true };
  const { brokenSeal } = await restoreInPlace(stage.engine, { ...only, ...call });
  assert.deepEqual(brokenSeal?.earlier, [single]);
});
