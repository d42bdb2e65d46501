import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import type { FieldSamples } from '../contract.ts';
import { directoryPlace, openLens } from '../read/index.ts';
import { openRecorder } from '../record/index.ts';
import { temporaryDirectory, wind } from '../testing/small-lens.ts';
import { createBlocks } from './blocks.ts';

const MIB = 1024 * 1024;

test('memory of a block that went serves the next, and what was taken of it stays as it was', async () => {
  const blocks = createBlocks();
  const owner = blocks.newOwner();
  const given: boolean[] = [];
  const take = async (name: string, value: number): Promise<Float64Array | Float32Array> =>
    await blocks.use(
      { owner, name, bytes: 32 * MIB },
      async (into) => {
        given.push(into !== undefined);
        return (into ?? new Float64Array(4 * MIB)).fill(value);
      },
      (block) => block.slice(0, 3),
    );
  const first = await take('a', 1);
  const second = await take('b', 2);
  assert.deepEqual([...(await take('b', 0))], [2, 2, 2]);
  assert.deepEqual([...first], [1, 1, 1]);
  assert.deepEqual([...second], [2, 2, 2]);
  assert.deepEqual(given, [false, true]);
});

test('frames too long to keep a block of are read some at a time, each as it was written', async (t) => {
  const directory = path.join(temporaryDirectory(t), 'run');
  const count = 600 * 1000;
  const [float64, float32] = (['float64', 'float32'] as const).map((type) => ({
    ...wind,
    name: type,
    components: [],
    precision: { type },
    topology: { kind: 'grid' as const, rows: 600, columns: 1000 },
  }));
  const fields = [float64!, float32!];
  const recorder = await openRecorder({
    directory,
    runId: 'x',
    world: 'x',
    fields,
    chunkTicks: 1000,
  });
  for (let tick = 0; tick < 10; tick += 1) {
    const values = new Float64Array(count).fill(tick);
    values[count - 1] = -tick;
    const samples: [string, FieldSamples][] = [
      ['float64', { count, values, positions: null }],
      ['float32', { count, values: Float32Array.from(values), positions: null }],
    ];
    await recorder.append({ tick, simTimeSeconds: tick, fields: new Map(samples) });
  }
  await recorder.close();
  await using lens = await openLens(directoryPlace(directory));
  for await (const { tick, fields: found } of lens.each(['float64', 'float32']))
    for (const { values } of found.values()) {
      assert.deepEqual([values[0], values[count - 2], values.at(-1)], [tick, tick, -tick]);
      assert.equal(values.length, count);
    }
  assert.ok((await lens.samples('float32', 3)).values instanceof Float32Array);
});
