// A journal that a disk has damaged: what lies before is read, what is lost is named, and nobody makes a shorter file of it.
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { isFailure } from '@stillpoint/core';
import type { LensField, LensFrame } from '../contract.ts';
import { continueJournal, readJournal } from '../journal/index.ts';
import { compactLens, verifyLens } from '../manage/index.ts';
import { lensFileName } from '../names.ts';
import { directoryPlace, openLens } from '../read/index.ts';
import { openRecorder, readManifest, type RecorderOptions } from './index.ts';

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

test('a run that was killed before a full chunk was sealed, whose last frame is damaged since: it is kept, told and named', async (t) => {
  const options = { ...optionsIn(t), chunkTicks: 10 };
  const { directory } = options;
  const recorder = await openRecorder(options);
  for (const tick of upTo(10)) await recorder.append(frameAt(tick));
  const file = path.join(directory, lensFileName({ start: 0, end: 10 }, 'journal'));
  const full = readFileSync(file);
  for (let tick = 10; tick < 16; tick += 1) await recorder.append(frameAt(tick));
  await recorder.close();
  rmSync(path.join(directory, lensFileName({ start: 0, end: 10 }, 'lens')));
  writeFileSync(file, full);
  const damaged = await flipIn(file, -1);
  const told: unknown[] = [];
  const second = await openRecorder({ ...options, resumedTick: 15 }, (error) => told.push(error));
  await second.close();
  assert.deepEqual(
    told.map((error) => isFailure(error, 'LENS_DAMAGED')),
    [true],
  );
  assert.deepEqual(readFileSync(file), damaged);
  const gap = { ticks: { start: 9, end: 10 }, frames: 1, reason: 'failed' };
  assert.deepEqual(await gapsOf(directory), [gap]);
  const [found, said] = await readable(directory);
  assert.deepEqual(found, [0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14, 15]);
  assert.match(said.join(), /its last frame, that of tick 9/);
});

/** A run that is killed at that tick, its chunk open. */
async function killedAt(options: RecorderOptions, tick: number): Promise<string> {
  const recorder = await openRecorder(options);
  for (const one of upTo(tick + 1)) await recorder.append(frameAt(one));
  await recorder.flush();
  const file = path.join(options.directory, lensFileName({ start: 0, end: 100 }, 'journal'));
  const killed = readFileSync(file);
  await recorder.close();
  for (const name of readdirSync(options.directory))
    rmSync(path.join(options.directory, name), { force: true });
  writeFileSync(file, killed);
  return file;
}

async function resume(
  options: RecorderOptions,
  resumedTick: number,
): Promise<{ readonly accountedTick: number; readonly told: readonly unknown[] }> {
  const told: unknown[] = [];
  const recorder = await openRecorder({ ...options, resumedTick }, (error) => told.push(error));
  const { accountedTick } = recorder;
  for (let tick = resumedTick + 1; tick < 120; tick += 1) await recorder.append(frameAt(tick));
  await recorder.close();
  return { accountedTick, told };
}

const gapsOf = async (directory: string): Promise<unknown> =>
  (await readManifest(directory))?.dropped;

test('frames behind damage of an open journal are not cut by a resume: it is set aside, and the gap is named', async (t) => {
  const options = { ...optionsIn(t), chunkTicks: 100 };
  const { directory } = options;
  const file = await killedAt(options, 60);
  const damaged = await flipIn(file, 20);
  const first = await resume(options, 50);
  assert.equal(first.accountedTick, 50);
  assert.ok(first.told.length === 1 && isFailure(first.told[0], 'LENS_DAMAGED'));
  const aside = path.join(directory, lensFileName({ start: 0, end: 51 }, 'journal'));
  const kept = readFileSync(aside);
  assert.deepEqual(kept, damaged.subarray(0, kept.length));
  const gap = { ticks: { start: 20, end: 51 }, frames: 31, reason: 'failed' };
  assert.deepEqual(await gapsOf(directory), [gap]);
  const [found, told] = await readable(directory);
  assert.deepEqual(found, [...upTo(20), ...upTo(120).slice(51)]);
  assert.match(told.join(), /0051\.journal is damaged: .*tick 19 .*tick 21/);
  const verified = await Array.fromAsync(verifyLens(directoryPlace(directory)));
  assert.deepEqual(
    verified.map(({ ok, frames }) => [ok, frames]),
    [
      [false, 20],
      [true, 49],
      [true, 20],
    ],
  );
  // Again, from the end and then from before the damage: nothing is named twice, and what is before it is made whole.
  await resume(options, 119);
  assert.deepEqual(readFileSync(aside), kept);
  assert.deepEqual(await gapsOf(directory), [gap]);
  await resume(options, 10);
  assert.deepEqual(await readable(directory), [upTo(120), []]);
  assert.deepEqual(await gapsOf(directory), []);
});

test('a journal that was set aside and is mended is sealed under its own range, and all frames are there', async (t) => {
  const options = { ...optionsIn(t), chunkTicks: 100 };
  const { directory } = options;
  const file = await killedAt(options, 60);
  const whole = readFileSync(file);
  await flipIn(file, 20);
  await resume(options, 50);
  const aside = path.join(directory, lensFileName({ start: 0, end: 51 }, 'journal'));
  writeFileSync(aside, whole.subarray(0, readFileSync(aside).length));
  const { sealed } = await compactLens(directory, { targetBytes: 1 });
  assert.deepEqual(sealed, [lensFileName({ start: 0, end: 51 }, 'lens')]);
  assert.deepEqual(await readable(directory), [upTo(120), []]);
});

test("of a journal that was set aside the frames behind the checkpoint are nobody's, though a kill or a copy has left them", async (t) => {
  const options = { ...optionsIn(t), chunkTicks: 100 };
  const { directory } = options;
  const file = await killedAt(options, 60);
  const whole = readFileSync(file);
  await flipIn(file, 20);
  await resume(options, 50);
  // Mended as it was before: the run has made other frames of these ticks since.
  writeFileSync(path.join(directory, lensFileName({ start: 0, end: 51 }, 'journal')), whole);
  assert.deepEqual(await readable(directory), [upTo(120), []]);
  await compactLens(directory);
  assert.deepEqual(await readable(directory), [upTo(120), []]);
});

test('damage behind the checkpoint is cut with the frames that are made again', async (t) => {
  const options = { ...optionsIn(t), chunkTicks: 100 };
  const file = await killedAt(options, 60);
  await flipIn(file, 40);
  for (const checkpoint of [39, 30]) {
    const { told } = await resume(options, checkpoint);
    assert.deepEqual(told, []);
    assert.deepEqual(await readable(options.directory), [upTo(120), []]);
    assert.deepEqual(await gapsOf(options.directory), []);
  }
});

test('several places of damage, also at the beginning, are one gap with the frames that were in it', async (t) => {
  const options = { ...optionsIn(t), chunkTicks: 100 };
  const file = await killedAt(options, 60);
  const bytes = readFileSync(file);
  {
    await using journal = await readJournal(file);
    for (const frame of [0, 7, 8, 30]) bytes[journal.frames[frame]!.offsetBytes + 3]! ^= 1;
  }
  writeFileSync(file, bytes);
  await resume(options, 50);
  const gap = { ticks: { start: 0, end: 51 }, frames: 51, reason: 'failed' };
  assert.deepEqual(await gapsOf(options.directory), [gap]);
  assert.deepEqual((await readable(options.directory))[0], upTo(120).slice(51));
});

test('nobody goes on with a journal that has whole frames behind damage', async (t) => {
  const options = { ...optionsIn(t), chunkTicks: 100 };
  const file = await killedAt(options, 60);
  const damaged = await flipIn(file, 20);
  await assert.rejects(continueJournal(file, 21), { code: 'LENS_DAMAGED', message: /tick 19/ });
  assert.deepEqual(readFileSync(file), damaged);
});
