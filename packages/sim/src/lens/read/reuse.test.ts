// Frames that have their memory by turns: they say what those say that have their own, and each is good until the next.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FieldSamples, LensField } from '../contract.ts';
import { openRecorder, type Recorder } from '../record/index.ts';
import { drift, temporaryDirectory, wind } from '../testing/small-lens.ts';
import { directoryPlace, openLens } from './index.ts';

const NAMES = ['wind', 'drift'];

/** Points that stay for some frames, move, come and go, beside a field whose samples stay; two chunks and a journal. */
async function writeFrames(directory: string): Promise<Recorder> {
  const fields: LensField[] = [
    { ...wind, name: 'wind', topology: { kind: 'grid', rows: 10, columns: 200 } },
    { ...drift, name: 'drift', precision: { type: 'float32' } },
  ];
  const options = { directory, runId: 'x', world: 'x', fields, chunkTicks: 40 };
  const recorder = await openRecorder(options);
  const width = wind.components.reduce((product, size) => product * size, 1);
  for (let tick = 0; tick < 100; tick += 1) {
    const count = 1500 + (Math.floor(tick / 7) % 3) * 400;
    const moved = Math.floor(tick / 7);
    const samples: [string, FieldSamples][] = [
      ['wind', { count: 2000, values: numbers(2000 * width, tick), positions: null }],
      [
        'drift',
        {
          count,
          values: Float32Array.from(numbers(count, tick)),
          positions: tick % 7 === 0 || tick % 40 === 0 ? numbers(count * 3, moved) : null,
        },
      ],
    ];
    await recorder.append({ tick, simTimeSeconds: tick, fields: new Map(samples) });
  }
  return recorder;
}

function numbers(length: number, seed: number): Float64Array {
  return Float64Array.from({ length }, (_, at) => at * 0.5 + seed);
}

test('frames that share their memory say what others say, of chunks and of a journal', async (t) => {
  const directory = temporaryDirectory(t);
  const recorder = await writeFrames(directory);
  await using _ = { [Symbol.asyncDispose]: () => recorder.close() };
  await using lens = await openLens(directoryPlace(directory));
  assert.ok((await lens.files()).some(({ sealed }) => !sealed));
  await using whole = lens.each(NAMES)[Symbol.asyncIterator]();
  let frames = 0;
  const buffers = new Set<ArrayBufferLike>();
  for await (const { tick, fields } of lens.each(NAMES, {}, { reuse: true })) {
    const { value: other } = await whole.next();
    assert.equal(tick, other!.tick);
    for (const name of NAMES) {
      assert.deepEqual(fields.get(name), other!.fields.get(name), `${name} of tick ${tick}`);
      buffers.add(fields.get(name)!.values.buffer);
    }
    frames += 1;
  }
  assert.equal(frames, 100);
  // One of a field, and two more while counts grew.
  assert.ok(buffers.size <= 4, `${buffers.size} buffers`);
});
