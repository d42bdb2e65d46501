// How much memory the command takes of a lens of a gigabyte, whatever is asked: less than 300 MB, and little more where one frame alone has
// 32 MB. A long suite: it takes minutes.
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import {
  heatAt,
  LARGE_LENSES,
  writeLargeLens,
  type LargeLens,
} from '../packages/sim/src/lens/testing/large-lens.ts';
import { temporaryDirectory } from '../packages/sim/src/lens/testing/small-lens.ts';
import { measured, type Measured } from './fixture/measured-command.ts';

const MOST_MB = 300;
/** Of frames with a million samples. Each is there three times: as it is packed, unpacked, and as it is handed over. */
const MOST_MB_LONG = 350;
const FORMATS = ['parquet', 'hdf5', 'zarr', 'arrow', 'csv'] as const;

interface Question {
  readonly args: readonly string[];
  readonly holds?: (answer: Measured) => void;
}

function questionsOf({ rings, frames }: LargeLens): readonly Question[] {
  const samples = rings * rings;
  const last = samples - 1;
  const rowOf = ({ stdout }: Measured): Record<string, number> =>
    (JSON.parse(stdout) as { readonly rows: readonly Record<string, number>[] }).rows.at(-1)!;
  const sql = (statement: string, expected: Record<string, number>): Question => ({
    args: ['lens', 'sql', statement, '--json'],
    holds: (answer) => {
      const row = rowOf(answer);
      for (const [name, value] of Object.entries(expected))
        assert.ok(Math.abs(row[name]! - value) < 1e-6, `${name} is ${row[name]}, not ${value}`);
    },
  });
  return [
    ...FORMATS.map((format) => ({
      args: ['lens', 'export', 'lens/large', '--format', format, '--output', `out.${format}`],
    })),
    { args: ['lens', 'query', 'wind', '--tick', String(frames), '--stat', 'mean,max,p95'] },
    { args: ['lens', 'query', 'heat', '--ticks', `1:${frames}`, '--position', '10,20', '--json'] },
    sql('select count(*) as n, max(value) as most from heat where sample = 1100', {
      n: frames,
      most: heatAt(frames, 1100),
    }),
    sql('select count(*) as n, min(value_0) as least from wind', { n: frames * samples, least: 0 }),
    sql('select tick, max(sample) as most from heat group by tick order by tick', {
      tick: frames,
      most: last,
    }),
  ];
}

describe(
  'a gigabyte of frames is exported, queried and selected from in little memory',
  {
    skip: process.env['STILLPOINT_SOAK'] === undefined && 'a long suite: npm run test:soak',
  },
  () => {
    for (const lens of LARGE_LENSES)
      test(lens.name, async (t) => {
        const cwd = temporaryDirectory(t);
        await writeLargeLens(path.join(cwd, 'lens'), lens);
        const mostMB = lens.rings * lens.rings > 100_000 ? MOST_MB_LONG : MOST_MB;
        for (const { args, holds } of questionsOf(lens)) {
          const answer = await measured(args, cwd);
          assert.equal(answer.status, 0, answer.stderr);
          const megabytes = Math.round(answer.peakBytes / 1e6);
          t.diagnostic(`${megabytes} MB: ${args.join(' ')}`);
          assert.ok(megabytes < mostMB, `${args.join(' ')} took ${megabytes} MB`);
          holds?.(answer);
          const output = args[args.indexOf('--output') + 1];
          if (args.includes('--output')) rmSync(path.join(cwd, output!), { recursive: true });
        }
      });
  },
);
