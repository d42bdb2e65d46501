// A lens of 10 GB: one tick of it touches less than a hundredth of its bytes, and SQL over some of it reads just that, stays small and says what
// the library says. A long suite: it takes minutes, and 15 GB of disk while it runs.
import assert from 'node:assert/strict';
import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { directoryPlace, openLens, openRecorder } from '@stillpoint/sim';
import { temporaryDirectory, wind } from '../packages/sim/src/lens/testing/small-lens.ts';
import { measured } from './fixture/measured-command.ts';

const SAMPLES = 10_000;
const FRAMES = 131_072;
const CHUNK_TICKS = 26_000;
const MOST_BYTES = 300 * 1024 * 1024;

async function record(directory: string): Promise<void> {
  const field = {
    ...wind,
    name: 'noise',
    components: [],
    topology: { kind: 'grid' as const, rows: 100, columns: 100 },
  };
  const options = {
    directory,
    runId: 'long',
    world: 'x',
    fields: [field],
    chunkTicks: CHUNK_TICKS,
  };
  const recorder = await openRecorder(options);
  const values = new Float64Array(SAMPLES);
  const words = new Uint32Array(values.buffer);
  let state = 1;
  for (let tick = 0; tick < FRAMES; tick += 1) {
    // Between -2 and 2, and all bits but one another each time: it does not pack.
    for (let at = 0; at < words.length; at += 1) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      words[at] = at % 2 === 0 ? state : state & 0xbfff_ffff;
    }
    const fields = new Map([['noise', { count: SAMPLES, values, positions: null }]]);
    await recorder.append({ tick, simTimeSeconds: tick, fields });
  }
  await recorder.close();
}

interface Era {
  readonly era: number;
  readonly numbers: number;
  readonly least: number;
  readonly most: number;
  readonly mean: number;
}

function statementOf(from: number, to: number): string {
  return `select tick // 1000 as era, count(*) as numbers, min(value) as least, max(value) as most, avg(value) as mean
    from noise where tick between ${from} and ${to} group by era order by era`;
}

/** What the library says. */
async function erasOf(directory: string, from: number, to: number): Promise<readonly Era[]> {
  const eras = new Map<number, { numbers: number; least: number; most: number; sum: number }>();
  await using lens = await openLens(directoryPlace(directory));
  for await (const { tick, fields } of lens.each(['noise'], { from, to }, { reuse: true })) {
    const era = Math.floor(tick / 1000);
    const found = eras.get(era) ?? { numbers: 0, least: Infinity, most: -Infinity, sum: 0 };
    eras.set(era, found);
    for (const value of fields.get('noise')!.values) {
      found.numbers += 1;
      found.sum += value;
      if (value < found.least) found.least = value;
      if (value > found.most) found.most = value;
    }
  }
  return [...eras].map(([era, { sum, ...found }]) => ({
    era,
    ...found,
    mean: sum / found.numbers,
  }));
}

function assertSame(found: readonly Era[], expected: readonly Era[]): void {
  const exact = ({ era, numbers, least, most }: Era): readonly number[] => [
    era,
    numbers,
    least,
    most,
  ];
  assert.deepEqual(found.map(exact), expected.map(exact));
  // Ten million numbers, added up in another order.
  for (const [at, { mean }] of found.entries())
    assert.ok(Math.abs(mean - expected[at]!.mean) < 1e-9, `${mean} of era ${at}`);
}

describe(
  'a lens of 10 GB',
  { skip: process.env['STILLPOINT_SOAK'] === undefined && 'a long suite: npm run test:soak' },
  () => {
    test('one tick reads less than 1 % of it, and SQL over some ticks their share, in less than 300 MB', async (t) => {
      const cwd = temporaryDirectory(t);
      const directory = path.join(cwd, 'lens', 'long');
      await record(directory);
      let sizeBytes = 0;
      for (const name of readdirSync(directory)) {
        const { size, blocks } = statSync(path.join(directory, name));
        assert.ok(blocks * 512 >= size * 0.9, 'it is not sparse');
        sizeBytes += size;
      }
      assert.ok(sizeBytes > 9.5e9, `it has ${sizeBytes} bytes`);
      const empty = await measured(['lens', '--help'], cwd);
      const tick = await measured(
        ['lens', 'query', 'noise', '--tick', '77000', '--stat', 'mean'],
        cwd,
      );
      assert.equal(tick.status, 0, tick.stderr);
      // Of the process, its own sources among it; those are taken off by what it reads to show its help.
      const readBytes = tick.readBytes - empty.readBytes;
      t.diagnostic(`one tick: ${readBytes} of ${sizeBytes} bytes, ${tick.peakBytes} in memory`);
      assert.ok(readBytes <= sizeBytes * 0.01);
      const nothing = await measured(['lens', 'sql', 'select 1'], cwd);
      for (const [from, to] of [
        [77_000, 78_999],
        // Of two chunks.
        [103_000, 104_999],
      ] as const) {
        const sql = await measured(['lens', 'sql', statementOf(from, to), '--json'], cwd);
        assert.equal(sql.status, 0, sql.stderr);
        const share = (sql.readBytes - nothing.readBytes) / sizeBytes;
        t.diagnostic(`ticks ${from} to ${to}: ${share} of it, ${sql.peakBytes} in memory`);
        // 2,000 of 131,072 frames, and those that are packed with them.
        assert.ok(share < 0.02, `${share} of the bytes`);
        assert.ok(sql.peakBytes < MOST_BYTES, `${sql.peakBytes} bytes`);
        const { rows } = JSON.parse(sql.stdout) as { readonly rows: readonly Era[] };
        assertSame(rows, await erasOf(directory, from, to));
      }
    });
  },
);
