import { openRecorder, type LensField, type LensFrame } from '@stillpoint/sim';
import assert from 'node:assert/strict';
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { placeLenses, problem, sphereField, type LensPlace } from './testing/lens-place.ts';
import type { Ran } from './testing/run.ts';

const heat = sphereField('heat', 18, 36);
const wind: LensField = {
  name: 'wind',
  unit: 'm/s',
  components: [2],
  topology: {
    kind: 'grid',
    rows: 2,
    columns: 3,
    extent: [
      [0, 3],
      [0, 2],
    ],
  },
  reconstruction: 'linear',
  precision: { type: 'float32' },
};

/** Heat is latitude and tick; wind counts up, NaN and infinite at its first. */
function frameAt(tick: number, more: number): LensFrame {
  const rings = Float64Array.from({ length: 648 }, (_, at) => Math.floor(at / 36) * 10 - 85 + tick);
  const counted = Float32Array.from({ length: 12 }, (_, at) => at + more);
  counted.set([Number.NaN, -Infinity]);
  return {
    tick,
    simTimeSeconds: tick / 2,
    fields: new Map([
      ['heat', { count: 648, values: rings, positions: null }],
      ['wind', { count: 6, values: counted, positions: null }],
    ]),
  };
}

/** Runs `one` and `two` with frames 10 to 250, in chunks of a hundred ticks. */
const placeOf = (t: TestContext): Promise<LensPlace> =>
  placeLenses(t, {
    runs: ['one', 'two'],
    fields: [heat, wind],
    frameAt: (tick, run) => frameAt(tick, run === 'two' && tick > 200 ? 1 : 0),
  });

// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- each test says what it reads
function document<T>(ran: Ran): T {
  assert.equal(ran.status, 0, ran.stderr);
  return JSON.parse(ran.stdout) as T;
}

test('query answers a tick, and says which frame it used where that was not captured', async (t) => {
  const { run } = await placeOf(t);
  const there = await run('lens query heat --tick 100 --position 0,0,1 --position 12,34');
  assert.equal(there.status, 0, there.stderr);
  assert.equal(there.stderr, '');
  assert.match(there.stdout, /^TICK {2}TIME {2}LONGITUDE {2}LATITUDE {2}VALUE\n/);
  assert.match(there.stdout, /^ 100 +50 +0 +90 +185$/m);
  assert.match(there.stdout, /^ 100 +50 +12 +34 +134$/m);
  const near = await run('lens query heat --tick 104 --stat min,max');
  assert.equal(near.stderr, 'warning: Tick 104 was not captured: this is the nearest, tick 100.\n');
  assert.match(near.stdout, /^ 100 +50 +max +185$/m);
  const exact = await run('lens query heat --tick 104 --exact --json');
  assert.deepEqual([exact.status, problem(exact)], [1, 'LENS_TICK_MISSING']);
  const time = await run('lens query heat --time 51 --stat mean');
  assert.match(time.stderr, /Nothing was captured at 51 s: this is the nearest, 50 s, tick 100/);
  const none = await run('lens query heat --ticks 101:102 --stat mean');
  assert.deepEqual([none.status, none.stdout], [0, '']);
  assert.match(none.stderr, /No frame was captured there/);
});

test('query of many frames: comma-separated values and JSON have every digit, and what is no number', async (t) => {
  const { run } = await placeOf(t);
  const csv = await run('lens query wind --ticks 10:50:2 --region 0:1,0:2 --csv');
  assert.deepEqual(csv.stdout.trimEnd().split('\n'), [
    'tick,time,sample,x,y,value_0,value_1',
    ...[10, 30, 50].flatMap((tick) => [
      `${tick},${tick / 2},0,0.5,0.5,NaN,-Infinity`,
      `${tick},${tick / 2},3,0.5,1.5,6,7`,
    ]),
  ]);
  const table = await run('lens query wind --tick 10 --region 0:1,0:1');
  assert.match(table.stdout, /–/);
  const json = document<{ runId: string; frames: Record<string, unknown>[]; damaged: unknown[] }>(
    await run('lens query wind --ticks 10:20 --region 0:1,0:2 --run one --json'),
  );
  assert.equal(json.runId, 'one');
  assert.deepEqual(json.frames, [
    {
      tick: 10,
      timeSeconds: 5,
      samples: [0, 3],
      positions: [
        [0.5, 0.5, 0],
        [0.5, 1.5, 0],
      ],
      values: [
        [null, '-Infinity'],
        [6, 7],
      ],
    },
    {
      tick: 20,
      timeSeconds: 10,
      values: [
        [null, '-Infinity'],
        [6, 7],
      ],
    },
  ]);
  const stat = document<{ frames: unknown[] }>(
    await run('lens query wind --time 0:5 --stat count,missing --json'),
  );
  assert.deepEqual(stat.frames, [{ tick: 10, timeSeconds: 5, count: [5, 6], missing: [1, 0] }]);
  const along = await run('lens query heat --tick 10 --along 0,0:0,90:3 --csv');
  const values = along.stdout.trimEnd().split('\n').slice(1);
  assert.deepEqual(
    values.map((line) => Math.round(Number(line.split(',').at(-1)) * 1e6) / 1e6),
    [10, 55, 95],
  );
});

test('query refuses what makes no sense, and what is not there', async (t) => {
  const { run } = await placeOf(t);
  for (const args of [
    '',
    '--tick 1 --ticks 1:2',
    '--ticks 2:1',
    '--ticks 1',
    '--tick -1',
    '--time x',
    '--time 2:1',
    '--ticks 1:2 --exact',
    '--tick 1 --position 1',
    '--tick 1 --position 1,2 --region 0:1,0:1',
    '--tick 1 --region 0:1',
    '--tick 1 --stat most',
    '--tick 1 --stat p101',
    '--tick 1 --along 0,0:1,1',
    '--tick 1 --method linear',
    '--tick 1 --method cubic --position 0,0',
    '--tick 1 --csv --json',
  ]) {
    const ran = await run(`lens query heat ${args}`.trim());
    assert.equal(ran.status, 2, args);
    assert.match(ran.stderr, /stillpoint lens query --help shows how it is used/);
  }
  for (const [args, status, code] of [
    ['mood --tick 1', 2, 'LENS_FIELD_UNKNOWN'],
    ['heat --tick 1 --run three', 10, 'LENS_MISSING'],
    ['heat --tick 1 --lens-dir absent', 10, 'LENS_MISSING'],
    ['wind --tick 1 --position 4,0', 2, 'LENS_POSITION_OUTSIDE'],
    ['heat --tick 1 --position 200,95', 2, 'LENS_LATITUDE_INVALID'],
    ['heat --tick 1 --along 0,0:0,91:5', 2, 'LENS_LATITUDE_INVALID'],
    ['heat --tick 1 --region 0:90,-95:0', 2, 'LENS_LATITUDE_INVALID'],
  ] as const) {
    const ran = await run(`lens query ${args} --json`);
    assert.deepEqual([ran.status, problem(ran)], [status, code], args);
  }
});

test('info lists runs, and shows what one holds', async (t) => {
  const { run } = await placeOf(t);
  const runs = await run('lens info');
  assert.match(runs.stdout, /^one +at rest +3 +0–300 /m);
  assert.match(runs.stdout, /^two +latest +at rest/m);
  const one = await run('lens info lens/one');
  assert.match(one.stdout, /^one\n/);
  assert.match(one.stdout, /frames +25, every 10 ticks/);
  assert.match(one.stdout, /^wind +m\/s +2 +grid 2×3 over 0:3,0:2 +linear +float32$/m);
  const info = document<{ frames: number }>(await run('lens info --run one --json'));
  assert.equal(info.frames, 25);
  assert.equal((await run('lens info absent --json')).status, 10);
});

test('verify names what is damaged, query reads the rest and says what it left out', async (t) => {
  const { run, cwd } = await placeOf(t);
  const whole = await run('lens verify');
  assert.equal(whole.stdout.match(/ whole /g)?.length, 6);
  const file = path.join(cwd, 'lens/one/lens_snapshot_0000000100-0000000200.lens');
  const bytes = readFileSync(file);
  bytes[Math.floor(bytes.length / 4)]! ^= 1;
  writeFileSync(file, bytes);
  const damaged = await run('lens verify lens/one');
  assert.equal(damaged.status, 13);
  assert.match(damaged.stdout, /0000000100-0000000200\.lens {2}damaged/);
  assert.match(damaged.stderr, /LENS_SOME_DAMAGED/);
  const query = await run('lens query heat --ticks : --stat mean --csv --run one');
  assert.equal(query.status, 13);
  assert.equal(query.stdout.trimEnd().split('\n').length, 1 + 25 - 10);
  assert.match(query.stderr, /0000000100-0000000200\.lens is damaged/);
  const json = await run('lens query heat --ticks : --stat mean --json --run one');
  assert.equal((JSON.parse(json.stdout) as { damaged: unknown[] }).damaged.length, 1);
});

test('diff says what differs, and its status only when asked', async (t) => {
  const { run } = await placeOf(t);
  const diff = await run('lens diff one two');
  assert.equal(diff.status, 0, diff.stderr);
  assert.match(diff.stdout, /^one → two\n/);
  assert.match(diff.stdout, /^wind +50 +5 +210 +1$/m);
  assert.match(diff.stdout, /Equal: 1 field in 25 frames/);
  assert.equal((await run('lens diff one two --exit-code')).status, 1);
  assert.equal((await run('lens diff one lens/one --exit-code')).status, 0);
});

test('compact makes one file of many', async (t) => {
  const { run, cwd } = await placeOf(t);
  const done = await run('lens compact');
  assert.match(done.stdout, /^one: 3 chunks became 1, /m);
  assert.deepEqual(readdirSync(path.join(cwd, 'lens/one')), [
    'lens_snapshot_0000000000-0000000300.lens',
    'manifest.json',
  ]);
  const recorder = await openRecorder({
    directory: path.join(cwd, 'lens/one'),
    runId: 'one',
    world: 'terra',
    fields: [heat, wind],
    chunkTicks: 100,
    resumedTick: 250,
  });
  const others = await run('lens compact');
  assert.match(others.stderr, /The run one in .* is being written .* It was left as it is/);
  const busy = await run('lens compact --run one --json');
  assert.deepEqual([busy.status, problem(busy)], [11, 'RUN_BUSY']);
  await recorder.close();
});

test('prune and clear show, ask, and delete what was shown', async (t) => {
  const { run, cwd } = await placeOf(t);
  const left = (): readonly number[] =>
    ['one', 'two'].map((runId) => readdirSync(path.join(cwd, 'lens', runId)).length - 1);
  const dry = await run('lens prune --keep-chunks 2 --dry-run');
  assert.match(dry.stdout, /^Deleting 2 chunks of 2 runs, /);
  assert.match(dry.stdout, /one {2}1 chunk, ticks 0 to 99, .*; 2 stay/);
  const alone = await run('lens prune --keep-chunks 2 --json');
  assert.deepEqual([alone.status, problem(alone)], [2, 'LENS_PRUNE_NEEDS_YES']);
  assert.match((await run('lens clear', { answer: 'n' })).stderr, /NOT_CONFIRMED/);
  assert.deepEqual(left(), [3, 3]);
  const done = await run('lens prune --before 200 --run one', { answer: 'y' });
  assert.match(done.stdout, /^Deleted 2 chunks of 1 run, .* freed\.$/m);
  assert.deepEqual(left(), [1, 3]);
  for (const args of ['prune', 'prune --keep-chunks 1 --before 2', 'prune --keep-chunks 0'])
    assert.equal((await run(`lens ${args}`)).status, 2, args);
  const cleared = document<{ gone: unknown[] }[]>(await run('lens clear --yes --json'));
  assert.deepEqual(
    cleared.map(({ gone }) => gone.length),
    [1, 3],
  );
  assert.deepEqual(readdirSync(path.join(cwd, 'lens')), []);
  assert.equal((await run('lens clear --yes')).stdout, 'Nothing is to be deleted.\n');
});

test('a lens behind a server is queried by ranges', async (t) => {
  const { run, cwd } = await placeOf(t);
  const server = createServer((request, response) => {
    const bytes = readFileSync(path.join(cwd, 'lens', request.url ?? ''));
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
    response.writeHead(from === undefined ? 200 : 206, {
      'content-length': from === undefined ? bytes.length : Number(to) - Number(from) + 1,
      ...(from !== undefined && { 'content-range': `bytes ${from}-${to}/${bytes.length}` }),
    });
    response.end(
      request.method === 'HEAD'
        ? undefined
        : bytes.subarray(Number(from ?? 0), Number(to ?? bytes.length) + 1),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const ran = await run(
    `lens query heat --lens-dir ${address} --run one --tick 150 --stat max --csv`,
  );
  assert.equal(ran.stdout, 'tick,time,statistic,value\n150,75,max,235\n', ran.stderr);
  assert.match((await run(`lens info ${address}/two`)).stdout, /frames +25/);
});

test('a run that is named comes before a directory of that name here, for every command; ./NAME is the directory', async (t) => {
  const { run, cwd } = await placeOf(t);
  cpSync(path.join(cwd, 'lens', 'two'), path.join(cwd, 'one', 'two'), { recursive: true });
  const runOf = async (args: string): Promise<string> =>
    document<{ runId: string }>(await run(`${args} --json`)).runId;
  assert.equal(await runOf('lens info one'), 'one');
  assert.equal(await runOf('lens info one/two'), 'two');
  const listed = document<{ runId: string }[]>(await run('lens info ./one --json'));
  assert.deepEqual(
    listed.map(({ runId }) => runId),
    ['two'],
  );
  assert.equal(await runOf('lens info one --run two'), 'two');
  const placesOf = async (args: string): Promise<readonly string[]> => {
    const verified = document<{ lens: string }[]>(await run(`lens verify ${args} --json`));
    return [...new Set(verified.map(({ lens }) => path.relative(cwd, lens)))];
  };
  assert.deepEqual(await placesOf('one'), ['lens/one']);
  assert.deepEqual(await placesOf('./one'), ['one/two']);
  for (const [given, runs] of [
    ['one', ['one']],
    ['./one', ['two']],
  ] as const) {
    const exported = await run(`lens export ${given} -o ${runs[0]}.csv --fields heat --json`);
    assert.deepEqual(document<{ runs: string[] }>(exported).runs, runs);
  }
});

test('a zip of somebody else, and what is no zip at all, are said to be foreign', async (t) => {
  const { run, cwd } = await placeOf(t);
  const name = 'lens_snapshot_0000000000-0000000100.lens';
  // The smallest zip there is: no entries.
  const empty = Buffer.concat([Buffer.from('PK\u0005\u0006', 'latin1'), Buffer.alloc(18)]);
  for (const bytes of [empty, Buffer.from('no zip, but some text that is long enough')]) {
    writeFileSync(path.join(cwd, name), bytes);
    const query = await run(`lens query heat --lens-dir ${name} --tick 1`);
    assert.equal(query.status, 1);
    assert.match(query.stderr, /0000000100\.lens is no file of a lens: it /);
    assert.match(query.stderr, /LENS_FOREIGN/);
    const verify = await run(`lens verify ${name}`);
    assert.match(verify.stderr, /LENS_SOME_DAMAGED[^]*is no file of a lens: [^.]*\.\n/);
  }
  const ours = 'lens/one/lens_snapshot_0000000100-0000000200.lens';
  assert.match((await run(`lens info ${ours}`)).stdout, /frames +10,/);
  assert.match((await run(`lens verify ${ours}`)).stdout, /whole/);
  writeFileSync(path.join(cwd, 'other.zip'), empty);
  assert.equal(problem(await run('lens info other.zip --json')), 'LENS_EMPTY');
});
