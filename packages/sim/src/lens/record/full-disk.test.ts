// A disk that is full: what is written stays readable, and the lens goes on when there is room again.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import type { LensField, LensFrame } from '../contract.ts';
import { directoryPlace, openLens } from '../read/index.ts';
import { smallDisk } from '../testing/small-disk.ts';
import { openRecorder, type RecorderOptions } from './index.ts';

const SAMPLES = 4096;
const FRAME_BYTES = SAMPLES * 8;
const MIB = 1024 * 1024;

const field: LensField = {
  name: 'heat',
  unit: 'K',
  components: [],
  topology: { kind: 'grid', rows: 64, columns: 64 },
  reconstruction: 'nearest',
  precision: { type: 'float64' },
};

/** Numbers that no compression makes smaller. */
function frameAt(tick: number): LensFrame {
  let word = tick + 1;
  const values = Float64Array.from({ length: SAMPLES }, () => {
    word = (Math.imul(word, 1_664_525) + 1_013_904_223) | 0;
    return word * Math.PI;
  });
  const samples = { count: SAMPLES, values, positions: null };
  return { tick, simTimeSeconds: tick, fields: new Map([['heat', samples]]) };
}

function optionsIn(directory: string): RecorderOptions {
  const run = path.join(directory, 'run');
  return { directory: run, runId: 'run', world: 'terra', fields: [field], chunkTicks: 16 };
}

async function assertHolds(directory: string, ticks: readonly number[]): Promise<void> {
  await using lens = await openLens(directoryPlace(directory));
  const found: number[] = [];
  for await (const { tick, fields } of lens.each(['heat'])) {
    found.push(tick);
    assert.deepEqual(fields.get('heat')!.values, frameAt(tick).fields.get('heat')!.values);
  }
  assert.deepEqual(found, ticks);
}

test('a frame that finds the disk full is refused, those before are there, and the next go on when there is room', async (t) => {
  const disk = smallDisk(t, 8 * MIB);
  if (disk === undefined) return;
  const options = optionsIn(disk.directory);
  const recorder = await openRecorder(options);
  const taken: number[] = [];
  for (let tick = 0; tick < 60; tick += 1) {
    if (tick === 5) disk.fill(2.5 * FRAME_BYTES);
    // Over the end of a chunk: the next cannot even be begun.
    if (tick === 40) disk.empty();
    try {
      await recorder.append(frameAt(tick));
      taken.push(tick);
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC');
    }
    if (tick === 20) await assertHolds(options.directory, taken);
  }
  assert.deepEqual(taken.slice(0, 7), [0, 1, 2, 3, 4, 5, 6]);
  assert.ok(!taken.includes(39) && taken.includes(40), String(taken));
  await recorder.close();
  await assertHolds(options.directory, taken);
  assert.ok(
    readdirSync(options.directory).every((name) => /\.lens$|^manifest\.json$/.test(name)),
    'nothing else is left',
  );
});

test('a full chunk that finds no room to be sealed stays a journal, is told, and is sealed with the next', async (t) => {
  const disk = smallDisk(t, 8 * MIB);
  if (disk === undefined) return;
  const options = optionsIn(disk.directory);
  const troubles: unknown[] = [];
  const recorder = await openRecorder(options, (error) => troubles.push(error));
  const ticks = Array.from({ length: 40 }, (_, tick) => tick);
  for (const tick of ticks) {
    // Room for frames, and not for the chunk a second time.
    if (tick === 15) disk.fill(12 * FRAME_BYTES);
    if (tick === 24) {
      // The sealing of the first goes on beside: it has failed when this has come.
      while (troubles.length === 0) await new Promise((resolve) => setImmediate(resolve));
      await assertHolds(options.directory, ticks.slice(0, 24));
      await recorder.flush();
      disk.empty();
    }
    await recorder.append(frameAt(tick));
  }
  await recorder.close();
  assert.equal((troubles[0] as NodeJS.ErrnoException).code, 'ENOSPC');
  await assertHolds(options.directory, ticks);
  assert.equal(readdirSync(options.directory).filter((name) => name.endsWith('.lens')).length, 3);
});

test('a lens whose end finds no room says so, and is sealed by the next who opens it', async (t) => {
  const disk = smallDisk(t, 8 * MIB);
  if (disk === undefined) return;
  const options = optionsIn(disk.directory);
  const recorder = await openRecorder(options);
  for (let tick = 0; tick < 10; tick += 1) await recorder.append(frameAt(tick));
  disk.fill(FRAME_BYTES);
  await assert.rejects(recorder.close(), { code: 'ENOSPC' });
  const ticks = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
  await assertHolds(options.directory, ticks);
  disk.empty();
  await (await openRecorder({ ...options, resumedTick: 20 })).close();
  await assertHolds(options.directory, ticks);
});
