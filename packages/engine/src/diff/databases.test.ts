// The rules of comparing databases, over small databases in memory.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf } from '@stillpoint/core';
import type { DatabaseView, RowView, TableDescription, TableName } from '../sources/contract.ts';
import { compareDatabases } from './databases.ts';
import { compareRows } from './rows.ts';

const never = new AbortController().signal;

interface MemoryTable {
  readonly key?: readonly string[];
  readonly columns: Readonly<Record<string, string>>;
  readonly indexes?: Readonly<Record<string, string>>;
  readonly rows?: readonly (readonly (string | null)[])[];
}

type Tables = Readonly<Record<string, MemoryTable>>;

interface ViewOptions {
  readonly name?: string;
  readonly digest?: string;
  /** Reading this table fails as a server refuses it. */
  readonly forbidden?: string;
}

function viewOf(tables: Tables, options: ViewOptions = {}): DatabaseView {
  const refuse = ({ name }: TableName): void => {
    if (name !== options.forbidden) return;
    throw Object.assign(new Error(`permission denied for table ${name}`), { code: '42501' });
  };
  const rowsOf = ({ name }: TableName): RowView[] => {
    const { columns, key = [], rows = [] } = tables[name]!;
    const names = Object.keys(columns);
    return rows.map((row) => {
      const values = Object.fromEntries(names.map((one, at) => [one, row[at] ?? null]));
      const keyed = key.length > 0 ? key : names;
      return { key: JSON.stringify(keyed.map((one) => values[one])), values };
    });
  };
  return {
    name: options.name ?? 'shop',
    engine: 'postgres',
    schemaDigest: async () =>
      digestOf(Buffer.from(options.digest ?? JSON.stringify(Object.keys(tables)))),
    tables: async () =>
      Object.entries(tables)
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, table]): TableDescription => ({
          schema: 'public',
          name,
          columns: Object.entries(table.columns).map(([one, type]) => ({ name: one, type })),
          indexes: Object.entries(table.indexes ?? {}).map(([one, definition]) => ({
            name: one,
            definition,
          })),
          key: table.key ?? [],
          bytes: 8192 * (table.rows?.length ?? 0),
        })),
    async countRows(table) {
      refuse(table);
      return rowsOf(table).length;
    },
    async *rows(table, { oneIn }) {
      refuse(table);
      for (const row of rowsOf(table)) {
        const hash = Number.parseInt(digestOf(Buffer.from(row.key)).slice(-8), 16);
        if (hash % oneIn === 0) yield row;
      }
    },
    readAll: async () => undefined,
    readStamp: async () => undefined,
    writeStamp: async () => {},
  };
}

async function compare(from: Tables, to: Tables, options: [ViewOptions?, ViewOptions?] = []) {
  const setOf = (view: DatabaseView) => ({
    databases: [view],
    async [Symbol.asyncDispose]() {},
  });
  const [diff] = await compareDatabases(
    setOf(viewOf(from, options[0])),
    setOf(viewOf(to, options[1])),
    { rows: { shown: 5, signal: never }, signal: never, began: () => {} },
  );
  return diff!;
}

const people: MemoryTable = {
  key: ['id'],
  columns: { id: 'integer', name: 'text', age: 'integer' },
  indexes: { people_pkey: 'UNIQUE (id)' },
  rows: [
    ['1', 'Ada', '36'],
    ['2', 'Bob', null],
    ['3', 'Cyd', '9'],
  ],
};

test('equal databases are the same, in whatever order their rows come', async () => {
  const diff = await compare(
    { people },
    { people: { ...people, rows: people.rows!.toReversed() } },
  );
  assert.equal(diff.state, 'same');
  assert.deepEqual(diff.tables, []);
  assert.deepEqual(diff.count, { from: 1, to: 1 });
});

test('rows that were added, removed and changed are counted, and shown with the columns that differ', async () => {
  const rows = [
    ['1', 'Ada', '37'],
    ['3', 'Cyd', '9'],
    ['4', 'Dan', '1'],
  ];
  const diff = await compare({ people }, { people: { ...people, rows } });
  assert.equal(diff.state, 'changed');
  assert.deepEqual(diff.tables[0]!.rows, {
    count: { from: 3, to: 3 },
    oneIn: 1,
    added: 1,
    removed: 1,
    changed: 1,
    samples: [
      { state: 'added', key: { id: '4' }, columns: { name: { to: 'Dan' }, age: { to: '1' } } },
      { state: 'changed', key: { id: '1' }, columns: { age: { from: '36', to: '37' } } },
      {
        state: 'removed',
        key: { id: '2' },
        columns: { name: { from: 'Bob' }, age: { from: null } },
      },
    ],
  });
});

test('NULL and the text "null" differ, and so do long values that differ at their end', async () => {
  const long = 'x'.repeat(10_000);
  const from = {
    t: {
      key: ['k'],
      columns: { k: 'text', v: 'text' },
      rows: [
        ['a', null],
        [long, long],
      ],
    },
  };
  const to = {
    t: {
      ...from.t,
      rows: [
        ['a', 'null'],
        [long, `${long}y`],
      ],
    },
  };
  const { rows } = (await compare(from, to)).tables[0]!;
  assert.equal(rows!.changed, 2);
  assert.deepEqual(rows!.samples[0]!.columns, { v: { from: null, to: 'null' } });
  assert.equal(rows!.samples[1]!.columns['v']!.to, `${long}y`, 'whole');
});

test('a column more does not make every row a changed one', async () => {
  const wider: MemoryTable = {
    ...people,
    columns: { ...people.columns, mail: 'text' },
    rows: people.rows!.map((row) => [...row, 'none']),
  };
  const [table] = (await compare({ people }, { people: wider })).tables;
  assert.deepEqual(table!.columns.added, [{ name: 'mail', definition: 'text' }]);
  assert.equal(table!.rows!.changed, 0);
  assert.equal(table!.rows!.oneIn, 1);
});

test('tables, types, indexes and keys that differ are named', async () => {
  const changed: MemoryTable = {
    ...people,
    columns: { id: 'bigint', name: 'text', age: 'integer' },
    indexes: { people_pkey: 'UNIQUE (id, name)', by_age: '(age)' },
    key: ['id', 'name'],
  };
  const diff = await compare({ people, gone: people }, { people: changed, fresh: people });
  assert.deepEqual(
    diff.tables.map(({ name, state }) => [name, state]),
    [
      ['fresh', 'added'],
      ['gone', 'removed'],
      ['people', 'changed'],
    ],
  );
  const [fresh, , table] = diff.tables;
  assert.deepEqual(fresh!.rows!.count, { from: null, to: 3 });
  assert.deepEqual(table!.columns.changed, [{ name: 'id', from: 'integer', to: 'bigint' }]);
  assert.deepEqual(table!.indexes.added, [{ name: 'by_age', definition: '(age)' }]);
  assert.equal(table!.indexes.changed[0]!.name, 'people_pkey');
  assert.deepEqual(table!.key, { from: ['id'], to: ['id', 'name'] });
  assert.equal(table!.rows!.oneIn, null, 'rows with another key cannot be told apart');
});

test('without a key rows are told apart by all they hold, as often as they are there', async () => {
  const log = (...rows: string[]): MemoryTable => ({
    columns: { line: 'text' },
    rows: rows.map((line) => [line]),
  });
  const { rows } = (await compare({ log: log('a', 'a', 'b') }, { log: log('a', 'b', 'c') }))
    .tables[0]!;
  assert.deepEqual([rows!.added, rows!.removed, rows!.changed], [1, 1, 0]);
  assert.deepEqual(rows!.samples, [
    { state: 'added', key: {}, columns: { line: { to: 'c' } } },
    { state: 'removed', key: {}, columns: { line: { from: 'a' } } },
  ]);
});

test('of a large table a sample is compared, and its numbers are those of the sample', async () => {
  const rows = Array.from({ length: 2000 }, (_, at) => [String(at), 'v']);
  const table: MemoryTable = { key: ['id'], columns: { id: 'int', v: 'text' }, rows };
  const views = {
    from: viewOf({ t: table }),
    to: viewOf({ t: { ...table, rows: rows.map(([id]) => [id!, 'w']) } }),
  };
  const [from] = await views.from.tables();
  const name = { schema: 'public', name: 't' };
  const diff = await compareRows(
    views,
    { name, from, to: from },
    { shown: 3, comparedMost: 100, signal: never },
  );
  assert.equal(diff.oneIn, 20);
  assert.ok(diff.changed > 20 && diff.changed < 400, String(diff.changed));
  assert.deepEqual([diff.added, diff.removed, diff.samples.length], [0, 0, 3]);
  assert.deepEqual(diff.count, { from: 2000, to: 2000 });
});

test('rows to show stop where they would fill the memory, and are counted on', async () => {
  const rows = Array.from({ length: 20 }, (_, at) => [String(at), 'x'.repeat(1024 * 1024)]);
  const table: MemoryTable = { key: ['id'], columns: { id: 'int', v: 'text' }, rows };
  for (const [from, to] of [
    [{ t: { ...table, rows: [] } }, { t: table }],
    [{ t: table }, { t: { ...table, rows: [] } }],
  ] as const) {
    const views = { from: viewOf(from), to: viewOf(to) };
    const [shape] = await views.from.tables();
    const pair = { name: { schema: 'public', name: 't' }, from: shape, to: shape };
    const diff = await compareRows(views, pair, { shown: 20, signal: never });
    assert.equal(diff.added + diff.removed, 20);
    assert.equal(diff.samples.length, 4);
  }
});

test('what differs in the schema beside tables is said, but not when the tables say it', async () => {
  const constraint = await compare({ people }, { people }, [{ digest: 'a' }, { digest: 'b' }]);
  assert.equal(constraint.otherSchemaChange, true);
  assert.equal(constraint.state, 'changed');
  const table = await compare({ people }, {}, [{ digest: 'a' }, { digest: 'b' }]);
  assert.equal(table.otherSchemaChange, false);
});

test('a table that may not be read is told, and the others are compared', async () => {
  const more = { ...people, rows: people.rows!.slice(1) };
  const diff = await compare({ people, secret: people }, { people: more, secret: people }, [
    {},
    { forbidden: 'secret' },
  ]);
  assert.match(diff.problem!, /public\.secret: permission denied/);
  assert.deepEqual(
    diff.tables.map(({ name }) => name),
    ['people'],
  );
});

test('databases go by their name; where there is one on each side, it is the same one', async () => {
  const one = await compare({ people }, { people }, [{ name: '/tmp/a.db' }, { name: 'data/a.db' }]);
  assert.deepEqual([one.name, one.state], ['data/a.db', 'same']);
  const both = await compareDatabases(
    undefined,
    {
      databases: [viewOf({}, { name: 'a' }), viewOf({}, { name: 'b' })],
      async [Symbol.asyncDispose]() {},
    },
    { rows: undefined, signal: never, began: () => {} },
  );
  assert.deepEqual(
    both.map(({ name, state }) => `${name} ${state}`),
    ['a added', 'b added'],
  );
});

test('a defect and an interruption are no problem that is told', async () => {
  const broken = { ...viewOf({ people }), tables: () => Promise.reject(new TypeError('defect')) };
  const set = { databases: [broken], async [Symbol.asyncDispose]() {} };
  const options = { rows: undefined, signal: never, began: () => {} };
  await assert.rejects(compareDatabases(set, set, options), TypeError);
  const aborted = AbortSignal.abort(new Error('stop'));
  const whole = { databases: [viewOf({ people })], async [Symbol.asyncDispose]() {} };
  await assert.rejects(
    compareDatabases(whole, whole, {
      ...options,
      signal: aborted,
      rows: { shown: 1, signal: aborted },
    }),
    /stop/,
  );
});
