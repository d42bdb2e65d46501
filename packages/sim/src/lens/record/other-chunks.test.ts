// A run that goes on with another size of chunks; and what the manifest says of gaps that a checkpoint lies in.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import type { LensField, LensFrame } from '../contract.ts';
import { directoryPlace, openLens } from '../read/index.ts';
import type { Dropped } from './contract.ts';
import { cutGaps, fewGaps, MOST_GAPS } from './gaps.ts';
import { lensFilesIn, openRecorder, readManifest, type RecorderOptions } from './index.ts';

const field: LensField = {
  name: 'heat',
  unit: 'K',
  components: [],
  topology: { kind: 'points', positions: 'duck.place' },
  reconstruction: 'nearest',
  precision: { type: 'float64' },
};

function optionsIn(t: TestContext, chunkTicks: number): RecorderOptions {
  const parent = mkdtempSync(path.join(tmpdir(), 'stillpoint-chunks-'));
  t.after(() => rmSync(parent, { recursive: true, force: true }));
  const directory = path.join(parent, 'run');
  return { directory, runId: 'run', world: 'pond', fields: [field], chunkTicks };
}

/** Positions are told once, as capture does it: with the first frame, and where they change. */
async function record(options: RecorderOptions, from: number, to: number): Promise<void> {
  const recorder = await openRecorder(options);
  for (let tick = from; tick <= to; tick += 1) {
    const isTold = tick === from || tick % 33 === 0;
    const positions = isTold ? Float64Array.of(Math.floor(tick / 33), 1, 2) : null;
    const heat = { count: 1, values: Float64Array.of(tick / 3), positions };
    const frame: LensFrame = { tick, simTimeSeconds: tick, fields: new Map([['heat', heat]]) };
    await recorder.append(frame);
  }
  await recorder.close();
}

async function assertHolds(directory: string, to: number): Promise<void> {
  await using lens = await openLens(directoryPlace(directory));
  let next = 0;
  for await (const { tick, fields } of lens.each(['heat'])) {
    assert.equal(tick, next);
    const { values, positions } = fields.get('heat')!;
    assert.deepEqual([...values], [tick / 3]);
    assert.deepEqual([...(positions ?? [])], [Math.floor(tick / 33), 1, 2], `at ${tick}`);
    next += 1;
  }
  assert.equal(next, to + 1);
}

test('a run that goes on with chunks of another size loses no frame and no position', async (t) => {
  for (const sizes of [
    [50, 200, 70],
    [70, 50, 1000],
    [200, 30, 90],
  ])
    for (const stops of [
      [120, 260],
      [99, 199],
      [100, 130],
    ]) {
      const options = optionsIn(t, sizes[0]!);
      const { directory } = options;
      await record(options, 0, stops[0]! + 20);
      await record(
        { ...options, chunkTicks: sizes[1]!, resumedTick: stops[0]! },
        stops[0]! + 1,
        stops[1]!,
      );
      await assertHolds(directory, stops[1]!);
      await record(
        { ...options, chunkTicks: sizes[2]!, resumedTick: stops[1]! },
        stops[1]! + 1,
        400,
      );
      await assertHolds(directory, 400);
      const files = await lensFilesIn(directory);
      for (const [at, { ticks }] of files.entries())
        assert.ok(
          at === 0 || ticks.start >= files[at - 1]!.ticks.end,
          'no chunk lies over another',
        );
    }
});

test('killed while a chunk was begun, a run goes on', async (t) => {
  const options = optionsIn(t, 50);
  await record(options, 0, 49);
  // As it was before the journal had its name; and as a full disk leaves nothing behind that has one.
  writeFileSync(
    path.join(options.directory, 'lens_snapshot_0000000050-0000000100.journal.tmp'),
    'SPJL',
  );
  await record({ ...options, resumedTick: 52 }, 53, 120);
  const recorded = await openLens(directoryPlace(options.directory));
  const { tick } = await recorded.nearest(53, { exact: true });
  await recorded[Symbol.asyncDispose]();
  assert.equal(tick, 53);
});

test('a chunk that cannot be begun leaves nothing that keeps it from being begun later', async (t) => {
  const options = optionsIn(t, 50);
  const recorder = await openRecorder(options);
  // Something is in the way.
  const inTheWay = path.join(options.directory, 'lens_snapshot_0000000000-0000000050.journal.tmp');
  mkdirSync(inTheWay);
  const heat = { count: 1, values: Float64Array.of(0), positions: Float64Array.of(0, 1, 2) };
  const frame: LensFrame = { tick: 0, simTimeSeconds: 0, fields: new Map([['heat', heat]]) };
  await assert.rejects(recorder.append(frame), { code: 'EISDIR' });
  rmSync(inTheWay, { recursive: true });
  await recorder.append(frame);
  await recorder.close();
  await assertHolds(options.directory, 0);
});

test('a gap that a checkpoint lies in stays one up to there', async (t) => {
  const gap = (start: number, end: number, frames: number): Dropped => ({
    ticks: { start, end },
    frames,
    reason: 'slow',
  });
  assert.deepEqual(cutGaps([gap(20, 61, 5), gap(70, 71, 1)], 45), [gap(20, 46, 3)]);
  assert.deepEqual(cutGaps([gap(20, 61, 5)], 60), [gap(20, 61, 5)]);
  assert.deepEqual(cutGaps([gap(20, 61, 5)], 20), [gap(20, 21, 1)]);
  assert.deepEqual(cutGaps([gap(20, 61, 5)], 19), []);
  const options = optionsIn(t, 50);
  const recorder = await openRecorder(options);
  await recorder.drop(gap(20, 61, 5));
  assert.equal(recorder.accountedTick, 60);
  await recorder.close();
  const again = await openRecorder({ ...options, resumedTick: 45 });
  assert.equal(again.accountedTick, 45);
  await again.close();
  assert.deepEqual((await readManifest(options.directory))?.dropped, [gap(20, 46, 3)]);
});

test('a manifest names so many gaps, and joins more of them without losing a frame of the count', () => {
  const many = Array.from({ length: 3 * MOST_GAPS }, (_, at): Dropped => ({
    ticks: { start: at * 10, end: at * 10 + 1 },
    frames: 1,
    reason: at % 3 === 0 ? 'failed' : 'slow',
  }));
  const few = fewGaps(many);
  assert.ok(few.length <= MOST_GAPS && few.length > MOST_GAPS / 4);
  assert.equal(
    few.reduce((sum, { frames }) => sum + frames, 0),
    many.length,
  );
  assert.equal(few[0]!.ticks.start, 0);
  assert.equal(few.at(-1)!.ticks.end, many.at(-1)!.ticks.end);
});
