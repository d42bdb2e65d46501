// Documents on their way to the server and back: what comes back is what went in, or an error says why not.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeJson, jsonBytes, JsonBytes, readJsonBytes, refusedJson } from './index.ts';
import { openPlace, places, whyNotHere } from './testing/places.ts';
import { randomFrom, randomJson } from './testing/random-json.ts';

const soak = process.env['STILLPOINT_SOAK'] !== undefined;
const textOf = (value: unknown): string => encodeJson(value).bytes.toString();
const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);

function depthOf(value: unknown): number {
  let depth = 0;
  for (let at = value; Array.isArray(at); at = at[0]) depth += 1;
  return depth;
}

test('what is bound is the version byte and the text, serialized once', () => {
  let asked = 0;
  const value = { toJSON: () => ((asked += 1), { a: 1 }) };
  const encoded = encodeJson(value);
  assert.deepEqual([...encoded.wire], [1, ...Buffer.from('{"a":1}')]);
  assert.equal(asked, 1);
  assert.equal(encodeJson(encoded), encoded);
  assert.equal(textOf({ in: encoded, ß: '日本 😀' }), '{"in":{"a":1},"ß":"日本 😀"}');
  assert.equal(
    textOf(Object.assign(Object.create(null), { a: [null, true, 'x'] })),
    '{"a":[null,true,"x"]}',
  );
});

test('bytes with place for the version byte are taken as they are, others are copied once', () => {
  const reserved = Buffer.from('?{"a":1}');
  const taken = jsonBytes(reserved, { reserved: true });
  assert.equal(taken.wire.buffer, reserved.buffer);
  assert.equal(taken.bytes.toString(), '{"a":1}');
  const given = Buffer.from('{"a":1}');
  assert.deepEqual(jsonBytes(given).wire, taken.wire);
  assert.equal(given.toString(), '{"a":1}', 'what was given is not changed');
});

test('what JSON would make another value of is refused, and says where', () => {
  const cycle: unknown[] = [];
  cycle.push({ cycle });
  class Point {
    readonly x = Number.NaN;
  }
  const refused: readonly (readonly [unknown, RegExp])[] = [
    [undefined, /it is undefined/],
    [() => 1, /it is function/],
    [Symbol('s'), /it is symbol/],
    [10n, /a BigInt has no form/],
    [{ a: { count: 10n } }, /a BigInt at "count"/],
    [{ a: Number.NaN }, /NaN at "a"/],
    [[1, [Infinity]], /Infinity at "0"/],
    [-Infinity, /-Infinity has no form/],
    [[undefined], /undefined at "0"/],
    // oxlint-disable-next-line no-sparse-arrays
    [[1, , 2], /undefined at "1"/],
    [{ list: [() => 1] }, /function at "0"/],
    [{ at: new Date(Number.NaN) }, /an invalid Date at "at"/],
    [{ a: new Map([[1, 2]]) }, /a Map at "a"/],
    [new Set([1]), /a Set has no form/],
    [{ a: /x/ }, /a RegExp at "a"/],
    [{ a: new RangeError('x') }, /a Error at "a"/],
    [{ a: Promise.resolve(1) }, /a Promise at "a"/],
    [{ a: new ArrayBuffer(1) }, /a ArrayBuffer at "a"/],
    [{ a: Buffer.from('x') }, /a Buffer at "a"/],
    [new Float32Array(1), /a Float32Array has no form/],
    [{ point: new Point() }, /NaN at "x"/],
    [{ later: { toJSON: () => ({ y: Number.NaN }) } }, /NaN at "y"/],
    [cycle, /circular/],
    [JSON.parse(nested(100_000)), /nested too deeply/],
  ];
  for (const [value, reason] of refused)
    assert.throws(() => encodeJson(value), { code: 'JSONB_NOT_JSON', message: reason });
});

test('what JSON keeps by its rules is kept', () => {
  assert.equal(textOf({ a: undefined, b: () => 1, c: -0, [Symbol('s')]: 1 }), '{"c":0}');
  const at = new Date(Date.UTC(2026, 0, 2));
  assert.equal(
    textOf([at, { at }]),
    '["2026-01-02T00:00:00.000Z",{"at":"2026-01-02T00:00:00.000Z"}]',
  );
  assert.equal(
    textOf({ n: Object(7), s: Object('x'), u: new URL('https://a.b/') }),
    '{"n":7,"s":"x","u":"https://a.b/"}',
  );
});

test('text that Postgres cannot hold is refused before it is sent', () => {
  for (const value of ['\0', { '\0': 1 }, ['a\\\0'], '\\\\\0'])
    assert.throws(() => encodeJson(value), { code: 'JSONB_TEXT_REFUSED', message: /a zero char/ });
  for (const value of ['\ud800', 'x\udfff', { '\ud83d': 1 }, '\ude00\ud83d', '\\\ud800'])
    assert.throws(() => encodeJson(value), { code: 'JSONB_TEXT_REFUSED', message: /half a surr/ });
  for (const value of ['\\u0000', '\\\\ud800', '\u0001', '\ud83d\ude00', '\\\\\\u0000'])
    assert.equal(JSON.parse(textOf(value)), value);
  assert.throws(() => jsonBytes(Buffer.from([0x22, 0xff, 0x22])), {
    code: 'JSONB_TEXT_REFUSED',
    message: /not UTF-8/,
  });
  assert.throws(() => jsonBytes(Buffer.of()), { code: 'JSONB_NOT_JSON' });
  assert.throws(() => jsonBytes(Buffer.of(0), { reserved: true }), { code: 'JSONB_NOT_JSON' });
});

test('more than jsonb holds is refused before it is sent', () => {
  const large = Buffer.allocUnsafe(268_435_456);
  assert.throws(() => jsonBytes(large), { code: 'JSONB_TOO_LARGE', message: /268435456 bytes/ });
});

for (const where of places) {
  const skip = whyNotHere(where);

  test(`${where}: any JSON value comes back, by parameter and by bytes`, { skip }, async (t) => {
    const database = await openPlace(t, where);
    await database.query('CREATE TABLE t (n int, doc jsonb)');
    const random = randomFrom(20_261_122);
    const values = Array.from({ length: soak ? 20_000 : 200 }, () => randomJson(random));
    await database.transaction(async (transaction) => {
      for (const [n, value] of values.entries())
        await transaction.query('INSERT INTO t VALUES ($1, $2)', [n, encodeJson(value)]);
      const { rows } = await transaction.query<{ doc: unknown }>('SELECT doc FROM t ORDER BY n');
      assert.deepEqual(
        rows.map(({ doc }) => doc),
        values,
      );
      let n = 0;
      for await (const bytes of readJsonBytes(transaction, 'SELECT doc FROM t ORDER BY n')) {
        assert.deepEqual(JSON.parse(bytes?.bytes.toString() ?? ''), values[n]);
        n += 1;
      }
      assert.equal(n, values.length);
    });
  });

  test(`${where}: large documents go uncopied, beside values of all kinds`, { skip }, async (t) => {
    const database = await openPlace(t, where);
    const large = encodeJson({ text: 'é'.repeat(100_000) });
    const larger = jsonBytes(Buffer.from(`[${'1,'.repeat(500_000)}1]`));
    const values = [null, 'ü', large, 7, Buffer.of(0, 255), larger, true, encodeJson(null), ['a']];
    const types = ['text', 'text', 'jsonb', 'int', 'bytea', 'jsonb', 'bool', 'jsonb', 'text[]'];
    const columns = types.map((type, at) => `$${at + 1}::${type} AS c${at}`).join(', ');
    const { rows } = await database.query(`SELECT ${columns}`, values);
    assert.deepEqual(Object.values(rows[0]!), [
      null,
      'ü',
      large.toJSON(),
      7,
      Buffer.of(0, 255),
      larger.toJSON(),
      true,
      null,
      ['a'],
    ]);
    // What is refused, by the server or before it is sent, leaves the connection as it was.
    await assert.rejects(database.query('SELECT $1::int', [large]));
    const cycle: unknown[] = [];
    cycle.push(cycle);
    await assert.rejects(database.query('SELECT $1::jsonb, $2::jsonb', [large, { cycle }]));
    for (let n = 0; n < 3; n += 1) {
      const one = await database.query('SELECT length($1::jsonb::text) AS n', [larger]);
      assert.deepEqual(one.rows, [{ n: 1_500_003 }]);
    }
  });

  test(`${where}: arrays and scalars are documents, and null is one`, { skip }, async (t) => {
    const database = await openPlace(t, where);
    for (const value of [[], [1, [2]], ['{}'], {}, 'x', 1.5, true, null]) {
      const { rows } = await database.query<{ doc: string; kind: string }>(
        'SELECT $1::jsonb::text AS doc, jsonb_typeof($1::jsonb) AS kind',
        [encodeJson(value)],
      );
      assert.deepEqual(JSON.parse(rows[0]!.doc), value);
      assert.notEqual(rows[0]!.kind, null, 'null is the null of JSON');
    }
  });

  test(`${where}: what the server keeps of bytes, and what not`, { skip }, async (t) => {
    const database = await openPlace(t, where);
    const kept = async (text: string): Promise<unknown> =>
      (
        await database.query<{ doc: string }>('SELECT $1::jsonb::text AS doc', [
          jsonBytes(Buffer.from(text)),
        ])
      ).rows[0]!.doc;
    assert.equal(await kept('{"b":1,"a":1,"b":2}'), '{"a": 1, "b": 2}', 'the last of two keys');
    assert.equal(
      await kept('[12345678901234567890.5,1e400]'),
      `[12345678901234567890.5, 1${'0'.repeat(400)}]`,
    );
    assert.equal(await kept('[-0, 1.50, "\\u00e9\\ud83d\\ude00"]'), '[0, 1.50, "é😀"]');
  });

  test(`${where}: what the server does not take is told in words`, { skip }, async (t) => {
    const database = await openPlace(t, where);
    const refusal = async (text: string): Promise<unknown> =>
      await database
        .query('SELECT $1::jsonb', [jsonBytes(Buffer.from(text))])
        .then(() => 'taken', refusedJson);
    const code = 'JSONB_REFUSED';
    const told = async (text: string, message: RegExp): Promise<void> =>
      assert.rejects(Promise.reject(await refusal(text)), { code, message });
    await told('{"a":', /no JSON/);
    await told('{} {}', /no JSON/);
    await told('\uFEFF{}', /no JSON/);
    await told('1e999999', /larger than any of its own/);
    await told('["\\u0000"]', /zero character/);
    await told('["\\ud800"]', /no JSON/);
    await told(`["a\0"]`, /UTF-8|no JSON/);
    // As bytes; JSON.stringify() of such an object ends at some thousand levels.
    const levels = where === 'pglite' ? 3000 : 10_000;
    const deep = await database.query<{ doc: unknown }>('SELECT $1::jsonb AS doc', [
      jsonBytes(Buffer.from(nested(levels))),
    ]);
    assert.equal(depthOf(deep.rows[0]!.doc), levels);
    if (where !== 'pglite') await told(nested(100_000), /max_stack_depth/);
    const elements = `[${'1,'.repeat(23_000_000)}1]`;
    if (soak && where !== 'pglite') await told(elements, /larger than jsonb/);
    const other = new Error('other');
    assert.equal(refusedJson(other), other);
  });
}

test('PGlite: JSON nested so deeply that it would end there for good is refused before it is sent', async (t) => {
  const database = await openPlace(t, 'pglite');
  await database.query('CREATE TABLE t (doc jsonb, docs jsonb[])');
  const deep = nested(100_000);
  const objects = `${'{"a":'.repeat(3001)}1${'}'.repeat(3001)}`;
  const flat = [
    `["${'['.repeat(5000)}\\"${'{'.repeat(5000)}"]`,
    `[${'[],{},'.repeat(5000)}1]`,
    nested(3000),
  ];
  await database.transaction(async (transaction) => {
    const refused: readonly (readonly [string, unknown])[] = [
      ['INSERT INTO t (doc) VALUES ($1)', deep],
      ['INSERT INTO t (doc) VALUES ($1)', ` ${objects}`],
      ['INSERT INTO t (doc) VALUES ($1)', jsonBytes(Buffer.from(objects))],
      ['INSERT INTO t (docs) VALUES ($1)', ['[]', deep]],
      ['SELECT ($1::text)::jsonb', deep],
      ['SELECT unnest($1::text[])::json', [deep]],
    ];
    for (const [text, value] of refused)
      await assert.rejects(transaction.query(text, [value]), { code: 'JSONB_TOO_DEEP' }, text);
    for (const doc of flat) await transaction.query('INSERT INTO t (doc) VALUES ($1)', [doc]);
    // What is no JSON may look as it likes.
    await transaction.query('SELECT $1::text', [deep]);
  });
  assert.equal((await database.query('SELECT FROM t')).rowCount, flat.length);
});

test(
  'a document of 200 MB goes in and comes out',
  { skip: soak ? false : 'only in the soak' },
  async (t) => {
    const database = await openPlace(t, 'embedded-18');
    await database.query('CREATE TABLE t (doc jsonb)');
    await database.transaction(async (transaction) => {
      const doc = encodeJson({ text: 'x'.repeat(200_000_000) });
      await transaction.query('INSERT INTO t VALUES ($1)', [doc]);
      for await (const bytes of readJsonBytes(transaction, 'SELECT doc FROM t')) {
        assert.ok(bytes instanceof JsonBytes);
        assert.equal(bytes.bytes.length, 200_000_012, 'one space more');
      }
    });
  },
);
