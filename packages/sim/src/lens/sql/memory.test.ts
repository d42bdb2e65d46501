// How much memory SQL takes over a lens of a gigabyte: its frames are many and short, or few and long.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { heatAt, LARGE_LENSES, writeLargeLens } from '../testing/large-lens.ts';
import { lastLineOf } from '../testing/peak-memory.ts';
import { temporaryDirectory } from '../testing/small-lens.ts';

const soak = process.env['STILLPOINT_SOAK'] !== undefined;
/** Of the sources, in two threads that take their types off: the command as it is built takes 45 MB less, and stays below 300 where it does not write every row. */
const MOST_BYTES = 340 * 1024 * 1024;
const program = fileURLToPath(new URL('testing/sql-process.ts', import.meta.url));

describe(
  'SQL over a gigabyte takes less than 340 MB of memory from its sources',
  { skip: !soak && 'takes minutes: it is one of the long suites' },
  () => {
    for (const lens of LARGE_LENSES)
      test(lens.name, async (t) => {
        const run = await writeLargeLens(temporaryDirectory(t), lens);
        const { frames } = lens;
        const samples = lens.rings * lens.rings;
        // As many rows as one long frame has three times, each on its way out.
        const told = Math.ceil(3_000_000 / samples);
        const statements: readonly (readonly [string, readonly number[]])[] = [
          [
            `select count(*), max(value) from heat where sample = 1100`,
            [frames, heatAt(frames, 1100)],
          ],
          [
            'select count(*), min(value_0), min(value_1), min(value_2) from wind',
            [frames * samples, 0, 0, 0],
          ],
          [
            'select tick, avg(value), min(sample), max(sample) from heat group by tick order by tick',
            [frames, meanOf(frames, samples), 0, samples - 1],
          ],
          [
            `select sample, latitude, value from heat where tick <= ${told}`,
            [samples - 1, 90 - 90 / lens.rings, heatAt(told, samples - 1)],
          ],
        ];
        for (const [statement, expected] of statements) {
          const { last, peakBytes } = (await lastLineOf(program, [run, statement])) as {
            readonly last: readonly number[];
            readonly peakBytes: number;
          };
          t.diagnostic(`${Math.round(peakBytes / 1e6)} MB: ${statement}`);
          assert.equal(last.length, expected.length);
          for (const [at, one] of last.entries())
            assert.ok(Math.abs(one - expected[at]!) < 1e-6, `${one}, not ${expected[at]}`);
          assert.ok(peakBytes < MOST_BYTES, `${statement} took ${peakBytes} bytes`);
        }
      });
  },
);

function meanOf(tick: number, samples: number): number {
  let sum = 0;
  for (let at = 0; at < samples; at += 1) sum += heatAt(tick, at);
  return sum / samples;
}
