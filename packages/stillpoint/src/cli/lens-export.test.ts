import type { LensField, LensFrame } from '@stillpoint/sim';
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { placeLenses, problem, sphereField, type LensPlace } from './testing/lens-place.ts';

const heat = sphereField('heat', 2, 2);
const wind: LensField = {
  ...heat,
  name: 'wind',
  unit: 'm/s',
  components: [2],
  topology: { kind: 'grid', rows: 1, columns: 2 },
};

function frameAt(tick: number): LensFrame {
  const values = Float64Array.of(tick, Number.NaN, Infinity, 0.1);
  return {
    tick,
    simTimeSeconds: tick / 2,
    fields: new Map([
      ['heat', { count: 4, values, positions: null }],
      ['wind', { count: 2, values, positions: null }],
    ]),
  };
}

/** Runs `one` and `two` with frames 10 to 250 in chunks of a hundred ticks; of the second three were dropped. */
const placeOf = (t: TestContext): Promise<LensPlace> =>
  placeLenses(t, {
    runs: ['one', 'two'],
    fields: [heat, wind],
    frameAt,
    dropped: { two: { ticks: { start: 251, end: 281 }, frames: 3, reason: 'slow' } },
  });

test('export writes the frames of one run, and says what', async (t) => {
  const { cwd, run } = await placeOf(t);
  const done = await run('lens export lens/one -o heat.csv --fields heat --ticks 0:20');
  assert.equal(done.status, 0, done.stderr);
  assert.equal(done.stdout, 'Exported to heat.csv: 1 field, 2 frames, 8 rows, 205 B.\n');
  assert.equal(
    readFileSync(path.join(cwd, 'heat.csv'), 'utf8').split('\n').slice(0, 4).join('\n'),
    'tick,time_seconds,sample,longitude,latitude,heat\n10,5,0,-90,-45,10\n10,5,1,90,-45,NaN\n10,5,2,-90,45,Infinity',
  );
  const json = await run('lens export one -o wind.parquet --fields wind --json');
  const { rows, frames, format, runs } = JSON.parse(json.stdout) as Record<string, unknown>;
  assert.deepEqual([rows, frames, format, runs], [50, 25, 'parquet', ['one']]);
  for (const output of ['all.zarr', 'all.h5 --compress gzip-1'])
    assert.match((await run(`lens export lens/one -o ${output}`)).stdout, /2 fields, 25 frames, /);
});

test('export of a directory of runs says whose each row is, and what had been dropped', async (t) => {
  const { cwd, run } = await placeOf(t);
  const both = await run('lens export lens -o heat.csv --fields heat');
  assert.match(both.stdout, /^Exported to heat\.csv: 2 runs, 1 field, 50 frames, 200 rows, /);
  assert.match(both.stderr, /3 frames had been dropped when the run was captured/);
  const text = readFileSync(path.join(cwd, 'heat.csv'), 'utf8');
  assert.match(text, /^run,tick,/);
  assert.match(text, /^two,250,125,0,-90,-45,250$/m);
  const parts = await run('lens export lens --run one --format parquet -o data');
  assert.match(parts.stdout, /in 6 files\.$/m);
  assert.deepEqual(readdirSync(path.join(cwd, 'data/table=grid-1x2/run=one')), [
    'ticks=0000000000-0000000100',
    'ticks=0000000100-0000000200',
    'ticks=0000000200-0000000300',
  ]);
});

test('export refuses what makes no sense, and leaves what is there', async (t) => {
  const { cwd, run } = await placeOf(t);
  writeFileSync(path.join(cwd, 'mine.csv'), 'mine');
  for (const [args, status, code] of [
    ['-o it.txt', 2, 'USAGE_INVALID'],
    ['-o it.csv --compress gzip-1', 2, 'USAGE_INVALID'],
    ['-o it.h5 --compress gzip-0', 2, 'USAGE_INVALID'],
    ['-o it.csv --ticks 2:1', 2, 'USAGE_INVALID'],
    ['-o it.csv --fields ,', 2, 'USAGE_INVALID'],
    ['-o it.csv', 2, 'LENS_EXPORT_TABLES'],
    ['-o it.zarr --partition', 2, 'LENS_EXPORT_PARTITION'],
    ['-o it.csv --fields mood', 2, 'LENS_FIELD_UNKNOWN'],
    ['-o mine.csv --fields heat', 2, 'LENS_EXPORT_EXISTS'],
    ['-o absent/it.csv --fields heat', 1, 'LENS_EXPORT_REFUSED'],
  ] as const) {
    const ran = await run(`lens export lens/one ${args} --json`);
    assert.deepEqual([ran.status, problem(ran)], [status, code], args);
  }
  assert.equal(problem(await run('lens export absent -o it.csv --json')), 'LENS_MISSING');
  assert.equal(readFileSync(path.join(cwd, 'mine.csv'), 'utf8'), 'mine');
  assert.deepEqual(readdirSync(cwd).toSorted(), ['lens', 'mine.csv']);
});

test('export of what is damaged writes the rest, and its status says so', async (t) => {
  const { cwd, run } = await placeOf(t);
  const file = path.join(cwd, 'lens/one/lens_snapshot_0000000100-0000000200.lens');
  writeFileSync(file, 'cut');
  const ran = await run('lens export lens/one -o heat.csv --fields heat');
  assert.equal(ran.status, 13);
  assert.match(ran.stderr, /LENS_SOME_DAMAGED/);
  assert.match(ran.stdout, /15 frames, 60 rows/);
  assert.ok(existsSync(path.join(cwd, 'heat.csv')));
});
