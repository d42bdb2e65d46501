// Blocks of rows: which are kept, whose memory serves again, and what is read of rows too long to keep.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FieldSamples } from '../contract.ts';
import { directoryPlace, openLens } from '../read/index.ts';
import { openRecorder } from '../record/index.ts';
import { temporaryDirectory, wind } from '../testing/small-lens.ts';
import { createBlocks, type Blocks } from './blocks.ts';

const MIB = 1024 * 1024;

/** Reads through them, from arrays whose every number is that of its row. */
function reader(blocks: Blocks) {
  const owner = blocks.newOwner();
  const reads: { readonly array: string; readonly firstRow: number; readonly old: boolean }[] = [];
  return {
    owner,
    reads,
    row: async (array: string, row: number, rows: number, rowBytes: number) => {
      const firstRow = row - (row % rows);
      const key = { owner, array, firstRow, rows, bytes: rows * rowBytes };
      const length = rowBytes / 8;
      const found = await blocks.use(
        key,
        row,
        async (into) => {
          reads.push({ array, firstRow, old: into !== undefined });
          const block = into ?? new Float64Array(rows * length);
          for (let at = 0; at < rows; at += 1)
            block.fill(firstRow + at, at * length, (at + 1) * length);
          return block;
        },
        (block) => block.slice((row - firstRow) * length, (row - firstRow) * length + 3),
      );
      assert.deepEqual([...found], [row, row, row]);
      return found;
    },
  };
}

test('memory of a block that went serves the next, and what was taken of it stays as it was', async () => {
  const { reads, row } = reader(createBlocks());
  const first = await row('a', 0, 1, 24 * MIB);
  const second = await row('b', 1, 1, 24 * MIB);
  await row('b', 1, 1, 24 * MIB);
  assert.deepEqual([...first, ...second], [0, 0, 0, 1, 1, 1]);
  assert.deepEqual(
    reads.map(({ old }) => old),
    [false, true],
  );
});

test('who reads on through some arrays holds a block of each, and reads each once', async () => {
  const { reads, row } = reader(createBlocks());
  for (let at = 0; at < 64; at += 1)
    for (const [array, rowBytes] of [
      ['heat', MIB / 16],
      ['wind', MIB / 8],
    ] as const)
      await row(array, at, 4, rowBytes);
  assert.equal(reads.length, 32);
  // The first of each has new memory; then the one that is done serves it.
  assert.deepEqual(
    reads.filter(({ old }) => !old).map(({ array, firstRow }) => `${array} ${firstRow}`),
    ['heat 0', 'wind 0'],
  );
});

test('read backwards, a block is not done with its last row', async () => {
  const { reads, row } = reader(createBlocks());
  for (let at = 31; at >= 0; at -= 1)
    for (const array of ['heat', 'wind']) await row(array, at, 4, MIB / 8);
  assert.equal(reads.length, 16);
});

test('arrays that are read together share the room, so that none takes the block of another', () => {
  const blocks = createBlocks();
  const { owner } = reader(blocks);
  assert.equal(blocks.roomFor(owner, 'a'), 24 * MIB);
  assert.equal(blocks.roomFor(owner, 'b'), 12 * MIB);
  assert.equal(blocks.roomFor(owner, 'a'), 12 * MIB);
  assert.equal(blocks.roomFor(blocks.newOwner(), 'a'), 24 * MIB);
});

test('frames too long to keep a block of are read some at a time, each as it was written', async (t) => {
  const directory = temporaryDirectory(t);
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
