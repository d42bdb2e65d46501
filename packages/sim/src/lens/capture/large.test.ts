// Frames of a million samples, in a file of more than four gigabytes: written, sealed and read with memory that does not grow with it.
// `npm run test:soak`; otherwise so few that it only shows how it is done.
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import type { LensField } from '../contract.ts';
import { directoryPlace, openLens } from '../read/index.ts';
import { createLensCapture } from './index.ts';

const soak = process.env['STILLPOINT_SOAK'] !== undefined;
const SAMPLES = 1_000_000;
const FRAMES = soak ? 680 : 12;
const MIB = 1024 * 1024;

const field: LensField = {
  name: 'heat',
  unit: 'K',
  components: [],
  topology: { kind: 'grid', rows: 1000, columns: 1000 },
  reconstruction: 'nearest',
  precision: { type: 'float64' },
};

/** From 1 to 2, by tick and sample; no compression makes them much smaller. */
function fill(values: Float64Array, tick: number): void {
  const words = new Uint32Array(values.buffer);
  let word = (tick * 2_654_435_761) | 0;
  for (let at = 0; at < words.length; at += 2) {
    word = (Math.imul(word, 1_664_525) + 1_013_904_223) | 0;
    words[at] = Math.imul(word ^ (word >>> 15), 0x2c1b_3c6d);
    words[at + 1] = 0x3ff0_0000 | (Math.imul(word, 0x297a_2d39) >>> 12);
  }
}

test('a file of many large frames is written, sealed and read in bounded memory', async (t) => {
  const parent = mkdtempSync(path.join(tmpdir(), 'stillpoint-large-'));
  t.after(() => rmSync(parent, { recursive: true, force: true }));
  const directory = path.join(parent, 'run');
  let mostBytes = 0;
  const look = (): void => {
    mostBytes = Math.max(mostBytes, process.memoryUsage().rss);
  };
  const values = new Float64Array(SAMPLES);
  const frame = new Map([['heat', { count: SAMPLES, values, positions: null }]]);
  const capture = await createLensCapture({
    directory,
    runId: 'run',
    world: 'large',
    fields: [field],
    frameBytes: values.byteLength,
  });
  let beforeBytes = 0;
  for (let tick = 1; tick <= FRAMES; tick += 1) {
    fill(values, tick);
    assert.equal(capture.offer({ tick, simTimeSeconds: tick, fields: frame }), true);
    await capture.drain();
    look();
    // Its buffers are made, and were used.
    if (tick === 8) beforeBytes = mostBytes;
  }
  await capture.close();
  look();
  const [file, ...others] = readdirSync(directory).filter((name) => name.endsWith('.lens'));
  assert.deepEqual(others, []);
  const { size } = statSync(path.join(directory, file!));
  if (soak) assert.ok(size > 2 ** 32, `${size} bytes`);
  const grownBytes = mostBytes - beforeBytes;
  await using lens = await openLens(directoryPlace(directory));
  const expected = new Float64Array(SAMPLES);
  for (const tick of [1, Math.ceil(FRAMES / 2), FRAMES]) {
    fill(expected, tick);
    const { values: found } = await lens.samples('heat', tick);
    assert.ok(Buffer.from(found.buffer).equals(Buffer.from(expected.buffer)), `at ${tick}`);
  }
  for (const at of [7, SAMPLES - 1])
    for await (const { tick, values: found } of lens.series(
      'heat',
      { from: at, to: at + 1 },
      { from: FRAMES - 5 },
    )) {
      fill(expected, tick);
      assert.equal(found[0], expected[at]);
    }
  t.diagnostic(
    `${size} bytes; memory ${Math.round(beforeBytes / MIB)} MiB, then ${Math.round(grownBytes / MIB)} MiB more at most`,
  );
  assert.ok(grownBytes < 300 * MIB, `memory grew by ${grownBytes} bytes`);
});
