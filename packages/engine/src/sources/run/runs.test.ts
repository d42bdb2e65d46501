// What is special to runs: which one is captured, with what it rests on; what a restore keeps; what is refused.
import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { once } from 'node:events';
import path from 'node:path';
import { test } from 'node:test';
import { isFailure, newSnapshotId, silent, type ErrorCode, type Json } from '@stillpoint/core';
import type { SourceDriver, TreeView } from '../contract.ts';
import { createMemoryObjects } from '../testkit/memory-objects.ts';
import { captureInto } from './testing/capture.ts';
import { createRunPlace, nameOf, type RunPlace } from './testing/run-place.ts';

const signal = new AbortController().signal;
const failsWith = (code: ErrorCode) => (error: unknown) => {
  assert.ok(isFailure(error, code), String(error));
  return true;
};
const objects = createMemoryObjects();

interface CapturedFiles {
  readonly latest: string | null;
  readonly runs: readonly {
    readonly run: string;
    readonly files: readonly { readonly name: string }[] | null;
  }[];
}
const namesOf = (record: Json) =>
  (record as unknown as CapturedFiles).runs.map(
    ({ run, files }) => `${run}: ${files?.map(({ name }) => name).join(' ') ?? 'gone'}`,
  );

const capture = (driver: SourceDriver, forUndo = false): Promise<Json> =>
  captureInto(objects, driver, forUndo);

const prepareOptions = (it: RunPlace) => ({
  snapshot: newSnapshotId(),
  source: objects,
  workDirectory: path.join(it.project, 'work'),
  signal,
  progress: silent,
});

/** As the engine restores: gives the record of the undo point. */
async function restore(it: RunPlace, record: Json, driver = it.driver()): Promise<Json> {
  const after = await driver.prepare(record, prepareOptions(it));
  await driver.prove(after, signal);
  await driver.protect?.(record, objects);
  const undo = await capture(driver, true);
  const before = await driver.placementOfUndo(undo, prepareOptions(it));
  await driver.switch(after, { undo: newSnapshotId(), progress: silent });
  await driver.finish(after, before);
  return undo;
}

test('only the newest checkpoint and what it rests on is captured, of the latest run', async () => {
  await using it = await createRunPlace();
  for (const tick of [1, 2, 3]) await it.checkpoint('old', tick);
  await it.checkpoint('new', 10, 'whole');
  await it.checkpoint('new', 20, 'whole');
  await it.checkpoint('new', 30, 'changed pages', nameOf(10));
  assert.deepEqual(namesOf(await capture(it.driver())), [`new: ${nameOf(30)} ${nameOf(10)}`]);
  assert.deepEqual(namesOf(await capture(it.driver(it.directory, 'old'))), [`old: ${nameOf(3)}`]);
});

test('a restore and an undo bring back every checkpoint, of the run that was restored and of the latest one', async () => {
  await using it = await createRunPlace();
  await it.checkpoint('first', 100);
  const snapshot = await capture(it.driver());
  for (const tick of [200, 300]) await it.checkpoint('first', tick);
  await it.checkpoint('second', 5);
  const before = await it.content();
  const undo = await restore(it, snapshot);
  assert.match(await it.content(), /^latest first\nfirst latest checkpoint_0000000100.ckpt\n/);
  assert.match(await it.content(), /second\/checkpoint_0000000005/);
  assert.doesNotMatch(await it.content(), /first\/checkpoint_0000000300/);
  const names = await readdir(it.directory);
  assert.deepEqual(names.toSorted(), ['first', 'latest', 'second'], 'nothing is left behind');
  await restore(it, undo);
  assert.equal(await it.content(), before);
  assert.deepEqual((await readdir(path.join(it.directory, 'first'))).toSorted(), [
    nameOf(100),
    nameOf(200),
    nameOf(300),
    'latest',
    'manifest.json',
  ]);
});

test('a run that was removed since comes back, and goes again by the undo', async () => {
  await using it = await createRunPlace();
  await it.checkpoint('first', 100);
  const snapshot = await capture(it.driver());
  await it.checkpoint('second', 5);
  await rm(path.join(it.directory, 'first'), { recursive: true });
  const before = await it.content();
  const undo = await restore(it, snapshot);
  assert.match(await it.content(), /^latest first\nfirst latest/);
  assert.ok(namesOf(undo).includes('first: gone'));
  await restore(it, undo);
  assert.equal(await it.content(), before);
});

test('a restore that is given up leaves nothing of what it prepared', async () => {
  await using it = await createRunPlace();
  await it.checkpoint('first', 100);
  const before = await it.content();
  const driver = it.driver();
  await driver.prepare(await capture(driver), prepareOptions(it));
  await it.driver().abandon();
  assert.equal(await it.content(), before);
  assert.deepEqual((await readdir(it.directory)).toSorted(), ['first', 'latest']);
});

test('what people put beside the checkpoints stays, there and back', async () => {
  await using it = await createRunPlace();
  await it.checkpoint('first', 100);
  const snapshot = await capture(it.driver());
  await it.checkpoint('first', 200);
  const notes = path.join(it.directory, 'first', 'notes.txt');
  await writeFile(notes, 'precious');
  await mkdir(path.join(it.directory, 'first', 'plots'));
  const undo = await restore(it, snapshot);
  assert.equal(await readFile(notes, 'utf8'), 'precious');
  await restore(it, undo);
  assert.equal(await readFile(notes, 'utf8'), 'precious');
  assert.deepEqual((await readdir(path.join(it.directory, 'first'))).toSorted(), [
    nameOf(100),
    nameOf(200),
    'latest',
    'manifest.json',
    'notes.txt',
    'plots',
  ]);
  assert.deepEqual((await readdir(it.directory)).toSorted(), ['first', 'latest']);
});

test('a checkpoint that was written between the undo point and the switch is in none, so it stays', async () => {
  await using it = await createRunPlace();
  await it.checkpoint('first', 100);
  const driver = it.driver();
  const record = await capture(driver);
  const after = await driver.prepare(record, prepareOptions(it));
  await driver.protect?.(record, objects);
  const before = await driver.placementOfUndo(await capture(driver, true), prepareOptions(it));
  await it.checkpoint('first', 200, 'precious');
  await driver.switch(after, { undo: newSnapshotId(), progress: silent });
  await driver.finish(after, before);
  assert.doesNotMatch(await it.content(), /0200/);
  const { id } = before as unknown as { id: string };
  const aside = path.join(it.directory, '.stillpoint', id, 'first', nameOf(200));
  assert.match(await readFile(aside, 'utf8'), /precious/);
});

test('what nobody marked is put aside and kept, never removed', async () => {
  await using it = await createRunPlace();
  await it.checkpoint('first', 100);
  const driver = it.driver();
  const after = await driver.prepare(await capture(driver), prepareOptions(it));
  const precious = await it.checkpoint('first', 500, 'precious');
  const { kept } = await driver.switch(after, { undo: newSnapshotId(), progress: silent });
  await driver.finish(after, null);
  assert.equal(kept.length, 1);
  const aside = kept[0]?.split(' kept as ')[1] ?? '';
  assert.match(await readFile(path.join(aside, path.basename(precious)), 'utf8'), /precious/);
});

test('killed between putting aside and bringing in, and switched again: there, or back', async () => {
  await using it = await createRunPlace();
  await it.checkpoint('first', 100);
  const there = await it.content();
  const driver = it.driver();
  const record = await capture(driver);
  await it.checkpoint('first', 200);
  const before = await it.content();
  for (const way of ['there', 'back'] as const) {
    const after = await driver.prepare(record, prepareOptions(it));
    await driver.protect?.(record, objects);
    const undo = await driver.placementOfUndo(await capture(driver, true), prepareOptions(it));
    const { id } = undo as unknown as { id: string };
    await mkdir(path.join(it.directory, '.stillpoint', id), { recursive: true });
    await rename(
      path.join(it.directory, 'first'),
      path.join(it.directory, '.stillpoint', id, 'first'),
    );
    const [live, other] = way === 'there' ? [after, undo] : [undo, after];
    const next = it.driver();
    for (let times = 1; times <= 2; times += 1)
      await next.switch(live, { undo: newSnapshotId(), progress: silent });
    await next.finish(live, other);
    await next.finish(live, other);
    assert.equal(await it.content(), way === 'there' ? there : before);
    assert.deepEqual((await readdir(it.directory)).toSorted(), ['first', 'latest']);
    if (way === 'there') await it.checkpoint('first', 200);
  }
});

test('what was damaged in the vault is not switched to', async () => {
  await using it = await createRunPlace();
  await it.checkpoint('first', 100, 'x'.repeat(1000));
  const driver = it.driver();
  const placement = await driver.prepare(await capture(driver), prepareOptions(it));
  const { id } = placement as unknown as { id: string };
  const staged = path.join(it.directory, '.stillpoint', id, 'first', nameOf(100));
  const bytes = await readFile(staged);
  bytes[500]! ^= 1;
  await writeFile(staged, bytes);
  await assert.rejects(driver.prove(placement, signal), failsWith('RESTORE_NOT_PROVED'));
});

test('while a process has the run it is not restored, nor switched', async () => {
  await using it = await createRunPlace();
  await it.checkpoint('first', 100);
  const driver = it.driver();
  const record = await capture(driver);
  const after = await driver.prepare(record, prepareOptions(it));
  const before = await it.content();
  const lock = createServer();
  lock.listen(path.join(it.directory, 'first', '.lock-0123456789ab'));
  await once(lock, 'listening');
  await assert.rejects(driver.prepare(record, prepareOptions(it)), failsWith('RUN_IS_RUNNING'));
  const context = { undo: newSnapshotId(), progress: silent };
  await assert.rejects(driver.switch(after, context), failsWith('RUN_IS_RUNNING'));
  // To verify a snapshot touches nothing.
  await driver.prepare(record, { ...prepareOptions(it), onlyToProve: true });
  assert.match((await driver.compare(record, objects, signal)).details.join('\n'), /stop it first/);
  lock.close();
  await once(lock, 'close');
  assert.equal(await it.content(), before);
  await driver.switch(after, context);
});

test('a damaged checkpoint is not captured, but kept by an undo point as it is', async () => {
  await using it = await createRunPlace();
  const file = await it.checkpoint('first', 100, 'x'.repeat(1000));
  const bytes = await readFile(file);
  bytes[500]! ^= 1;
  await writeFile(file, bytes);
  await assert.rejects(capture(it.driver()), failsWith('RUN_CHECKPOINT_DAMAGED'));
  const content = await it.content();
  const undo = await capture(it.driver(), true);
  await it.checkpoint('first', 300);
  await restore(it, undo);
  assert.equal(await it.content(), content);
  await truncate(file, 100);
  await assert.rejects(capture(it.driver()), failsWith('RUN_CHECKPOINT_DAMAGED'));
  await it.checkpoint('first', 200, 'changed', nameOf(150));
  await assert.rejects(capture(it.driver()), failsWith('RUN_CHECKPOINT_DAMAGED'));
});

test('what is compared is what lies there, and not what a checkpoint says of itself', async () => {
  await using it = await createRunPlace();
  const file = await it.checkpoint('first', 100, 'x'.repeat(1000));
  const tree = it.driver().tree!;
  const digestOf = async (view: Promise<TreeView>): Promise<string | undefined> =>
    await (await view).entries.get(`first/${nameOf(100)}`)!.digest();
  const live = () => digestOf(tree.live(signal));
  const captured = async (forUndo = false) =>
    digestOf(tree.captured(await capture(it.driver(), forUndo), objects, signal));
  const whole = await captured();
  assert.equal(await live(), whole);
  const bytes = await readFile(file);
  const damagedAt = async (at: number): Promise<readonly (string | undefined)[]> => {
    await writeFile(file, bytes.with(at, bytes[at]! ^ 1));
    return [await live(), await captured(true)];
  };
  const all = [whole, ...(await damagedAt(500)), ...(await damagedAt(600))];
  // Both that lie there are damaged, and no more is known of them; nothing is like what was captured.
  assert.equal(all[1], all[3]);
  assert.equal(new Set(all).size, 4);
  const listed = await tree.live(signal);
  await rm(file);
  assert.equal(await digestOf(Promise.resolve(listed)), undefined);
  await it.checkpoint('first', 100);
  const stopped = new Error('stopped');
  await assert.rejects(digestOf(tree.live(AbortSignal.abort(stopped))), stopped);
});

test('a directory without a run, and a run without a checkpoint, are captured as such', async () => {
  await using it = await createRunPlace();
  const none = await capture(it.driver());
  assert.equal(await it.driver().exists(), false);
  assert.match((await it.driver().probe(signal)).notes.join(''), /there is no run/);
  await it.checkpoint('first', 1);
  await rm(path.join(it.directory, 'first', nameOf(1)));
  const empty = await capture(it.driver());
  assert.deepEqual(namesOf(empty), ['first: ']);
  await it.checkpoint('first', 1);
  const undo = await restore(it, empty);
  assert.doesNotMatch(await it.content(), /ckpt/);
  await restore(it, none);
  assert.match(await it.content(), /^latest none\nfirst/);
  await restore(it, undo);
  assert.match(await it.content(), /^latest first\nfirst latest checkpoint_0000000001/);
});

test('a record of another form is refused, also one that names what lies elsewhere', async () => {
  await using it = await createRunPlace();
  const bad = [
    {},
    { version: 2, runs: [] },
    { version: 1, runs: [{ run: '../../etc', files: [], newest: null, manifest: null }] },
    { version: 1, latest: '../x', runs: [] },
  ];
  for (const record of bad)
    await assert.rejects(
      it.driver().prepare(record, prepareOptions(it)),
      failsWith('RUN_RECORD_INVALID'),
    );
});
