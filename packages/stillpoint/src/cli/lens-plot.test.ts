import type { LensField, LensFrame } from '@stillpoint/sim';
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { placeLenses, problem, sphereField, type LensPlace } from './testing/lens-place.ts';
import type { Ran } from './testing/run.ts';

const heat = sphereField('heat', 18, 36);
const wind: LensField = {
  name: 'wind',
  unit: 'm/s',
  components: [2],
  topology: { kind: 'grid', rows: 2, columns: 4 },
  reconstruction: 'nearest',
  precision: { type: 'float64' },
};

/** Heat is latitude and tick, NaN around the north pole; wind is (column, row) times the tick. */
function frameAt(tick: number): LensFrame {
  const rings = Float64Array.from({ length: 648 }, (_, at) =>
    at >= 612 ? Number.NaN : Math.floor(at / 36) * 10 - 85 + tick,
  );
  const winds = Float64Array.from({ length: 16 }, (_, at) =>
    at % 2 === 0 ? (Math.floor(at / 2) % 4) * tick : Math.floor(at / 8) * tick,
  );
  return {
    tick,
    simTimeSeconds: tick / 2,
    fields: new Map([
      ['heat', { count: 648, values: rings, positions: null }],
      ['wind', { count: 8, values: winds, positions: null }],
    ]),
  };
}

const placeOf = (t: TestContext): Promise<LensPlace> =>
  placeLenses(t, { runs: ['one'], fields: [heat, wind], frameAt });

// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- each test says what it reads
function document<T>(ran: Ran): T {
  assert.equal(ran.status, 0, ran.stderr);
  return JSON.parse(ran.stdout) as T;
}

test('plot writes a picture, and says which frame it shows', async (t) => {
  const { run, cwd } = await placeOf(t);
  const map = await run('lens plot heat --tick 104 -o map.png');
  assert.equal(map.status, 0, map.stderr);
  assert.equal(map.stderr, 'warning: Tick 104 was not captured: this is the nearest, tick 100.\n');
  assert.match(map.stdout, /^Drew heat, tick 100, into map\.png: \d+x\d+, [\d.]+ kB\.\n$/);
  assert.equal(readFileSync(path.join(cwd, 'map.png')).toString('latin1', 1, 4), 'PNG');
  const again = await run('lens plot heat --tick 104 -o map.png --json');
  assert.deepEqual([again.status, problem(again)], [2, 'LENS_PLOT_EXISTS']);
  const json = document<Record<string, unknown>>(
    await run('lens plot wind --component 1 --range 0:50 --size 500x400 -o wind.png --json'),
  );
  assert.deepEqual(
    [
      json['file'],
      json['label'],
      json['unit'],
      json['range'],
      json['width'],
      json['height'],
      json['clamped'],
    ],
    [path.join(cwd, 'wind.png'), 'wind[1]', 'm/s', [0, 50], 500, 400, { below: 0, above: 4 }],
  );
  assert.deepEqual(json['frames'], {
    count: 1,
    first: { tick: 250, timeSeconds: 125 },
    last: { tick: 250, timeSeconds: 125 },
  });
  const globe = await run(
    'lens plot heat --time 51 --projection sphere --centre 10,40 -o globe.png',
  );
  assert.match(globe.stderr, /Nothing was captured at 51 s: this is the nearest, 50 s, tick 100/);
  assert.deepEqual(readdirSync(cwd).toSorted(), ['globe.png', 'lens', 'map.png', 'wind.png']);
});

test('plot writes lines and animations', async (t) => {
  const { run, cwd } = await placeOf(t);
  const series = document<Record<string, unknown>>(
    await run('lens plot heat --series --position 0,0 --position 12,-30 -o lines.png --json'),
  );
  assert.deepEqual(
    [series['type'], (series['frames'] as { count: number }).count],
    ['image/png', 25],
  );
  const gif = await run(
    'lens plot heat --animate --ticks 10:100:3 --fps 5 --size 300x240 -o spin.gif',
    { columns: 80 },
  );
  assert.match(gif.stdout, /^Drew heat, 4 frames of ticks 10 to 100, into .*spin\.gif/);
  assert.match(gif.stderr, /draw: frame 4 of 4/);
  assert.equal(readFileSync(path.join(cwd, 'spin.gif')).toString('latin1', 0, 6), 'GIF89a');
  const apng = await run('lens plot wind --animate --ticks 200: --size 300x240 -o spin.png');
  assert.equal(apng.status, 0, apng.stderr);
  assert.ok(readFileSync(path.join(cwd, 'spin.png')).includes('acTL'));
});

test('without a file the map is drawn into the terminal: signs where there are no colours', async (t) => {
  const { run } = await placeOf(t);
  const plain = await run('lens plot wind --tick 10 --component 0', {
    environment: { NO_COLOR: '1' },
    columns: 42,
  });
  assert.equal(plain.status, 0, plain.stderr);
  assert.deepEqual(plain.stdout.split('\n'), [
    'wind[0] (m/s)',
    'run one · tick 10 · 5 s',
    '       2 ........========########@@@@@@@@',
    ...Array.from({ length: 6 }, () => '         ........========########@@@@@@@@'),
    '       0 ........========########@@@@@@@@',
    '         0              2               4',
    '',
    '         ....:::----===++++***####%%%@@@@',
    '         0              15             30',
    '',
  ]);
  const piped = await run('lens plot heat --tick 10');
  assert.match(piped.stdout, /^ {6}90 \?{70}$/m);
  assert.match(piped.stdout, /^ {5}-90 \.{70}$/m);
  assert.match(piped.stdout, /\? no value\n$/);
  assert.ok(!piped.stdout.includes('\u001b'));
});

test('in a terminal with colours two pixels are in a character', async (t) => {
  const { run } = await placeOf(t);
  const esc = '\u001b[';
  const truly = await run('lens plot wind --tick 10 --component 1', {
    columns: 42,
    environment: { COLORTERM: 'truecolor' },
  });
  const lines = truly.stdout.split('\n').slice(2);
  // Above the last colour, below the first; in the middle line one of each.
  assert.ok(lines[0]!.includes(`${esc}38;2;253;231;37m${esc}48;2;253;231;37m▀`), lines[0]);
  assert.ok(lines[7]!.includes(`${esc}38;2;68;1;84m${esc}48;2;68;1;84m▀`), lines[7]);
  assert.equal(lines[0]!.split('▀').length - 1, 32);
  const few = await run('lens plot wind --tick 10 --component 1', { columns: 42 });
  assert.match(few.stdout, /\[38;5;\d+m.\[48;5;\d+m▀/);
  const globe = await run('lens plot heat --tick 10 --projection sphere', { columns: 42 });
  assert.match(globe.stdout, /▄/);
  assert.match(globe.stdout, /no value/);
});

test('the numbers of what a terminal shows are JSON', async (t) => {
  const { run } = await placeOf(t);
  const map = document<{
    rows: (number | null)[][];
    extent: unknown;
    range: unknown;
    runId: string;
  }>(await run('lens plot heat --tick 10 --json'));
  assert.deepEqual([map.runId, map.rows.length, map.rows[0]!.length], ['one', 18, 70]);
  assert.equal(map.rows[0]![0], null);
  assert.ok(Math.abs(map.rows.at(-1)![7]! + 75) < 2);
  assert.deepEqual(map.extent, { x: [-180, 180], y: [-90, 90] });
  assert.deepEqual(map.range, [-75, 85]);
  const series = document<{ lines: Record<string, unknown>[] }>(
    await run('lens plot heat --series --position 0,0 --ticks 10:30 --json'),
  );
  const [line] = series.lines;
  assert.deepEqual(
    [line!['name'], line!['ticks'], line!['timesSeconds']],
    ['0° 0°', [10, 20, 30], [5, 10, 15]],
  );
  assert.deepEqual(
    (line!['values'] as number[]).map((value) => value.toFixed(6)),
    ['10.000000', '20.000000', '30.000000'],
  );
});

test('lines are bars in a terminal, and one line is a chart', async (t) => {
  const { run } = await placeOf(t);
  const bars = await run('lens plot heat --series --stat min,max --ticks 10:80', {
    columns: 80,
    environment: { NO_COLOR: '1' },
  });
  assert.deepEqual(bars.stdout.split('\n'), [
    'heat (K)',
    'run one · ticks 10 to 80 · 5 s to 40 s · 8 frames',
    'LINE            MIN  MAX  LAST',
    'min   ▁▂▃▄▅▆▇█  -75   -5    -5',
    'max   ▁▂▃▄▅▆▇█   85  155   155',
    '',
  ]);
  const chart = await run('lens plot heat --series --position 0,0', {
    columns: 60,
    environment: { NO_COLOR: '1' },
  });
  assert.match(chart.stdout, /^ {6}250 ┐ +⣀?.*[\u2801-\u28ff]$/m);
  assert.match(chart.stdout, /^ {7}10 ┘[\u2801-\u28ff]/m);
  assert.match(chart.stdout, /^0° 0° +10 +250 +250$/m);
});

test('plot refuses what makes no sense, and leaves nothing', async (t) => {
  const { run, cwd } = await placeOf(t);
  for (const args of [
    '--tick x',
    '--tick 1 --time 2',
    '--ticks 1:2',
    '--exact',
    '--time 1:2',
    '--position 0,0',
    '--stat mean',
    '--fps 3',
    '--animate',
    '--animate --series -o a.png',
    '--animate --tick 1 -o a.png',
    '--animate --fps 0 -o a.png',
    '--series --position 0,0 --stat mean',
    '--series --stat most',
    '--series --colours magma',
    '--series --range 0:1',
    '--component -1',
    '--colours rainbow',
    '--range 2:1',
    '--range 1',
    '--projection mercator',
    '--centre 0,91',
    '--centre 1',
    '--axes x,x',
    '--axes u,v',
    '--size 3',
  ])
    assert.equal((await run(`lens plot heat ${args}`)).status, 2, args);
  for (const [args, status, code] of [
    ['mood', 2, 'LENS_FIELD_UNKNOWN'],
    ['heat --component 1', 2, 'LENS_PLOT_COMPONENT'],
    ['heat --run two', 10, 'LENS_MISSING'],
    ['heat --tick 15 --exact', 1, 'LENS_TICK_MISSING'],
    ['heat --axes x,z', 2, 'LENS_PLOT_UNFIT'],
    ['heat --size 20x20 -o a.png', 2, 'LENS_PLOT_UNFIT'],
    ['wind --projection sphere', 2, 'LENS_PLOT_UNFIT'],
    ['heat -o a.jpg', 2, 'LENS_PLOT_NAME'],
    ['heat -o a.gif', 2, 'LENS_PLOT_NAME'],
    ['heat -o absent/a.png', 1, 'LENS_PLOT_UNWRITABLE'],
    ['heat --animate --ticks 10:15 -o a.png', 2, 'LENS_PLOT_NO_FRAMES'],
    ['heat --series --ticks 999: -o a.png', 2, 'LENS_PLOT_NO_FRAMES'],
    ['wind --series --position 9,9', 2, 'LENS_POSITION_OUTSIDE'],
  ] as const) {
    const ran = await run(`lens plot ${args} --json`);
    assert.deepEqual([ran.status, problem(ran)], [status, code], args);
  }
  assert.deepEqual(readdirSync(cwd), ['lens']);
});

test('of a damaged lens the rest is drawn, and what is missing is told', async (t) => {
  const { run, cwd } = await placeOf(t);
  const file = path.join(cwd, 'lens/one/lens_snapshot_0000000100-0000000200.lens');
  const bytes = readFileSync(file);
  bytes[Math.floor(bytes.length / 4)]! ^= 1;
  writeFileSync(file, bytes);
  const series = await run('lens plot heat --series --stat mean -o lines.png');
  assert.equal(series.status, 13);
  assert.match(series.stderr, /0000000100-0000000200\.lens is damaged[\s\S]*LENS_SOME_DAMAGED/);
  assert.ok(existsSync(path.join(cwd, 'lines.png')));
});
