// The reference reader of Zarr 3 opens what we write. Debian 12 has none: it runs where Python has zarr 3, or where
// STILLPOINT_ZARR_PYTHON names a Python that has.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import {
  drift,
  frameAt,
  heat,
  temporaryDirectory,
  wind,
  writeLens,
} from '../testing/small-lens.ts';

const python = process.env['STILLPOINT_ZARR_PYTHON'] ?? 'python3';
const hasZarr = spawnSync(python, [
  '-c',
  'import zarr.storage; assert int(zarr.__version__[0]) >= 3',
]);
const program = fileURLToPath(
  new URL('../../../../../examples/python/read_lens.py', import.meta.url),
);

interface Line {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly finite: number;
  readonly sum: number;
  readonly last: number;
  readonly counts: readonly number[];
  readonly positions?: number;
}

test(
  'zarr-python reads the shapes, the sums and the last number of each field',
  { skip: hasZarr.status !== 0 && 'no Python with zarr 3 (STILLPOINT_ZARR_PYTHON names one)' },
  async (t) => {
    const run = await writeLens(temporaryDirectory(t), 'first', { to: 90 });
    const file = readdirSync(run).find((name) => name.endsWith('.lens'))!;
    const ran = spawnSync(python, [program, path.join(run, file)], { encoding: 'utf8' });
    assert.equal(ran.status, 0, ran.stderr);
    const lines = ran.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Line);
    for (const { name, components, precision } of [heat, wind, drift]) {
      const frames = Array.from({ length: 9 }, (_, at) => frameAt(10 + at * 10).fields.get(name)!);
      const most = Math.max(...frames.map(({ count }) => count));
      const numbers = frames.flatMap(({ values }) => [...values].filter(Number.isFinite));
      const { positions, ...line } = lines.find((one) => one.name === name)!;
      assert.deepEqual(line, {
        name,
        shape: [9, most, ...components],
        dtype: precision.type,
        frames: 9,
        finite: numbers.length,
        sum: numbers.reduce((sum, one) => sum + one, 0),
        last: numbers.at(-1),
        counts: frames.map(({ count }) => count),
      });
      assert.equal(positions !== undefined, name === 'drift');
    }
  },
);
