// Frames that go through shared memory and a thread into a lens.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import type { Worker } from 'node:worker_threads';
import { isFailure } from '@stillpoint/core';
import { waitForWatermark } from '../../thread/index.ts';
import type { LensField } from '../contract.ts';
import { directoryPlace, openLens } from '../read/index.ts';
import { readManifest } from '../record/index.ts';
import { createLensCapture, type LensCaptureOptions, type LensEvent } from './index.ts';
import type { SampledFrame } from './index.ts';

const field = (name: string, more: Partial<LensField> = {}): LensField => ({
  name,
  unit: '',
  components: [],
  topology: { kind: 'points', positions: 'p' },
  reconstruction: 'nearest',
  precision: { type: 'float32' },
  ...more,
});
const fields = [
  field('heat'),
  field('wind', {
    components: [2],
    topology: { kind: 'grid', rows: 1, columns: 3 },
    precision: { type: 'float64' },
  }),
];

/** As many samples as the tick says, on a plane, moved every 7 ticks. */
function frameAt(tick: number): SampledFrame {
  const count = 1 + (tick % 5);
  const step = Math.floor(tick / 7);
  const positions = Float64Array.from({ length: count * 2 }, (_, at) => step + at);
  const heat = { count, values: Int16Array.from({ length: count }, () => tick), positions };
  const values = Float64Array.from({ length: 6 }, (_, at) => tick / 3 + at);
  const wind = { count: 3, values, positions: null };
  return { tick, simTimeSeconds: tick / 10, fields: new Map(Object.entries({ heat, wind })) };
}

function optionsIn(t: TestContext, more: Partial<LensCaptureOptions> = {}): LensCaptureOptions {
  const parent = mkdtempSync(path.join(tmpdir(), 'stillpoint-capture-'));
  t.after(() => rmSync(parent, { recursive: true, force: true }));
  const directory = path.join(parent, 'run');
  return { directory, runId: 'run', world: 'pond', fields, chunkTicks: 50, ...more };
}

async function assertHolds(directory: string, ticks: readonly number[]): Promise<void> {
  await using lens = await openLens(directoryPlace(directory));
  const found: number[] = [];
  for await (const { tick, simTimeSeconds, fields: seen } of lens.each(['heat', 'wind'])) {
    found.push(tick);
    const expected = frameAt(tick).fields;
    assert.equal(simTimeSeconds, tick / 10);
    const heat = expected.get('heat')!;
    assert.deepEqual([...seen.get('heat')!.values], [...heat.values], `heat at ${tick}`);
    const places = Array.from({ length: heat.count }, (_, at) => [
      ...(heat.positions as Float64Array).subarray(2 * at, 2 * at + 2),
      0,
    ]);
    assert.deepEqual([...seen.get('heat')!.positions!], places.flat(), `positions at ${tick}`);
    assert.deepEqual(seen.get('wind')!.values, expected.get('wind')!.values);
  }
  assert.deepEqual(found, ticks);
}

const upTo = (last: number): readonly number[] => Array.from({ length: last }, (_, at) => at + 1);

test('a loop of its own captures frames, with no turn of the event loop between them', async (t) => {
  const options = optionsIn(t);
  const capture = await createLensCapture({ ...options, slots: 200 });
  for (const tick of upTo(120)) assert.equal(capture.offer(frameAt(tick)), true);
  assert.deepEqual([capture.frames, capture.lastTick, capture.dropped], [120, 120, 0]);
  await capture.close();
  await assertHolds(options.directory, upTo(120));
});

test('one that goes on cuts what lies behind, and knows what is there', async (t) => {
  const options = optionsIn(t);
  const first = await createLensCapture({ ...options, slots: 200 });
  for (const tick of upTo(120)) first.offer(frameAt(tick));
  await first.close();
  await assert.rejects(createLensCapture(options), (error) => isFailure(error, 'LENS_NOT_EMPTY'));
  for (const resumedTick of [99, 73]) {
    const second = await createLensCapture({ ...options, resumedTick, slots: 200 });
    assert.deepEqual([second.lastTick, second.frames], [resumedTick, resumedTick]);
    for (let tick = resumedTick + 1; tick <= 130; tick += 1) second.offer(frameAt(tick));
    await second.drain();
    await assertHolds(options.directory, upTo(130));
    await second.close();
    await assertHolds(options.directory, upTo(130));
  }
});

test('frames that find no slot are dropped, counted, and named by the manifest', async (t) => {
  const events: LensEvent[] = [];
  const options = optionsIn(t, { slots: 4, onEvent: (event) => events.push(event) });
  await using capture = await createLensCapture(options);
  const taken: number[] = [];
  // In one turn, and the fourth slot is never free before the second: the thread is no match for that.
  for (const tick of upTo(2000)) if (capture.offer(frameAt(tick))) taken.push(tick);
  assert.ok(taken.length < 2000);
  await capture.drain();
  assert.equal(capture.dropped, 2000 - taken.length);
  assert.equal(events.filter(({ type }) => type === 'lens:dropped').length, capture.dropped);
  assert.equal(capture.offer(frameAt(2001)), true);
  await capture.close();
  taken.push(2001);
  await assertHolds(options.directory, taken);
  const { dropped } = (await readManifest(options.directory))!;
  const missing = upTo(2001).filter((tick) => !taken.includes(tick));
  const named = dropped.flatMap(({ ticks: { start, end }, frames, reason }) => {
    assert.deepEqual([reason, frames], ['slow', end - start]);
    return Array.from({ length: end - start }, (_, at) => start + at);
  });
  assert.deepEqual(named, missing);
});

test('a frame that is none is refused', async (t) => {
  await using capture = await createLensCapture(optionsIn(t));
  capture.offer(frameAt(5));
  assert.throws(() => capture.offer(frameAt(5)), TypeError);
  const { heat } = Object.fromEntries(frameAt(6).fields);
  assert.throws(
    () => capture.offer({ ...frameAt(6), fields: new Map([['heat', heat!]]) }),
    TypeError,
  );
});

test('samples that are not what was said of them are refused, and the lens is as before', async (t) => {
  const options = optionsIn(t);
  const capture = await createLensCapture(options);
  capture.offer(frameAt(3));
  const { heat, wind } = Object.fromEntries(frameAt(4).fields);
  const wrong: Readonly<Record<string, Partial<NonNullable<typeof heat>>>> = {
    'fewer values': { values: new Float32Array(heat!.count - 1) },
    'a fraction of positions': { positions: new Float64Array(heat!.count * 2 + 1) },
    'four coordinates': { positions: new Float64Array(heat!.count * 4) },
    'another count where the others were': { positions: null },
  };
  for (const [what, part] of Object.entries(wrong)) {
    const fields = new Map(Object.entries({ heat: { ...heat!, ...part }, wind: wind! }));
    assert.throws(() => capture.offer({ ...frameAt(4), fields }), TypeError, what);
  }
  const cells = { count: 2, values: new Float64Array(4), positions: null };
  const fields = new Map(Object.entries({ heat: heat!, wind: cells }));
  assert.throws(() => capture.offer({ ...frameAt(4), fields }), TypeError, 'fewer cells');
  // What cannot be packed comes with positions that were noted already.
  const list = [1, 2, 3, 4, 5] as unknown as Float64Array;
  const unpackable = new Map(Object.entries({ heat: { ...heat!, values: list }, wind: wind! }));
  assert.throws(() => capture.offer({ ...frameAt(4), fields: unpackable }), TypeError);
  for (const tick of [5, 6, 7]) capture.offer(frameAt(tick));
  await capture.close();
  await assertHolds(options.directory, [3, 5, 6, 7]);
});

test('a thread that dies loses what it had, says so, and has a successor that knows the positions', async (t) => {
  const events: LensEvent[] = [];
  const options = optionsIn(t, { slots: 400, onEvent: (event) => events.push(event) });
  const started = once(process, 'worker') as Promise<[Worker]>;
  await using capture = await createLensCapture(options);
  const [thread] = await started;
  const ended = once(thread, 'exit');
  for (const tick of upTo(10)) capture.offer(frameAt(tick));
  await capture.drain();
  for (let tick = 11; tick <= 300; tick += 1) capture.offer(frameAt(tick));
  await thread.terminate();
  await ended;
  // The positions are those of tick 300.
  for (let tick = 301; tick <= 310; tick += 1) assert.equal(capture.offer(frameAt(tick)), true);
  const lost = capture.dropped;
  await capture.close();
  assert.equal(capture.frames, 310 - lost);
  assert.ok(lost > 0);
  const kept = upTo(310).filter((tick) => tick <= 300 - lost || tick > 300);
  await assertHolds(options.directory, kept);
  const [failed] = events;
  assert.ok(failed?.type === 'lens:failed' && isFailure(failed.error, 'LENS_RECORDER_LOST'));
  const { dropped } = (await readManifest(options.directory))!;
  const ticks = { start: 301 - lost, end: 301 };
  assert.deepEqual(dropped, [{ ticks, frames: lost, reason: 'failed' }]);
});

test('gaps that a thread was to tell when it died are named by its successor', async (t) => {
  const options = optionsIn(t, { slots: 4 });
  const started = once(process, 'worker') as Promise<[Worker]>;
  await using capture = await createLensCapture(options);
  const [thread] = await started;
  const ended = once(thread, 'exit');
  for (const tick of upTo(2000)) capture.offer(frameAt(tick));
  // All that was dropped goes with it, and may never be told.
  capture.flush();
  await thread.terminate();
  await ended;
  assert.equal(capture.offer(frameAt(2001)), true);
  await capture.close();
  await using lens = await openLens(directoryPlace(options.directory));
  let frames = 0;
  for await (const { tick } of lens.frames()) {
    assert.ok(tick > 0);
    frames += 1;
  }
  assert.equal(capture.frames, frames);
  assert.equal(frames + capture.dropped, 2001);
  const named = lens.dropped.reduce((sum, gap) => sum + gap.frames, 0);
  assert.equal(named, capture.dropped);
});

test('what waits for the frames of a checkpoint is told when they are durable, or that they will not be', async (t) => {
  await using capture = await createLensCapture(optionsIn(t));
  assert.equal(capture.flush(), undefined);
  for (const tick of upTo(20)) capture.offer(frameAt(tick));
  const mark = capture.flush()!;
  assert.deepEqual(mark.facts, { tick: 20, frames: 20 });
  assert.equal(waitForWatermark(mark.goal, 60_000), true);
  const later = { ...mark.goal, count: mark.goal.count + 1 };
  assert.equal(waitForWatermark(later, 1), false);
  await capture.close();
  assert.equal(waitForWatermark(later, 60_000), false);
});

test('whoever waits until all is durable is told where it is not', async (t) => {
  const options = optionsIn(t);
  const capture = await createLensCapture(options);
  capture.offer(frameAt(1));
  await capture.drain();
  rmSync(options.directory, { recursive: true });
  capture.miss({ start: 2, end: 3 }, 1, new Error('not sampled'));
  await assert.rejects(capture.drain(), (error) => isFailure(error, 'LENS_UNWRITABLE'));
  await assert.rejects(capture.close(), (error) => isFailure(error, 'LENS_UNWRITABLE'));
});
