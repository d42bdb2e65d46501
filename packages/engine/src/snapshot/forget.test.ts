// What may be forgotten, and what speaks against it: decided for all before the first is deleted.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  isFailure,
  newSnapshotId,
  newUuid,
  type ErrorCode,
  type SnapshotId,
} from '@stillpoint/core';
import { findUndo, restoreInPlace } from '../restore/index.ts';
import { call, never, setStage, type Stage } from '../restore/testing/stage.ts';
import { findSnapshot, forgetSnapshots } from './forget.ts';
import { manifestBytes, type Sealed } from './manifest.ts';
import { readSealed } from './sealed.ts';
import { takeSnapshot } from './take-snapshot.ts';

const code = (name: ErrorCode) => (error: unknown) => isFailure(error, name);
const plain = { dryRun: false, undoPoint: false, last: false, signal: never };

async function take(stage: Stage, word: string): Promise<Sealed> {
  stage.write(word);
  return takeSnapshot(stage.engine, { ...call, name: word });
}

async function names(stage: Stage): Promise<(string | null)[]> {
  const { sealed } = await readSealed(stage.engine.vault);
  return sealed.map(({ manifest }) => manifest.name ?? manifest.kind);
}

/** A manifest as another project would have left it in a shared vault. */
async function sealOther(stage: Stage, like: Sealed, more: object): Promise<SnapshotId> {
  const id = newSnapshotId();
  await using session = await stage.engine.vault.openSession(call);
  await session.seal(id, manifestBytes({ ...like.manifest, id, name: null, ...more }));
  return id;
}

async function sealGarbage(stage: Stage): Promise<SnapshotId> {
  const id = newSnapshotId();
  await using session = await stage.engine.vault.openSession(call);
  await session.seal(id, Buffer.from('no manifest'));
  return id;
}

test('several at once, by name and by id, once each; the others restore as ever', async () => {
  await using stage = await setStage();
  const [a, b] = [await take(stage, 'a'), await take(stage, 'b')];
  await take(stage, 'c');
  const refs = ['b', b.manifest.id, 'latest'];
  const planned = await forgetSnapshots(stage.engine, refs, { ...plain, dryRun: true });
  assert.deepEqual([planned.done, planned.forgotten.length, planned.remaining], [false, 2, 1]);
  assert.deepEqual(await names(stage), ['a', 'b', 'c'], 'a dry run forgets nothing');
  const { done, forgotten, remaining } = await forgetSnapshots(stage.engine, refs, plain);
  assert.deepEqual([done, forgotten.length, remaining], [true, 2, 1]);
  assert.deepEqual(await names(stage), ['a']);
  await restoreInPlace(stage.engine, { target: a, ...call });
  assert.deepEqual(stage.words(), ['a', 'a']);
});

test('one that is held keeps all from being forgotten', async () => {
  await using stage = await setStage();
  const [a] = [await take(stage, 'a'), await take(stage, 'b'), await take(stage, 'c')];
  await stage.engine.vault.hold(a.entry, new Date());
  const all = { ...plain, undoPoint: true, last: true };
  await assert.rejects(forgetSnapshots(stage.engine, ['b', 'a'], all), code('SNAPSHOT_HELD'));
  assert.deepEqual(await names(stage), ['a', 'b', 'c']);
});

test('a name that is unknown keeps all from being forgotten', async () => {
  await using stage = await setStage();
  await take(stage, 'a');
  await take(stage, 'b');
  await assert.rejects(forgetSnapshots(stage.engine, ['a', 'x'], plain), code('REF_UNKNOWN'));
  assert.deepEqual(await names(stage), ['a', 'b']);
});

test('the undo point only when it is named so; then there is nothing to undo', async () => {
  await using stage = await setStage();
  const a = await take(stage, 'a');
  await restoreInPlace(stage.engine, { target: a, ...call });
  const first = await findUndo(stage.engine);
  await restoreInPlace(stage.engine, { target: a, ...call });
  const undo = await findUndo(stage.engine);
  await assert.rejects(forgetSnapshots(stage.engine, [undo], plain), code('UNDO_POINT_NEEDED'));
  // One that no undo would use any more is a snapshot like any other.
  await forgetSnapshots(stage.engine, [first], plain);
  await forgetSnapshots(stage.engine, [undo], { ...plain, undoPoint: true });
  await assert.rejects(findUndo(stage.engine), code('NOTHING_TO_UNDO'));
  assert.deepEqual(await names(stage), ['a']);
});

test('an undo point of another project in the same vault may be the one it needs', async () => {
  await using stage = await setStage();
  const a = await take(stage, 'a');
  const project = { id: newUuid(), directory: '/elsewhere' };
  const theirs = await sealOther(stage, a, { kind: 'undo', project });
  await assert.rejects(forgetSnapshots(stage.engine, [theirs], plain), (error) => {
    assert.ok(isFailure(error, 'UNDO_POINT_NEEDED'));
    assert.match(error.message, /in \/elsewhere\.$/);
    return true;
  });
  await forgetSnapshots(stage.engine, [theirs], { ...plain, undoPoint: true });
});

test('the last one only when it is named so; another project does not count, nor does an undo point', async () => {
  await using stage = await setStage();
  const a = await take(stage, 'a');
  await restoreInPlace(stage.engine, { target: a, ...call });
  await sealOther(stage, a, { project: { id: newUuid(), directory: '/elsewhere' } });
  await assert.rejects(forgetSnapshots(stage.engine, ['a'], plain), code('LAST_SNAPSHOT'));
  await take(stage, 'b');
  const both = ['a', 'b'];
  await assert.rejects(forgetSnapshots(stage.engine, both, plain), code('LAST_SNAPSHOT'));
  await forgetSnapshots(stage.engine, ['a'], plain);
  await forgetSnapshots(stage.engine, ['b'], { ...plain, last: true });
});

test('a snapshot whose bytes are lost is not the good one that remains', async () => {
  await using stage = await setStage();
  const a = await take(stage, 'a');
  const lost = { digest: `blake3:${'0'.repeat(64)}`, bytes: 5, depth: 0 };
  const sources = a.manifest.sources.map((source) => ({
    ...source,
    record: { version: 1, content: lost },
  }));
  await sealOther(stage, a, { sources, createdAt: '2099-01-01T00:00:00.000Z' });
  await assert.rejects(forgetSnapshots(stage.engine, ['a'], plain), code('LAST_SNAPSHOT'));
});

test('one that cannot be read is forgotten by its whole id only', async () => {
  await using stage = await setStage();
  await take(stage, 'a');
  const id = await sealGarbage(stage);
  const part = forgetSnapshots(stage.engine, [id.slice(0, 11)], plain);
  await assert.rejects(part, code('REF_UNKNOWN'));
  const { forgotten, remaining } = await forgetSnapshots(stage.engine, [id], plain);
  assert.ok('damaged' in forgotten[0]!);
  assert.equal(remaining, 1);
  assert.deepEqual((await readSealed(stage.engine.vault)).damaged, []);
});

test('one that cannot be read can be held', async () => {
  await using stage = await setStage();
  const a = await take(stage, 'a');
  const id = await sealGarbage(stage);
  const list = await readSealed(stage.engine.vault);
  const found = findSnapshot(id, list, a.manifest.project.id);
  await stage.engine.vault.hold(found.entry, new Date());
  await assert.rejects(forgetSnapshots(stage.engine, [id], plain), code('SNAPSHOT_HELD'));
});
