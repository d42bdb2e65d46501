// What a question costs: bytes and reads of a place, of a lens that is long.
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { queryLens } from '../ask/index.ts';
import { openRecorder } from '../record/index.ts';
import { countingPlace } from '../testing/counting-place.ts';
import { temporaryDirectory, wind } from '../testing/small-lens.ts';
import { directoryPlace, openLens } from './index.ts';

const SAMPLES = 4096;
const FRAMES = 4096;

/** 64 MiB of numbers that do not pack, in four chunks. */
async function longLens(t: TestContext): Promise<string> {
  const directory = temporaryDirectory(t);
  const field = {
    ...wind,
    name: 'noise',
    components: [],
    precision: { type: 'float32' as const },
    topology: { kind: 'grid' as const, rows: 64, columns: 64 },
  };
  const options = { directory, runId: 'x', world: 'x', fields: [field], chunkTicks: FRAMES / 4 };
  const recorder = await openRecorder(options);
  const values = new Float32Array(SAMPLES);
  let state = 1;
  for (let tick = 0; tick < FRAMES; tick += 1) {
    for (let at = 0; at < SAMPLES; at += 1) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
      values[at] = state;
    }
    const fields = new Map([['noise', { count: SAMPLES, values, positions: null }]]);
    await recorder.append({ tick, simTimeSeconds: tick, fields });
  }
  await recorder.close();
  return directory;
}

test('one tick of a lens of 64 MB reads less than 2 % of it, and a series of one position the columns around it', async (t) => {
  const directory = await longLens(t);
  const cost = async (
    when: { readonly tick: number } | { readonly ticks: object },
    position?: Float64Array,
  ) => {
    const counted = countingPlace(directoryPlace(directory));
    await using lens = await openLens(counted.place);
    const totalBytes = (await lens.files()).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    counted.taken();
    const what = position && { kind: 'positions' as const, positions: position };
    for await (const _ of queryLens(lens, { field: 'noise', when, ...(what && { what }) }));
    const reads = counted.taken();
    const bytes = reads.reduce((sum, one) => sum + one.bytes, 0);
    return { share: bytes / totalBytes, reads: reads.length };
  };
  const tick = await cost({ tick: 2000 });
  // 32 frames are packed together: 1 of 128 blocks, and the facts of one chunk.
  assert.ok(tick.share < 0.02, `one tick reads ${tick.share} of the lens`);
  assert.ok(tick.reads < 25, `one tick takes ${tick.reads} reads`);
  const series = await cost({ ticks: {} }, Float64Array.of(0.1, 0.1, 0));
  // A quarter: 1,024 of 4,096 samples are packed together.
  assert.ok(series.share < 0.3, `a series reads ${series.share} of the lens`);
  t.diagnostic(JSON.stringify({ tick, series }));
});
