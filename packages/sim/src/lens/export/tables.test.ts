import { RecordBatchReader, tableFromIPC } from 'apache-arrow';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import type { LensField } from '../contract.ts';
import { directoryPlace } from '../read/index.ts';
import { createArrow } from './arrow.ts';
import { exportLens } from './index.ts';
import { cellsOf, tablesOf } from './tables.ts';
import { expectedRows } from './testing/expected-rows.ts';
import {
  drift,
  heat,
  lone,
  nobody,
  oddFrame,
  oddLens,
  oddTicks,
  rough,
  tick,
  wind,
} from './testing/odd-lens.ts';

const frames = oddTicks.map(oddFrame);

interface OneTable {
  readonly fields: readonly LensField[];
  readonly columns: ReadonlyMap<LensField, readonly string[]>;
}

const tables: readonly OneTable[] = [
  {
    fields: [heat, rough],
    columns: new Map([
      [heat, ['heat']],
      [rough, ['Heat_']],
    ]),
  },
  {
    fields: [wind, tick],
    columns: new Map([
      [wind, [`${wind.name}_0`, `${wind.name}_1`]],
      [tick, ['tick_0_0', 'tick_0_1', 'tick_1_0', 'tick_1_1']],
    ]),
  },
  { fields: [drift], columns: new Map([[drift, ['drift']]]) },
  { fields: [lone], columns: new Map([[lone, ['lone_0', 'lone_1', 'lone_2']]]) },
  { fields: [nobody], columns: new Map([[nobody, ['nobody']]]) },
];

const PLACES = ['longitude', 'latitude', 'x', 'y', 'z'];

/** As RFC 4180 says, and nothing else. */
function parseCsv(text: string): readonly (readonly string[])[] {
  const rows: string[][] = [[]];
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\n]*))(,|\n)/g)) {
    rows.at(-1)!.push(quoted?.replaceAll('""', '"') ?? plain!);
    if (end === '\n') rows.push([]);
  }
  assert.deepEqual(rows.pop(), []);
  return rows;
}

test('comma-separated values have every digit, and nothing where there is no sample', async (t) => {
  const { directory, run } = await oddLens(t);
  for (const [number, { fields, columns }] of tables.entries()) {
    const output = path.join(directory, `${number}.csv`);
    const names = fields.map(({ name }) => name);
    await exportLens(directoryPlace(run), { format: 'csv', output, fields: names });
    const [titles, ...rows] = parseCsv(readFileSync(output, 'utf8'));
    const found = rows.map((row) => {
      const cells = row.flatMap((cell, at): [string, number | null][] =>
        PLACES.includes(titles![at]!) ? [] : [[titles![at]!, cell === '' ? null : Number(cell)]],
      );
      return Object.fromEntries(cells);
    });
    const expected = expectedRows(frames, columns);
    // Text has one zero.
    assert.deepEqual(found, expected.map(withOneZero));
  }
});

function withOneZero(row: Readonly<Record<string, number | null>>): object {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [name, value === 0 ? 0 : value]),
  );
}

test('apache-arrow reads every row, units, and what was dropped', async (t) => {
  const { directory, run } = await oddLens(t);
  for (const [number, { fields, columns }] of tables.entries()) {
    const output = path.join(directory, `${number}.arrow`);
    const names = fields.map(({ name }) => name);
    await exportLens([directoryPlace(run)], { format: 'arrow', output, fields: names });
    const table = tableFromIPC(readFileSync(output));
    const found = table.toArray().map((row) => {
      const { run, ...rest } = row.toJSON() as Record<string, unknown>;
      assert.equal(run, 'one');
      return Object.fromEntries(
        Object.entries(rest).flatMap(([name, value]) =>
          PLACES.includes(name) ? [] : [[name, typeof value === 'bigint' ? Number(value) : value]],
        ),
      );
    });
    assert.deepEqual(found, expectedRows(frames, columns));
    const field = fields.at(-1)!;
    const last = table.schema.fields.at(-1)!;
    assert.deepEqual(
      [last.metadata.get('unit'), last.metadata.get('field')],
      [field.unit, field.name],
    );
    const facts = JSON.parse(table.schema.metadata.get('stillpoint')!) as {
      readonly runs: readonly { readonly dropped: readonly { readonly frames: number }[] }[];
    };
    assert.equal(facts.runs[0]!.dropped[0]!.frames, 3);
  }
});

test('a file of Arrow has a record batch for each batch of rows, also where samples are missing', async (t) => {
  const { directory } = await oddLens(t);
  const file = path.join(directory, 'many.arrow');
  const fields = [heat, { ...heat, name: 'less' }].map((field) => ({
    ...field,
    topology: { kind: 'grid', rows: 300, columns: 100 } as const,
  }));
  const [table] = tablesOf(
    [{ runId: 'one', world: '', createdAt: '', dropped: [], fields }],
    false,
  );
  {
    await using writer = await createArrow(file, table!);
    for (let at = 1; at <= 5; at += 1) {
      const values = new Float64Array(30_000).fill(at);
      const less = { count: 7, values: values.subarray(0, 7), positions: null };
      const cells = cellsOf(table!, [{ count: 30_000, values, positions: null }, less]);
      await writer.add({ run: 'one', tick: at, timeSeconds: at, ...cells });
    }
    await writer.end('{}');
  }
  const reader = RecordBatchReader.from(readFileSync(file));
  const batches = [...reader];
  assert.deepEqual(
    batches.map(({ numRows }) => numRows),
    [60_000, 60_000, 30_000],
  );
  const [first] = batches;
  const less = first!.getChild('less')!;
  assert.equal(less.nullCount, 60_000 - 14);
  assert.deepEqual(
    [less.get(6), less.get(7), less.get(30_006), less.get(30_007)],
    [1, null, 2, null],
  );
  assert.equal(first!.getChild('heat')!.nullCount, 0);
});

test('tables: fields of one topology side by side, points each by themselves', () => {
  const run = {
    runId: 'one',
    world: '',
    createdAt: '',
    dropped: [],
    fields: [
      heat,
      drift,
      wind,
      {
        ...wind,
        name: 'far',
        topology: {
          ...wind.topology,
          extent: [
            [0, 9],
            [0, 9],
          ] as const,
        },
      },
      rough,
      lone,
    ],
  };
  const shown = tablesOf([run], false).map(({ name, fields }) => [
    name,
    fields.map((one) => one.name),
  ]);
  assert.deepEqual(shown, [
    ['sphere-2x4', ['heat', 'Heat']],
    ['points-drift', ['drift']],
    ['grid-3x4', [wind.name]],
    ['grid-3x4_', ['far']],
    ['points-lone', ['lone']],
  ]);
  const other = { ...run, runId: 'two', fields: [{ ...heat, unit: 'F' }] };
  assert.throws(() => tablesOf([run, other], true), { code: 'LENS_EXPORT_UNLIKE' });
});
