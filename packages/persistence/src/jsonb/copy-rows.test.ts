// COPY BINARY against what the server itself says of the same values; and what is no value of a type.
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { isFailure } from '@stillpoint/core';
import { halfBits } from './copy-types.ts';
import { copyRows, encodeJson, readRaw, type CopyColumn, type CopyRow } from './index.ts';
import { openDatabase } from '../database/index.ts';
import { liteOfTests } from '../database/testing/index.ts';
import { openPlace, places, whyNotHere } from './testing/places.ts';
import { randomFrom } from './testing/random-json.ts';

const columns = [
  { name: 'n', type: 'int4' },
  { name: 'small', type: 'int2' },
  { name: 'big', type: 'int8' },
  { name: 'single', type: 'float4' },
  { name: 'double', type: 'float8' },
  { name: 'words', type: 'text' },
  { name: 'bytes', type: 'bytea' },
  { name: 'yes', type: 'bool' },
  { name: 'at', type: 'timestamptz' },
  { name: 'id', type: 'uuid' },
  { name: 'doc', type: 'jsonb' },
  { name: 'words"s', type: 'text[]' },
  { name: 'bigs', type: 'int8[]' },
  { name: 'docs', type: 'jsonb[]' },
  { name: 'ats', type: 'timestamptz[]' },
] as const satisfies readonly CopyColumn[];

const target = { schema: 'public', table: 'all "types"', columns };
const table = `CREATE TABLE "all ""types""" (${columns
  .map(({ name, type }) => `"${name.replaceAll('"', '""')}" ${type}`)
  .join(', ')})`;

const id = '01890a5d-ac96-774b-bcce-b302099a8057';
const epoch = new Date(0);
const late = new Date(Date.UTC(2261, 10, 22, 1, 2, 3, 456));
const empty: CopyRow = columns.map(({ name }) => (name === 'n' ? 3 : null));
// oxfmt-ignore
const rows: readonly CopyRow[] = [
  [1, 0, 0, 0, 0, '', Buffer.of(), false, epoch, id, {}, [], [], [], []],
  [2, -32768, -(2n ** 63n), 1.5, -1e300, 'é 日本 😀\n', Buffer.of(0, 255), true, late, id.toUpperCase(), [1], ['a', null, ''], [1n, 2], [[], null, 'x'], [late]],
  empty,
  [-4, 32767, Number.MAX_SAFE_INTEGER, Infinity, Number.NaN, "'\\", new Uint8Array(3), true, new Date(-1), id.replaceAll('-', ''), encodeJson(null), ['{}', '"'], [null], [{ a: 'ß' }], [null, epoch]],
];
/** By the server's own words, without the way through a client's types. */
// oxfmt-ignore
const values = `
  (1, 0, 0, 0, 0, '', '', false, 'epoch', '${id}', '{}', '{}', '{}', '{}', '{}'),
  (2, -32768, -9223372036854775808, 1.5, -1e300, 'é 日本 😀' || chr(10), '\\x00ff', true, '2261-11-22 01:02:03.456Z', '${id}', '[1]', '{a,NULL,""}', '{1,2}', array['[]', null, '"x"']::jsonb[], array['2261-11-22 01:02:03.456Z'::timestamptz]),
  (3, null, null, null, null, null, null, null, null, null, null, null, null, null, null),
  (-4, 32767, 9007199254740991, 'Infinity', 'NaN', '''\\', '\\x000000', true, '1969-12-31 23:59:59.999Z', '${id}', 'null', array['{}', '"'], '{NULL}', array['{"a": "ß"}']::jsonb[], array[null, 'epoch'::timestamptz])`;

for (const where of places) {
  const skip = whyNotHere(where);

  test(
    `${where}: values of all types are what the server makes of their text`,
    { skip },
    async (t) => {
      const database = await openPlace(t, where);
      await database.query(table);
      await database.transaction(async (transaction) => {
        assert.equal(await copyRows(transaction, target, rows), rows.length);
        await transaction.query(`CREATE TABLE wanted (LIKE "all ""types""")`);
        await transaction.query(`INSERT INTO wanted VALUES ${values}`);
        const differ = `(TABLE "all ""types""" EXCEPT ALL TABLE wanted) UNION ALL
        (TABLE wanted EXCEPT ALL TABLE "all ""types""")`;
        assert.deepEqual((await transaction.query(differ)).rows, []);
      });
    },
  );

  test(`${where}: no rows are no rows, and many come in many chunks`, { skip }, async (t) => {
    const database = await openPlace(t, where);
    await database.query('CREATE TABLE t (n int, doc jsonb)');
    const many = { schema: 'public', table: 't', columns: [columns[0], columns[10]] };
    const large = { text: 'x'.repeat(300_000) };
    async function* source(): AsyncGenerator<CopyRow> {
      for (let n = 0; n < 2000; n += 1) yield [n, n % 500 === 7 ? large : { n }];
    }
    await database.transaction(async (transaction) => {
      assert.equal(await copyRows(transaction, many, []), 0);
      assert.equal(await copyRows(transaction, many, source()), 2000);
      let n = 0;
      for await (const [number, doc] of readRaw(transaction, 'SELECT n, doc FROM t ORDER BY n')) {
        assert.equal(number?.readInt32BE(), n);
        assert.deepEqual(JSON.parse(doc!.toString('utf8', 1)), n % 500 === 7 ? large : { n });
        n += 1;
      }
      assert.equal(n, 2000);
      // Left early, the transaction goes on.
      for await (const _ of readRaw(transaction, 'SELECT doc FROM t')) break;
      assert.equal((await transaction.query('SELECT 1')).rowCount, 1);
    });
  });
}

async function opened(t: TestContext) {
  const database = await openPlace(t, 'embedded-18');
  await database.query(table);
  return database;
}

test('what is no value of a type is refused with row and column, and nothing is written', async (t) => {
  const database = await opened(t);
  const refused: readonly (readonly [string, ...unknown[]])[] = [
    ['n', 1.5, '1', Number.NaN, 2 ** 31, -(2 ** 31) - 1, 1n, true],
    ['small', 32768, -32769, 0.1],
    ['big', 2 ** 53, 1.5, '1', 2n ** 63n],
    ['single', '1', 1e39, [1]],
    ['double', '1.5', 1n],
    ['words', 1, 'a\0b', '\ud800', Buffer.from('x')],
    ['bytes', 'x', [1], new ArrayBuffer(1)],
    ['yes', 1, 0, 'true', 't'],
    ['at', '2026-01-01', 0, new Date(Number.NaN)],
    ['id', 'x', `${id}0`, `${id.slice(0, -1)}g`, id.replaceAll('-', '').slice(1), `{${id}}`],
    ['doc', Number.NaN, { a: '\0' }, new Map()],
    ['words"s', 'a', ['a', 1], [undefined], { 0: 'a' }],
    ['bigs', [1.5], new BigInt64Array(1)],
  ];
  for (const [name, ...bad] of refused)
    for (const value of bad) {
      const row = empty.map((own, at) => (columns[at]!.name === name ? value : own));
      const copying = database.transaction((transaction) =>
        copyRows(transaction, target, [empty, row]),
      );
      await assert.rejects(copying, (error) => {
        assert.ok(
          isFailure(error, 'COPY_VALUE_INVALID'),
          `${name} ${String(value)}: ${String(error)}`,
        );
        assert.deepEqual([error.data['row'], error.data['column']], [2, name]);
        return true;
      });
    }
  assert.equal((await database.query('SELECT FROM "all ""types"""')).rowCount, 0);
});

test('a row of another length is refused, not filled up', async (t) => {
  const database = await opened(t);
  for (const row of [empty.slice(1), [...empty, 1], []])
    await assert.rejects(
      database.transaction((transaction) => copyRows(transaction, target, [row])),
      /row 1 has \d+ values for 15 columns/,
    );
});

test('a source that fails is told, and what the server refuses is told in its words', async (t) => {
  const database = await opened(t);
  await database.query('ALTER TABLE "all ""types""" ADD CHECK (n <> 7)');
  const mine = new Error('mine');
  async function* failing(): AsyncGenerator<CopyRow> {
    for (let n = 0; n < 5000; n += 1) yield empty;
    throw mine;
  }
  await assert.rejects(
    database.transaction((transaction) => copyRows(transaction, target, failing())),
    mine,
  );
  const seven = empty.with(0, 7);
  await assert.rejects(
    database.transaction((transaction) => copyRows(transaction, target, [empty, seven])),
    { code: '23514' },
  );
  assert.equal((await database.query('SELECT FROM "all ""types"""')).rowCount, 0);
});

test('PGlite: a role that may not COPY there is told at the call, and its transaction goes on', async (t) => {
  const owner = await openPlace(t, 'pglite');
  await owner.query('CREATE TABLE t (n int)');
  await owner.query(
    `CREATE ROLE copier; GRANT ALL ON t TO copier; GRANT USAGE ON SCHEMA public TO copier`,
  );
  const database = await openDatabase({ at: await liteOfTests(), role: 'copier' });
  const one = { schema: 'public', table: 't', columns: [columns[0]] };
  const refused = { code: 'DATABASE_COPY_REFUSED', message: /role "copier"/ };
  await database.transaction(async (transaction) => {
    await assert.rejects(copyRows(transaction, one, [[1]]), refused);
    await assert.rejects(readRaw(transaction, 'SELECT n FROM t').next(), refused);
    await transaction.query('INSERT INTO t SELECT unnest($1::int[])', [[2, 3]]);
  });
  assert.equal((await owner.query('SELECT FROM t')).rowCount, 2);
  await owner.query('DROP OWNED BY copier; DROP ROLE copier');
});

test('the source is read no faster than the server takes rows', async (t) => {
  const database = await opened(t);
  await database.query(`CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS
    $$BEGIN PERFORM pg_advisory_lock_shared(77); PERFORM pg_advisory_unlock_shared(77); RETURN NEW; END$$;
    CREATE TRIGGER wait BEFORE INSERT ON "all ""types""" FOR EACH ROW WHEN (NEW.n = 5) EXECUTE FUNCTION wait()`);
  await using holder = await database.session('holder');
  await holder.query('SELECT pg_advisory_lock(77)');
  const [words, most] = ['x'.repeat(10_000), 5000];
  let given = 0;
  function* source(): Generator<CopyRow> {
    while (given < most) yield empty.with(0, (given += 1)).with(5, words);
  }
  const copying = database.transaction((transaction) => copyRows(transaction, target, source()));
  // It waits at row 5: what is read from then on fills buffers, until none is left.
  let before = -1;
  for (let rounds = 0; rounds < 50 || before !== given; rounds += 1) {
    before = given;
    await holder.query('SELECT 1');
  }
  assert.ok(given < most / 2, `${given} rows of 10 KB were read ahead`);
  await holder.query('SELECT pg_advisory_unlock(77)');
  assert.equal(await copying, most);
});

test('halves are rounded as IEEE 754 says', () => {
  const { f16round } = Math as unknown as { f16round(this: void, value: number): number };
  const Halves = (globalThis as unknown as { Float16Array: new (bits: ArrayBuffer) => number[] })
    .Float16Array;
  const bits = new Uint16Array(1);
  const half = new Halves(bits.buffer);
  const same = (value: number): void => {
    bits[0] = halfBits(value);
    assert.ok(Object.is(half[0], f16round(value)), `${value}: ${half[0]}, not ${f16round(value)}`);
  };
  for (let all = 0; all < 65_536; all += 1) {
    bits[0] = all;
    same(half[0]!);
  }
  const random = randomFrom(16);
  const single = new Float32Array(1);
  const pattern = new Uint32Array(single.buffer);
  for (let n = 0; n < 100_000; n += 1) {
    // Of all sizes that a half has, and the ties between two.
    pattern[0] =
      (Math.floor((random() - 0.5) * 2 ** 32) & 0x8fffffff) | ((96 + random() * 50) << 23);
    if (n % 2 === 0) pattern[0] &= ~0xfff;
    same(single[0]!);
  }
  for (const value of [65504, 65519.996, 65520, 1e9, 2 ** -25, 2 ** -24, -(2 ** -25) * 1.5])
    same(value);
});

test('vectors and halves of vectors are what pgvector makes of their text', async (t) => {
  const database = await openPlace(t, 'pglite');
  await database.query('CREATE EXTENSION vector');
  await database.query('CREATE TABLE v (n int, v vector(3), h halfvec(3))');
  const to = {
    schema: 'public',
    table: 'v',
    columns: [columns[0], { name: 'v', type: 'vector' }, { name: 'h', type: 'halfvec' }],
  } as const;
  const copy = (given: readonly CopyRow[]): Promise<number> =>
    database.transaction((transaction) => copyRows(transaction, to, given));
  const random = randomFrom(3);
  const vectors = Array.from({ length: 200 }, () =>
    Float32Array.from({ length: 3 }, () => (random() - 0.5) * 10 ** Math.floor(random() * 8 - 4)),
  );
  await copy(vectors.map((one, n) => [n, n % 2 === 0 ? one : [...one], one]));
  const { rows: differ } = await database.query(
    `SELECT n, v::text, h::text, w.t FROM v JOIN unnest($1::text[]) WITH ORDINALITY AS w(t, o) ON o = n + 1
     WHERE v <> w.t::vector OR h <> w.t::halfvec`,
    [vectors.map((one) => `[${one.join(',')}]`)],
  );
  assert.deepEqual(differ, []);
  await assert.rejects(copy([[1, [1, 2], null]]), /expected 3 dimensions/);
  await assert.rejects(copy([[1, [1, 2, Number.NaN], null]]), /NaN not allowed/);
  for (const bad of [[1, '2', 3], '[1,2,3]', new Float64Array(3)])
    await assert.rejects(copy([[1, bad, null]]), { code: 'COPY_VALUE_INVALID' });
});
