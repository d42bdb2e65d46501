import { openRecorder } from '@stillpoint/sim';
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { problem, sphereField } from './testing/lens-place.ts';
import { inProcess, type Ran } from './testing/run.ts';

const heat = sphereField('heat', 36, 72);

/** Frames 10, 20, …: the latitude of each ring, and the tick. */
async function writeLens(cwd: string, runId: string, to: number): Promise<void> {
  const directory = path.join(cwd, 'lens', runId);
  const options = { directory, runId, world: 'terra', fields: [heat], chunkTicks: 100 };
  const recorder = await openRecorder(options);
  for (let tick = 10; tick <= to; tick += 10) {
    const values = Float64Array.from(
      { length: 2592 },
      (_, at) => Math.floor(at / 72) * 5 - 87.5 + tick,
    );
    const fields = new Map([['heat', { count: 2592, values, positions: null }]]);
    await recorder.append({ tick, simTimeSeconds: tick * 60, fields });
  }
  await recorder.close();
}

/** `two` is the latest. */
async function placeOf(t: TestContext) {
  const cwd = mkdtempSync(path.join(tmpdir(), 'stillpoint-sql-test-'));
  t.after(() => rm(cwd, { recursive: true, force: true }));
  await writeLens(cwd, 'one', 90);
  await writeLens(cwd, 'two', 190);
  const run = async (...args: readonly string[]): Promise<Ran> =>
    await inProcess(['lens', 'sql', ...args], { cwd });
  return { cwd, run };
}

test('lens sql answers as a table, as comma-separated values and as JSON', async (t) => {
  const { run } = await placeOf(t);
  const statement = `select tick, max(value) as most, 'a,b' as text, null as nothing from heat where tick < 30 group by tick order by tick`;
  const table = await run(statement);
  assert.equal(table.stderr, '');
  assert.equal(table.stdout, 'TICK   MOST  TEXT  NOTHING\n  10   97.5  a,b\n  20  107.5  a,b\n');
  const csv = await run(statement, '--csv');
  assert.equal(csv.stdout, 'tick,most,text,nothing\n10,97.5,"a,b",\n20,107.5,"a,b",\n');
  const json = await run(
    `select 9007199254740993 as big, 7::bigint as small, 'nan'::double as none, 'inf'::double as endless, [1] as list, date '2026-01-02' as day, 'a'::blob as bytes, 1 as x, 2 as x`,
    '--json',
  );
  const { rows, columns } = JSON.parse(json.stdout) as { rows: object[]; columns: object[] };
  assert.equal(columns.length, 9);
  assert.deepEqual(rows, [
    {
      big: '9007199254740993',
      small: 7,
      none: null,
      endless: 'Infinity',
      list: [1],
      day: '2026-01-02',
      bytes: 'YQ==',
      x: 1,
      'x:1': 2,
    },
  ]);
  const none = await run('from heat where tick > 1000');
  assert.deepEqual([none.stdout, none.stderr], ['', 'There are no rows.\n']);
});

test('lens sql takes the latest run, those that are named, or all; and a statement from a file', async (t) => {
  const { run, cwd } = await placeOf(t);
  const counted = 'select count(*) as n from frames';
  assert.equal((await run(counted, '--csv')).stdout, 'n\n19\n');
  assert.equal((await run(counted, '--run', 'one', '--csv')).stdout, 'n\n9\n');
  const perRun = 'select run, count(*) as n from frames group by run order by run';
  const both = 'run,n\none,9\ntwo,19\n';
  assert.equal((await run(perRun, '--all', '--csv')).stdout, both);
  assert.equal((await run(perRun, '--run', 'two', '--run', 'one', '--csv')).stdout, both);
  writeFileSync(path.join(cwd, 'q.sql'), `-- how many\n${counted};\n`);
  assert.equal((await run('--file', 'q.sql', '--csv')).stdout, 'n\n19\n');
});

test('with --all every table has a column run, also where there is just one', async (t) => {
  const { run, cwd } = await placeOf(t);
  const columns = async (...args: readonly string[]): Promise<readonly string[]> => {
    const ran = await run(...args, '--csv');
    assert.equal(ran.status, 0, ran.stderr);
    return ran.stdout.split('\n')[0]!.split(',');
  };
  const asked = ['from frames limit 1', 'from heat limit 1', 'from fields', 'from dropped'];
  const ofBoth: (readonly string[])[] = [];
  for (const one of asked) ofBoth.push(await columns(one, '--all'));
  rmSync(path.join(cwd, 'lens', 'two'), { recursive: true });
  for (const [at, one] of asked.entries()) {
    assert.deepEqual(await columns(one, '--all'), ofBoth[at]);
    assert.deepEqual(await columns(one), ofBoth[at]!.slice(1));
  }
  assert.equal((await run('select distinct run from heat', '--all', '--csv')).stdout, 'run\none\n');
  assert.equal(
    (await run(`select count(*) as n from heat where run = 'two'`, '--all', '--csv')).stdout,
    'n\n0\n',
  );
});

test('lens sql says what is wrong, and leaves nothing behind', async (t) => {
  const { run, cwd } = await placeOf(t);
  const wrong = await run('select nope from heat');
  assert.equal(wrong.status, 2);
  assert.match(wrong.stderr, /LENS_SQL_REFUSED[^]*"nope" not found[^]*LINE 1: select nope/);
  for (const [args, code] of [
    [['from nothing'], 'LENS_SQL_REFUSED'],
    [[`copy frames to 'x.csv'`], 'LENS_SQL_REFUSED'],
    [['select 1', '--file', 'q.sql'], 'USAGE_INVALID'],
    [[], 'USAGE_INVALID'],
    [['--file', 'nowhere.sql'], 'USAGE_INVALID'],
    [['select 1', '--run', 'green'], 'LENS_MISSING'],
    [['select 1', '--all', '--run', 'one'], 'USAGE_INVALID'],
    [['select 1', '--csv'], 'USAGE_INVALID'],
  ] as const)
    assert.equal(problem(await run(...args, '--json')), code, args.join(' '));
  assert.deepEqual(readdirSync(cwd), ['lens']);
});

test('an interrupt ends a statement that would take for ever', async (t) => {
  const { cwd } = await placeOf(t);
  const abort = new AbortController();
  const statement = 'select count(*) from heat a, heat b, heat c where a.value < b.value + c.value';
  const running = inProcess(['lens', 'sql', statement], { cwd, signal: abort.signal });
  abort.abort(new Error('enough'));
  assert.notEqual((await running).status, 0);
});
