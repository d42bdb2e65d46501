// A journal that a disk has damaged: what lies before is read, what is lost is named, and nobody makes a shorter file of it.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { isFailure } from '@stillpoint/core';
import type { LensField, LensFrame } from '../contract.ts';
import { readJournal } from '../journal/index.ts';
import { verifyLens } from '../manage/index.ts';
import { lensFileName } from '../names.ts';
import { directoryPlace, openLens } from '../read/index.ts';
import { openRecorder, type RecorderOptions } from './index.ts';

const field: LensField = {
  name: 'heat',
  unit: 'K',
  components: [],
  topology: { kind: 'grid', rows: 1, columns: 3 },
  reconstruction: 'nearest',
  precision: { type: 'float64' },
};

function optionsIn(t: TestContext): RecorderOptions {
  const parent = mkdtempSync(path.join(tmpdir(), 'stillpoint-damaged-'));
  t.after(() => rmSync(parent, { recursive: true, force: true }));
  const directory = path.join(parent, 'run');
  return { directory, runId: 'run', world: 'terra', fields: [field], chunkTicks: 10 };
}

function frameAt(tick: number): LensFrame {
  const heat = { count: 3, values: Float64Array.of(tick, 1, 2), positions: null };
  return { tick, simTimeSeconds: tick, fields: new Map([['heat', heat]]) };
}

/** In the values: what describes them is known to whoever wrote it. */
async function flipIn(file: string, frame: number): Promise<Buffer> {
  const bytes = readFileSync(file);
  {
    await using journal = await readJournal(file);
    bytes[journal.frames.at(frame)!.offsetBytes + 30]! ^= 1;
  }
  writeFileSync(file, bytes);
  return bytes;
}

async function readable(directory: string): Promise<readonly [number[], string[]]> {
  const told: string[] = [];
  await using lens = await openLens(directoryPlace(directory));
  const frames = lens.each(['heat'], {}, { damaged: (reason) => told.push(reason) });
  return [await Array.fromAsync(frames, ({ tick }) => tick), told];
}

const upTo = (end: number): readonly number[] => Array.from({ length: end }, (_, at) => at);

test('a journal that is damaged before it is sealed stays, its rest is read, and the run goes on', async (t) => {
  const options = optionsIn(t);
  const trouble: unknown[] = [];
  const recorder = await openRecorder(options, (error) => trouble.push(error));
  for (const tick of upTo(10)) await recorder.append(frameAt(tick));
  const file = path.join(options.directory, lensFileName({ start: 0, end: 10 }, 'journal'));
  const damaged = await flipIn(file, 4);
  for (let tick = 10; tick < 30; tick += 1) await recorder.append(frameAt(tick));
  await assert.rejects(recorder.close(), { code: 'LENS_DAMAGED' });
  assert.ok(trouble.length > 0 && trouble.every((error) => isFailure(error, 'LENS_DAMAGED')));
  const others = [...upTo(30)].filter((tick) => tick < 4 || tick >= 10);
  const assertSays = async (ticks: readonly number[]): Promise<void> => {
    assert.deepEqual(readFileSync(file), damaged);
    const [found, told] = await readable(options.directory);
    assert.deepEqual(found, ticks);
    assert.match(told.join(), /journal is damaged: .*tick 3 .*tick 5/);
  };
  await assertSays(others);
  const again: unknown[] = [];
  const second = await openRecorder({ ...options, resumedTick: 29 }, (error) => again.push(error));
  assert.deepEqual(
    again.map((error) => isFailure(error, 'LENS_DAMAGED')),
    [true],
  );
  for (let tick = 30; tick < 35; tick += 1) await second.append(frameAt(tick));
  await second.close();
  await assertSays([...others, 30, 31, 32, 33, 34]);
  await using lens = await openLens(directoryPlace(options.directory));
  await assert.rejects(Array.fromAsync(lens.each(['heat'])), { code: 'LENS_DAMAGED' });
  const before = await Array.fromAsync(lens.each(['heat'], { to: 3 }), ({ tick }) => tick);
  assert.deepEqual(before, [0, 1, 2, 3]);
  const [verified] = await Array.fromAsync(verifyLens(directoryPlace(options.directory)));
  assert.deepEqual([verified?.ok, verified?.frames, verified?.cutBytes], [false, 4, 0]);
  assert.match(verified!.damaged.join(), /tick 5/);
});

test('the last frame of a journal that is damaged before it is sealed is not left out of the file either', async (t) => {
  const options = optionsIn(t);
  const recorder = await openRecorder(options);
  for (const tick of upTo(10)) await recorder.append(frameAt(tick));
  const file = path.join(options.directory, lensFileName({ start: 0, end: 10 }, 'journal'));
  const damaged = await flipIn(file, -1);
  for (let tick = 10; tick < 30; tick += 1) await recorder.append(frameAt(tick));
  await assert.rejects(recorder.close(), { code: 'LENS_DAMAGED', message: /tick 9/ });
  assert.deepEqual(readFileSync(file), damaged);
});
