import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { directoryPlace } from '../read/index.ts';
import { openRecorder } from '../record/index.ts';
import { temporaryDirectory } from '../testing/small-lens.ts';
import type { LensField } from '../contract.ts';
import { exportLens } from './index.ts';
import { createParquet } from './parquet.ts';
import { createBatcher } from './row-batch.ts';
import { expectedRows, type ExpectedRow } from './testing/expected-rows.ts';
import { drift, heat, oddFrame, oddLens, oddTicks, rough, tick, wind } from './testing/odd-lens.ts';
import { cellsOf, tablesOf } from './tables.ts';

async function duckdb(t: TestContext): Promise<DuckDBConnection> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  t.after(() => {
    connection.closeSync();
    instance.closeSync();
  });
  return connection;
}

type Row = Readonly<Record<string, unknown>>;

async function ask(database: DuckDBConnection, sql: string): Promise<readonly Row[]> {
  const rows = (await database.runAndReadAll(sql)).getRowObjects();
  return rows.map((row) =>
    Object.fromEntries(
      Object.entries(row).map(([name, value]) => [
        name,
        typeof value === 'bigint' ? Number(value) : value,
      ]),
    ),
  );
}

const frames = oddTicks.map(oddFrame);

function withoutPlaces(rows: readonly Row[], ...places: readonly string[]): readonly Row[] {
  return rows.map((row) =>
    Object.fromEntries(Object.entries(row).filter(([name]) => !places.includes(name))),
  );
}

test('DuckDB reads every row: NaN, infinities, vectors, matrices, names that are odd or taken', async (t) => {
  const { directory, run } = await oddLens(t);
  const database = await duckdb(t);
  const read = async (
    fields: readonly LensField[],
    places: readonly string[],
    columns: ReadonlyMap<LensField, readonly string[]>,
  ): Promise<readonly Row[]> => {
    const output = path.join(directory, `${fields[0]!.components.length}${places[0]}.parquet`);
    const names = fields.map(({ name }) => name);
    const done = await exportLens(directoryPlace(run), {
      format: 'parquet',
      output,
      fields: names,
    });
    const rows = await ask(database, `select * from '${output}'`);
    const expected = expectedRows(frames, columns);
    assert.deepEqual(withoutPlaces(rows, ...places), expected);
    assert.deepEqual([done.rows, done.frames, done.dropped], [expected.length, 30, 3]);
    return rows;
  };
  const onSphere = await read(
    [heat, rough],
    ['longitude', 'latitude'],
    new Map([
      [heat, ['heat']],
      [rough, ['Heat_']],
    ]),
  );
  assert.deepEqual(
    onSphere.slice(0, 5).map(({ longitude, latitude }) => [longitude, latitude]),
    [
      [-135, -45],
      [-45, -45],
      [45, -45],
      [135, -45],
      [-135, 45],
    ],
  );
  const inPlane = await read(
    [wind, tick],
    ['x', 'y'],
    new Map([
      [wind, [`${wind.name}_0`, `${wind.name}_1`]],
      [tick, ['tick_0_0', 'tick_0_1', 'tick_1_0', 'tick_1_1']],
    ]),
  );
  assert.deepEqual([inPlane[5]!['x'], inPlane[5]!['y']], [0.75, 0]);
  const points = await read([drift], ['x', 'y', 'z'], new Map([[drift, ['drift']]]));
  assert.deepEqual(
    points.filter((row) => row['tick'] === 65).map(({ x, y, z }) => [x, y, z]),
    [0, 1, 2].map((sample) => [0, 1, 2].map((axis) => (sample * 3 + axis) / 3 + 3)),
  );
});

test('what goes along says units, components and what was dropped', async (t) => {
  const { directory, run } = await oddLens(t);
  const database = await duckdb(t);
  const output = path.join(directory, 'it.parquet');
  await exportLens(directoryPlace(run), { format: 'parquet', output, fields: [wind.name] });
  const [found] = await ask(
    database,
    `select decode(key) as key, decode(value) as value from parquet_kv_metadata('${output}')`,
  );
  assert.equal(found!['key'], 'stillpoint');
  const facts = JSON.parse(found!['value'] as string) as Record<string, unknown>;
  assert.equal(facts['table'], 'grid-3x4');
  assert.deepEqual((facts['columns'] as readonly unknown[]).slice(1), [
    { name: 'y', unit: '' },
    { name: `${wind.name}_0`, unit: 'm/s', field: wind.name, component: 0 },
    { name: `${wind.name}_1`, unit: 'm/s', field: wind.name, component: 1 },
  ]);
  assert.deepEqual(facts['fields'], [{ ...wind, precision: 'f32' }]);
  const [ofRun] = facts['runs'] as readonly Record<string, unknown>[];
  assert.deepEqual(ofRun!['dropped'], [
    { ticks: { start: 151, end: 166 }, frames: 3, reason: 'slow' },
  ]);
  assert.deepEqual(ofRun!['damaged'], []);
});

test('engines pass over row groups by their ticks, and never over one with a NaN', async (t) => {
  const directory = temporaryDirectory(t);
  const file = path.join(directory, 'many.parquet');
  const topology = { kind: 'grid', rows: 100, columns: 250 } as const;
  const [table] = tablesOf(
    [{ runId: 'one', world: '', createdAt: '', dropped: [], fields: [{ ...heat, topology }] }],
    false,
  );
  {
    await using writer = await createParquet(file, table!);
    for (let at = 1; at <= 7; at += 1) {
      const values = new Float64Array(25_000).fill(at);
      if (at === 3) values[24_999] = Number.NaN;
      const frame = cellsOf(table!, [{ count: 25_000, values, positions: null }]);
      await writer.add({ run: 'one', tick: at * 10, timeSeconds: at, ...frame });
    }
    await writer.end('{}');
  }
  const database = await duckdb(t);
  const groups = await ask(
    database,
    `select stats_min_value as low, stats_max_value as high, row_group_num_rows as count
     from parquet_metadata('${file}') where path_in_schema in ('tick', 'heat') order by row_group_id, column_id`,
  );
  assert.deepEqual(
    groups.map(({ low, high, count }) => [low, high, count]),
    [
      ['10', '20', 50_000],
      ['1.0', '2.0', 50_000],
      ['30', '40', 50_000],
      [null, null, 50_000],
      ['50', '60', 50_000],
      ['5.0', '6.0', 50_000],
      ['70', '70', 25_000],
      ['7.0', '7.0', 25_000],
    ],
  );
  const counted = await ask(
    database,
    `select count(*) as rows, sum(sample) as samples, count(distinct (x, y)) as places from '${file}' where tick = 70`,
  );
  assert.deepEqual(counted, [{ rows: 25_000, samples: (25_000 * 24_999) / 2, places: 25_000 }]);
  const nan = await ask(database, `select tick, sample from '${file}' where heat > 100`);
  assert.deepEqual(nan, [{ tick: 30, sample: 24_999 }]);
});

test('a frame with more samples than a row group has several', async (t) => {
  const directory = temporaryDirectory(t);
  const file = path.join(directory, 'long.parquet');
  const run = { runId: 'one', world: '', createdAt: '', dropped: [], fields: [drift] };
  const [table] = tablesOf([run], false);
  const values = Float32Array.from({ length: 300_001 }, (_, at) => at % 1000);
  {
    await using writer = await createParquet(file, table!);
    const frame = cellsOf(table!, [{ count: 300_001, values, positions: null }]);
    await writer.add({ run: 'one', tick: 1, timeSeconds: 1, ...frame });
    await writer.end('{}');
  }
  const database = await duckdb(t);
  const [found] = await ask(
    database,
    `select count(*) as rows, max(sample) as sample, sum(drift) as total, count(x) as places from '${file}'`,
  );
  assert.deepEqual(found, { rows: 300_001, sample: 300_000, total: 149_850_000, places: 0 });
  const groups = await ask(
    database,
    `select distinct row_group_num_rows as count from parquet_metadata('${file}') order by all`,
  );
  assert.deepEqual(groups, [{ count: 300_001 - 4 * 65_536 }, { count: 65_536 }]);
});

test('a batch of rows with many components has fewer of them', async () => {
  const field = { ...drift, components: [20, 50] };
  const run = { runId: 'one', world: '', createdAt: '', dropped: [], fields: [field] };
  const [table] = tablesOf([run], false);
  const rows: number[] = [];
  const batcher = createBatcher(table!, async (batch) => {
    rows.push(batch.rows);
  });
  const values = new Float32Array(9_000_000);
  const frame = cellsOf(table!, [{ count: 9000, values, positions: null }]);
  await batcher.add({ run: 'one', tick: 1, timeSeconds: 1, ...frame });
  await batcher.end();
  const most = Math.floor((32 * 1024 * 1024) / (1000 * 4 + 3 * 8));
  assert.deepEqual(rows, [most, 9000 - most]);
});

test('a data set is partitioned as Hive does, each table by itself', async (t) => {
  const { directory, run } = await oddLens(t);
  const other = await openRecorder({
    directory: path.join(directory, 'two'),
    runId: 'two',
    world: 'odd',
    fields: [heat],
    chunkTicks: 50,
  });
  await other.append(oddFrame(5));
  await other.close();
  const output = path.join(directory, 'data');
  const places = [run, path.join(directory, 'two')].map(directoryPlace);
  const done = await exportLens(places, { format: 'parquet', output, partition: true });
  assert.deepEqual(readdirSync(output).toSorted(), [
    'table=grid-3x4',
    'table=points-drift',
    'table=points-lone',
    'table=sphere-2x4',
  ]);
  const database = await duckdb(t);
  const all = `read_parquet('${output}/**/*.parquet', hive_partitioning = true, union_by_name = true)`;
  const counted = await ask(
    database,
    `select "table", run, count(*) as rows from ${all} group by all order by all`,
  );
  const drifting = frames.reduce((sum, { fields }) => sum + fields.get('drift')!.count, 0);
  assert.deepEqual(counted, [
    { table: 'grid-3x4', run: 'one', rows: 360 },
    { table: 'points-drift', run: 'one', rows: drifting },
    { table: 'points-lone', run: 'one', rows: 30 },
    { table: 'sphere-2x4', run: 'one', rows: 240 },
    { table: 'sphere-2x4', run: 'two', rows: 8 },
  ]);
  assert.equal(
    done.rows,
    counted.reduce((sum, { rows }) => sum + rows, 0),
  );
  const sphere = `read_parquet('${output}/table=sphere-2x4/*/*/*.parquet', hive_partitioning = true)`;
  const parts = await ask(
    database,
    `select ticks, min(tick) as low, max(tick) as high, count("Heat_") as kept from ${sphere} where run = 'one' group by all order by all`,
  );
  assert.deepEqual(parts, [
    { ticks: '0000000000-0000000050', low: 5, high: 45, kept: 72 },
    { ticks: '0000000050-0000000100', low: 50, high: 95, kept: 80 },
    { ticks: '0000000100-0000000150', low: 100, high: 145, kept: 80 },
    { ticks: '0000000150-0000000200', low: 150, high: 150, kept: 8 },
  ]);
});

test('runs in one file say whose a row is; a field that a run has not is null there', async (t) => {
  const { directory, run } = await oddLens(t);
  const two = path.join(directory, 'two');
  const fields = [{ ...rough, precision: { type: 'float64' } } as const];
  const options = { directory: two, runId: 'two "2"', world: 'odd', fields, chunkTicks: 50 };
  const other = await openRecorder(options);
  const values = Float64Array.from({ length: 8 }, (_, at) => at + 0.1);
  const sampled = new Map([[rough.name, { count: 8, values, positions: null }]]);
  await other.append({ tick: 7, simTimeSeconds: 1, fields: sampled });
  await other.close();
  const output = path.join(directory, 'both.parquet');
  const places = [run, two].map(directoryPlace);
  const one = await exportLens(directoryPlace(two), { format: 'parquet', output: `${output}1` });
  assert.deepEqual([one.runs, one.fields, one.rows], [['two "2"'], ['Heat'], 8]);
  await assert.rejects(
    exportLens(places, { format: 'parquet', output, fields: ['heat', 'Heat'] }),
    { code: 'LENS_FIELD_UNKNOWN' },
  );
  await exportLens(places, { format: 'parquet', output, fields: ['Heat'] });
  const database = await duckdb(t);
  const rows = await ask(
    database,
    `select run, tick, sample, "Heat" from '${output}' order by run, tick, sample`,
  );
  const expected: ExpectedRow[] = [...expectedRows(frames, new Map([[rough, ['Heat']]]))];
  assert.deepEqual(
    rows.slice(0, 240),
    expected.map(({ tick, sample, Heat }) => {
      return { run: 'one', tick, sample, Heat };
    }),
  );
  assert.deepEqual(rows.at(-1), { run: 'two "2"', tick: 7, sample: 7, Heat: 7.1 });
  assert.equal(rows.length, 248);
});
