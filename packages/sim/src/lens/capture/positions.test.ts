// Samples that are where they were in the frame before, also where that frame was lost.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import type { Worker } from 'node:worker_threads';
import type { LensField } from '../contract.ts';
import { directoryPlace, openLens } from '../read/index.ts';
import { createLensCapture, type LensCaptureOptions, type SampledFrame } from './index.ts';

const field: LensField = {
  name: 'heat',
  unit: '',
  components: [],
  topology: { kind: 'points', positions: 'p' },
  reconstruction: 'nearest',
  precision: { type: 'float64' },
};

const stepOf = (tick: number): number => Math.floor(tick / 7);

/** Says where its samples are only when they have moved: every seventh tick, and at first. */
function frameAt(tick: number): SampledFrame {
  const isTold = tick === 1 || tick % 7 === 0;
  const positions = isTold ? Float64Array.of(stepOf(tick), 1, 2) : null;
  const heat = { count: 1, values: Float64Array.of(tick), positions };
  return { tick, simTimeSeconds: tick, fields: new Map([['heat', heat]]) };
}

function optionsIn(t: TestContext, slots: number): LensCaptureOptions {
  const parent = mkdtempSync(path.join(tmpdir(), 'stillpoint-positions-'));
  t.after(() => rmSync(parent, { recursive: true, force: true }));
  const directory = path.join(parent, 'run');
  return { directory, runId: 'run', world: 'pond', fields: [field], slots };
}

/** Resolves to how many frames there are. */
async function assertPlaced(directory: string): Promise<number> {
  await using lens = await openLens(directoryPlace(directory));
  let frames = 0;
  for await (const { tick, fields } of lens.each(['heat'])) {
    const { values, positions } = fields.get('heat')!;
    assert.deepEqual([values[0], ...(positions ?? [])], [tick, stepOf(tick), 1, 2]);
    frames += 1;
  }
  return frames;
}

test('positions that a frame without a slot has brought come with the next that is taken', async (t) => {
  const options = optionsIn(t, 4);
  const capture = await createLensCapture(options);
  let taken = 0;
  for (let tick = 1; tick <= 3000; tick += 1) if (capture.offer(frameAt(tick))) taken += 1;
  await capture.drain();
  if (capture.offer(frameAt(3001))) taken += 1;
  await capture.close();
  assert.ok(taken < 3000);
  assert.equal(await assertPlaced(options.directory), taken);
});

test('positions that went down with a thread are told to its successor', async (t) => {
  const options = optionsIn(t, 400);
  const started = once(process, 'worker') as Promise<[Worker]>;
  const capture = await createLensCapture(options);
  const [thread] = await started;
  const ended = once(thread, 'exit');
  for (let tick = 1; tick <= 302; tick += 1) capture.offer(frameAt(tick));
  await thread.terminate();
  await ended;
  for (let tick = 303; tick <= 310; tick += 1) assert.equal(capture.offer(frameAt(tick)), true);
  await capture.close();
  assert.equal(await assertPlaced(options.directory), 310 - capture.dropped);
});
