// Whoever asks within a gap is told of it, by words and in JSON.
import { openRecorder, type LensField } from '@stillpoint/sim';
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { inProcess } from '../testing/run.ts';
import { gapTexts } from './gaps.ts';

const place = mkdtempSync(path.join(tmpdir(), 'stillpoint-gaps-'));
after(() => rmSync(place, { recursive: true, force: true }));

const heat: LensField = {
  name: 'heat',
  unit: 'K',
  components: [],
  topology: { kind: 'grid', rows: 1, columns: 2 },
  reconstruction: 'nearest',
  precision: { type: 'float64' },
};
const recorder = await openRecorder({
  directory: path.join(place, 'lens', 'one'),
  runId: 'one',
  world: 'flat',
  fields: [heat],
  chunkTicks: 100,
});
for (let tick = 0; tick <= 100; tick += 10) {
  const samples = { count: 2, values: Float64Array.of(tick, -tick), positions: null };
  const fields = new Map([['heat', samples]]);
  if (tick === 40)
    await recorder.drop(
      { ticks: { start: 40, end: 61 }, frames: 3, reason: 'slow' },
      { ticks: { start: 80, end: 81 }, frames: 1, reason: 'failed' },
    );
  if ((tick < 40 || tick > 60) && tick !== 80)
    await recorder.append({ tick, simTimeSeconds: tick, fields });
}
await recorder.close();

const query = async (...args: readonly string[]): Promise<string> => {
  const ran = await inProcess(['lens', 'query', 'heat', ...args], { cwd: place });
  assert.equal(ran.status, 0, ran.stderr);
  return args.includes('--json') ? ran.stdout : ran.stderr;
};

test('a question within a gap is answered with it, one beside it without', async () => {
  const within = await query('--tick', '50');
  assert.match(
    within,
    /3 frames of ticks 40 to 60 were dropped: the disk did not keep up\.\n.*this is the nearest/s,
  );
  assert.match(
    await query('--tick', '80'),
    /1 frame of tick 80 was dropped: writing or sampling failed\./,
  );
  assert.doesNotMatch(await query('--tick', '61'), /dropped/);
  assert.doesNotMatch(await query('--ticks', '61:79'), /dropped/);
  const over = await query('--ticks', '0:100');
  assert.match(over, /3 frames of ticks 40 to 60 .*\n.*1 frame of tick 80/);
  const { dropped, frames } = JSON.parse(await query('--ticks', '55:100', '--json')) as {
    readonly dropped: readonly { readonly frames: number }[];
    readonly frames: readonly unknown[];
  };
  assert.deepEqual([dropped.map((one) => one.frames), frames.length], [[3, 1], 3]);
});

test('lines over time and a picture within a gap name it: a line goes on over frames that are not there', async () => {
  const plot = async (...args: readonly string[]): Promise<string> => {
    const ran = await inProcess(['lens', 'plot', 'heat', ...args], { cwd: place });
    assert.equal(ran.status, 0, ran.stderr);
    return ran.stderr;
  };
  assert.match(await plot('--series'), /3 frames of ticks 40 to 60 .*\n.*1 frame of tick 80/);
  assert.match(await plot('--tick', '50'), /3 frames of ticks 40 to 60/);
  assert.doesNotMatch(await plot('--series', '--ticks', '0:30'), /dropped/);
  assert.doesNotMatch(await plot('--tick', '90'), /dropped/);
  assert.doesNotMatch(await plot(), /dropped/);
});

test('what plot prints as JSON has the gaps, as that of query: of a map, of lines, and of a file', async () => {
  const dropped = async (...args: readonly string[]): Promise<readonly number[]> => {
    const ran = await inProcess(['lens', 'plot', 'heat', ...args, '--json'], { cwd: place });
    assert.equal(ran.status, 0, ran.stderr);
    const told = JSON.parse(ran.stdout) as { readonly dropped: readonly { frames: number }[] };
    return told.dropped.map(({ frames }) => frames);
  };
  assert.deepEqual(await dropped('--tick', '50'), [3]);
  assert.deepEqual(await dropped('--series'), [3, 1]);
  assert.deepEqual(await dropped('--series', '--ticks', '0:30'), []);
  assert.deepEqual(await dropped('--series', '-o', 'lines.png'), [3, 1]);
  assert.deepEqual(await dropped(), []);
});

test('of many gaps the first are named, and all are counted', () => {
  const gaps = Array.from({ length: 50 }, (_, at) => ({
    ticks: { start: at * 10, end: at * 10 + 1 },
    frames: 1,
    reason: 'slow' as const,
  }));
  const texts = gapTexts(gaps);
  assert.equal(texts.length, 4);
  assert.match(texts[3]!, /50 dropped frames in 50 gaps; stillpoint lens info --json lists them/);
});
