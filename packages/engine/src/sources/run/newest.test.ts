// The newest checkpoints for `diff`: where they lie, and out of a snapshot with what they rest on.
import assert from 'node:assert/strict';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import type { Json } from '@stillpoint/core';
import type { RunCheckpoint, SourceDriver } from '../contract.ts';
import { createMemoryObjects } from '../testkit/memory-objects.ts';
import { captureInto } from './testing/capture.ts';
import { createRunPlace, nameOf, type RunPlace } from './testing/run-place.ts';

const signal = new AbortController().signal;
const objects = createMemoryObjects();

const capture = (driver: SourceDriver, forUndo: boolean): Promise<Json> =>
  captureInto(objects, driver, forUndo);

async function capturedIn(it: RunPlace, forUndo: boolean): Promise<RunCheckpoint> {
  const driver = it.driver();
  const found = driver.runs!.captured(await capture(driver, forUndo), objects);
  assert.deepEqual([...found.keys()], ['run-1']);
  return found.get('run-1')!;
}

async function threeCheckpoints(it: RunPlace): Promise<string> {
  for (const tick of [1, 2]) await it.checkpoint('run-1', tick);
  return await it.checkpoint('run-1', 3, 'changed', nameOf(2));
}

test('the newest checkpoint comes out of a snapshot with what it rests on, and nothing else of an undo point', async () => {
  for (const forUndo of [false, true]) {
    await using it = await createRunPlace();
    const lies = await threeCheckpoints(it);
    const captured = await capturedIn(it, forUndo);
    const live = (await it.driver().runs!.live()).get('run-1')!;
    assert.deepEqual([captured.tick, live.tick], [3, 3]);
    assert.ok(captured.digest !== undefined && captured.digest === live.digest);
    assert.equal(await live.toFile(path.join(it.project, 'unused'), signal), lies);
    const place = path.join(it.project, 'taken');
    const file = await captured.toFile(place, signal);
    assert.deepEqual((await readdir(place)).toSorted(), [nameOf(2), nameOf(3)]);
    assert.deepEqual(await readFile(file!), await readFile(lies));
  }
});

test('a newest checkpoint that is gone or damaged is told as such by whoever reads it', async () => {
  await using it = await createRunPlace();
  const lies = await threeCheckpoints(it);
  const before = (await it.driver().runs!.live()).get('run-1')!;
  await writeFile(lies, 'damaged');
  const damaged = (await it.driver().runs!.live()).get('run-1')!;
  assert.deepEqual([damaged.digest, damaged.tick], [undefined, 3]);
  // An undo point has it as it is.
  const captured = await capturedIn(it, true);
  assert.equal(captured.digest, undefined);
  const file = await captured.toFile(path.join(it.project, 'taken'), signal);
  assert.equal(await readFile(file!, 'utf8'), 'damaged');
  await rm(lies);
  assert.equal(await before.toFile(it.project, signal), undefined);
});
