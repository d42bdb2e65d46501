import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { open } from 'node:fs/promises';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import type { FieldSamples, LensField } from '../contract.ts';
import { directoryPlace, openLens } from '../read/index.ts';
import { openRecorder } from '../record/index.ts';
import { countingPlace } from '../testing/counting-place.ts';
import { drift, heat, temporaryDirectory, wind, writeLens } from '../testing/small-lens.ts';
import type { LensSql, LensSqlOptions, LensSqlRows } from './contract.ts';
import { openLensSql } from './index.ts';

async function rowsOf(sql: LensSql, statement: string): Promise<LensSqlRows> {
  return (await Array.fromAsync(await sql.query(statement))).flat();
}

/** SQL over a small lens, and what was read of it. */
async function sqlOf(t: TestContext, options: LensSqlOptions = {}) {
  const run = await writeLens(temporaryDirectory(t), 'one');
  const counted = countingPlace(directoryPlace(run));
  const lens = await openLens(counted.place);
  const sql = await openLensSql([lens], options);
  t.after(async () => {
    await sql[Symbol.asyncDispose]();
    await lens[Symbol.asyncDispose]();
  });
  return { sql, run, counted, rows: (statement: string) => rowsOf(sql, statement) };
}

test('a field is a table of its samples: time, place, and a column for each component', async (t) => {
  const { rows, sql } = await sqlOf(t);
  assert.deepEqual(
    await rows('select count(*), count(distinct tick), min(value), max(value) from heat'),
    [[BigInt(35 * 36 * 72), 35n, -77.5, 437.5]],
  );
  const { columns } = await sql.query('from heat');
  assert.deepEqual(
    columns.map(({ name, type }) => `${name} ${type}`),
    [
      'tick BIGINT',
      'time_seconds DOUBLE',
      'sample INTEGER',
      'longitude DOUBLE',
      'latitude DOUBLE',
      'value DOUBLE',
    ],
  );
  assert.deepEqual(await rows('from heat where tick = 50 limit 1'), [
    [50n, 3000, 0, -177.5, -87.5, -37.5],
  ]);
  assert.deepEqual(await rows('from "wind/höhe" where tick = 50 and sample = 78'), [
    [50n, 3000, 78, 8.5, 7.5, 425, 375],
  ]);
});

test('all samples of a ring have its latitude, to the last digit, and those of a meridian its longitude', async (t) => {
  const { rows } = await sqlOf(t);
  assert.deepEqual(
    await rows(
      'select latitude, count(*), avg(value) from heat where tick = 10 group by 1 order by 1',
    ),
    Array.from({ length: 36 }, (_, ring) => [ring * 5 - 87.5, 72n, ring * 5 - 77.5]),
  );
  assert.deepEqual(
    await rows('select distinct longitude from heat where tick = 10 order by 1'),
    Array.from({ length: 72 }, (_, column) => [column * 5 - 177.5]),
  );
});

test('points have the positions of their frame, and as many rows as samples', async (t) => {
  const { rows } = await sqlOf(t);
  assert.deepEqual(await rows('from drift where tick between 50 and 60'), [
    [50n, 3000, 0, 1, 2, 3, 50],
    [50n, 3000, 1, 4, 5, 6, 51],
    [60n, 3600, 0, 2, 3, 4, 60],
    [60n, 3600, 1, 5, 6, 7, 61],
    [60n, 3600, 2, 8, 9, 10, Number.NaN],
  ]);
  assert.deepEqual(await rows('select count(*) from drift'), [[71n]]);
});

test('every number of every field is the one that the lens gives', async (t) => {
  const { rows, run } = await sqlOf(t);
  await using lens = await openLens(directoryPlace(run));
  for (const field of [heat, wind, drift]) {
    const sql = await rows(`from "${field.name}"`);
    let at = 0;
    const width = field.components[0] ?? 1;
    for await (const { tick, fields } of lens.each([field.name]))
      for (let sample = 0; sample < fields.get(field.name)!.count; sample += 1) {
        const row = sql[at]!;
        assert.deepEqual([row[0], row[2]], [BigInt(tick), sample]);
        const values = fields.get(field.name)!.values.slice(sample * width, (sample + 1) * width);
        assert.deepEqual(row.slice(-width), [...values]);
        at += 1;
      }
    assert.equal(at, sql.length);
  }
});

test('frames, fields and what was dropped are tables', async (t) => {
  const { rows } = await sqlOf(t);
  assert.deepEqual(await rows('select count(*), min(tick), max(time_seconds) from frames'), [
    [35n, 10n, 21_000],
  ]);
  assert.deepEqual(
    await rows(`select * exclude (reconstruction) from fields where name = 'wind/höhe'`),
    [['wind/höhe', 'wind/höhe', 'm/s', [2], 'grid', 8, 10, 'float64']],
  );
  assert.deepEqual(await rows('from dropped'), []);
});

/** Frames 10 to 10,240, in one chunk of 32 blocks. */
async function longLens(t: TestContext): Promise<string> {
  const directory = path.join(temporaryDirectory(t), 'long');
  const field: LensField = {
    ...wind,
    name: 'sea.level',
    components: [],
    topology: { kind: 'grid', rows: 16, columns: 32 },
  };
  const options = { directory, runId: 'long', world: 'sea', fields: [field], chunkTicks: 50_000 };
  const recorder = await openRecorder(options);
  for (let tick = 10; tick <= 10_240; tick += 10) {
    const values = Float64Array.from({ length: 512 }, (_, at) => Math.sin(at * tick));
    const fields = new Map([[field.name, { count: 512, values, positions: null }]]);
    await recorder.append({ tick, simTimeSeconds: tick / 2, fields });
  }
  await recorder.close();
  return directory;
}

test('a condition on tick or time reads the frames around it, and an answer without values none', async (t) => {
  const place = directoryPlace(await longLens(t));
  const bytesOf = async (statement: string): Promise<number> => {
    const counted = countingPlace(place);
    await using lens = await openLens(counted.place);
    await using sql = await openLensSql([lens]);
    counted.taken();
    await rowsOf(sql, statement);
    return counted.taken().reduce((sum, { bytes }) => sum + bytes, 0);
  };
  assert.equal(await bytesOf('select count(*), max(sample), avg(x) from sea.level'), 0);
  const block = (await bytesOf('select avg(value) from "sea.level"')) / 32;
  for (const condition of [
    'tick = 5000',
    'tick between 5000 and 5010',
    'tick > 10200',
    'time_seconds between 2500 and 2510',
    'tick = 2000 + 3000 and sample = 7',
  ]) {
    const bytes = await bytesOf(`select avg(value) from sea.level where ${condition}`);
    assert.ok(bytes > 0 && bytes < block * 3, `${condition} reads ${bytes / block} blocks`);
  }
  const joined =
    'with a as (from sea.level), b as (from sea.level) select count(*) from a join b using (tick, sample) where a.tick = 5000 and b.value > 0';
  assert.ok((await bytesOf(joined)) < block * 3);
  assert.equal(await bytesOf('select avg(value) from sea.level where tick > 30000'), 0);
});

test('what a condition leaves out is never missed: answers are those of the same statement over all rows', async (t) => {
  await using lens = await openLens(directoryPlace(await longLens(t)));
  await using sql = await openLensSql([lens]);
  for (const statement of [
    'select count(*), sum(value) from sea.level where tick > 30000',
    'select count(*), sum(value) from sea.level where tick in (10, 5000, 10240)',
    'select count(*), sum(value) from sea.level where tick < 30 or tick > 10220',
    'select count(*), sum(value) from sea.level where not (tick between 20 and 10230)',
    'select count(*), min(tick) from sea.level where tick % 4096 = 0',
    'select count(*) from sea.level where tick = (select max(tick) from frames)',
    'select a.tick, b.tick, count(*) from sea.level a, sea.level b where a.tick = 10 and b.tick = 10240 and a.sample = b.sample group by all',
    'select tick, count(*) from sea.level where tick <= 40 group by tick having tick > 20 order by tick desc',
    'select count(*) from sea.level a left join frames f on a.tick = f.tick and f.tick = 5000 where f.tick is null',
    'select tick from sea.level where tick > 10220 union all select tick from sea.level where tick < 30 order by 1 limit 3',
    'select max(tick) filter (tick < 5000), min(tick) from sea.level',
    'select tick, sample from sea.level where time_seconds >= 5119.5 limit 3',
    'select tick, sample, rank() over (order by tick) from sea.level where sample = 3 and tick < 60',
  ]) {
    // Several statements at a time are not planned: everything is read.
    const expected = await rowsOf(sql, `select 1; ${statement}`);
    assert.deepEqual(await rowsOf(sql, statement), expected, statement);
  }
});

test('several runs are told apart, and fields that not all of them have', async (t) => {
  const directory = temporaryDirectory(t);
  const names = ['a', "b'c"];
  const runs = await Promise.all(names.map((name) => writeLens(directory, name, { to: 90 })));
  await using first = await openLens(directoryPlace(runs[0]!));
  const counted = countingPlace(directoryPlace(runs[1]!));
  await using second = await openLens(counted.place);
  await using sql = await openLensSql([first, second]);
  assert.deepEqual(
    await rowsOf(
      sql,
      'select run, count(distinct tick), avg(value) from heat group by run order by run',
    ),
    [
      ['a', 9n, 50],
      ["b'c", 9n, 50],
    ],
  );
  counted.taken();
  assert.deepEqual(await rowsOf(sql, "select count(*) from drift where run = 'a'"), [[18n]]);
  assert.deepEqual(counted.taken(), []);
  assert.deepEqual(await rowsOf(sql, 'select run, count(*) from frames group by run order by 1'), [
    ['a', 9n],
    ["b'c", 9n],
  ]);
});

test('names that DuckDB does not tell apart, or that are lists of ours, are tables all the same', async (t) => {
  const directory = path.join(temporaryDirectory(t), 'names');
  const names = ['heat', 'HEAT', 'heat_2', 'frames', 'say "x"', 'main.x', 'memory.used', 'a.b.c'];
  const fields = names.map((name): LensField => ({ ...drift, name, topology: { kind: 'grid' } }));
  const options = { directory, runId: 'names', world: 'x', fields, chunkTicks: 100 };
  const recorder = await openRecorder(options);
  const samples = (at: number): FieldSamples => ({
    count: 1,
    values: Float32Array.of(at),
    positions: null,
  });
  await recorder.append({
    tick: 1,
    simTimeSeconds: -0.5,
    fields: new Map(names.map((name, at) => [name, samples(at)])),
  });
  await recorder.close();
  await using lens = await openLens(directoryPlace(directory));
  await using sql = await openLensSql([lens]);
  const tables = await rowsOf(sql, 'select name, table_name from lens.fields');
  assert.equal(
    new Set(tables.map(([, table]) => (table as string).toLowerCase())).size,
    names.length,
  );
  for (const [at, [name, table]] of tables.entries()) {
    assert.equal(name, names[at]);
    const quoted = (table as string).replaceAll('"', '""');
    const statement = `select value from main."${quoted}" where time_seconds < 0 and tick = 1`;
    assert.deepEqual(await rowsOf(sql, statement), [[at]]);
  }
  assert.deepEqual(await rowsOf(sql, 'select tick from lens.frames'), [[1n]]);
});

test('what DuckDB has a type of its own for comes as JavaScript, and nothing of it is lost', async (t) => {
  const { rows } = await sqlOf(t);
  assert.deepEqual(
    await rows(`select 9007199254740993, 1.5::decimal(9, 3), timestamp '2026-01-02 03:04:05.123456', date '2026-01-02',
      [1, null], {'a': 'b', 'c': [true]}, map {'k': 1}, 'ab'::blob, null, 'nan'::double, '-infinity'::float,
      170141183460469231731687303715884105727::hugeint, interval 3 days, union_value(u := 1)`),
    [
      [
        9_007_199_254_740_993n,
        '1.500',
        '2026-01-02 03:04:05.123456',
        '2026-01-02',
        [1, null],
        { a: 'b', c: [true] },
        [{ key: 'k', value: 1 }],
        new Uint8Array([97, 98]),
        null,
        Number.NaN,
        -Infinity,
        170_141_183_460_469_231_731_687_303_715_884_105_727n,
        '3 days',
        { u: 1 },
      ],
    ],
  );
});

test('statements reach no file and no setting, and say what DuckDB says', async (t) => {
  const { rows, run } = await sqlOf(t);
  const target = path.join(run, 'x.csv');
  for (const statement of [
    `copy (select 1) to '${target}'`,
    `from read_csv('/etc/passwd')`,
    `from read_text('/etc/passwd')`,
    `select * from glob('/*')`,
    `attach '${target}' as x`,
    `install httpfs`,
    `load '${target}'`,
    `set enable_external_access = true`,
    `set memory_limit = '9GB'`,
    `export database '${run}'`,
    `insert into heat values (1)`,
  ])
    await assert.rejects(rows(statement), { code: 'LENS_SQL_REFUSED' }, statement);
  assert.equal(existsSync(target), false);
  await assert.rejects(
    rows('select nope from heat'),
    /"nope" not found[^]*LINE 1: select nope[^]*\^/,
  );
  await assert.rejects(rows('select 1 fromm heat x'), { code: 'LENS_SQL_REFUSED' });
  // It goes on.
  assert.deepEqual(await rows('select 1'), [[1]]);
});

test('a log or a profile, which no lock of settings keeps from being turned on, is refused', async (t) => {
  const { rows, run } = await sqlOf(t);
  for (const statement of [
    `call enable_logging(storage = 'file', storage_config = {'path': '${run}'})`,
    'from Enable_Logging()',
    'call enable_profiling()',
  ])
    await assert.rejects(rows(statement), { code: 'LENS_SQL_REFUSED' }, statement);
  assert.deepEqual(await rows('select 1'), [[1]]);
});

test('no statement is said to be none', async (t) => {
  const { rows } = await sqlOf(t);
  for (const statement of ['', ' ;', '-- a remark'])
    await assert.rejects(rows(statement), { message: /There is no statement in it\./ });
  assert.deepEqual(await rows('select 1; ;'), [[1]]);
});

test('who stops reading stops the statement, and an abort ends it with its reason', async (t) => {
  const { sql, rows } = await sqlOf(t);
  for await (const batch of await sql.query('from heat, frames')) {
    assert.ok(batch.length > 0);
    break;
  }
  assert.deepEqual(await rows('select count(*) from frames'), [[35n]]);
  const abort = new AbortController();
  const reason = new Error('enough');
  const long = sql.query(
    'select count(*) from heat a, heat b, heat c where a.value < b.value + c.value',
    {
      signal: abort.signal,
    },
  );
  await rowsOfNothing();
  abort.abort(reason);
  await assert.rejects(async () => {
    for await (const batch of await long) void batch;
  }, reason);
  assert.deepEqual(await rows('select count(*) from heat'), [[90_720n]]);
});

/** Until the order is on its way. */
async function rowsOfNothing(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

test('what does not fit into memory lies in a private directory, which goes', async (t) => {
  const temporary = temporaryDirectory(t);
  const run = await longLens(t);
  await using lens = await openLens(directoryPlace(run));
  {
    await using sql = await openLensSql([lens], {
      memoryLimitBytes: 24 * 1024 * 1024,
      temporaryDirectory: temporary,
    });
    const [own] = readdirSync(temporary);
    assert.match(own!, /^stillpoint-sql-/);
    const sorted =
      'select sum(n) from (select row_number() over (order by value, sample, tick) as n, * from sea.level)';
    assert.deepEqual(await rowsOf(sql, sorted), [[BigInt(524_288 * 524_289) / 2n]]);
    const most = "select length(list(value::varchar || repeat('x', 200))) from sea.level";
    await assert.rejects(rowsOf(sql, most), { code: 'LENS_SQL_MEMORY' });
  }
  assert.deepEqual(readdirSync(temporary), []);
});

test('damage is named and the rest is answered, or is an error of ours', async (t) => {
  const run = await longLens(t);
  const file = path.join(
    run,
    readdirSync(run).find((name) => name.endsWith('.lens'))!,
  );
  const handle = await open(file, 'r+');
  await handle.write(Buffer.alloc(64, 0xff), 0, 64, 400_000);
  await handle.close();
  await using lens = await openLens(directoryPlace(run));
  await using strict = await openLensSql([lens]);
  const statement = 'select count(*) from sea.level where value is not null';
  await assert.rejects(rowsOf(strict, statement), { code: 'LENS_DAMAGED' });
  const reasons: string[] = [];
  await using sql = await openLensSql([lens], { damaged: (reason) => reasons.push(reason) });
  assert.deepEqual(await rowsOf(sql, statement), [[BigInt((1024 - 32) * 512)]]);
  assert.match(reasons[0]!, /chunk \d+ of fields\/sea.level\/values/);
});
