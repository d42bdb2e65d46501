import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isFailure } from '@stillpoint/core';
import { hashOwnState } from './own-hash.ts';
import { differencesOf, identityOf } from './own-identity.ts';
import { arrayOf, bytesOf, isWasmMemory, partsOf } from './own-state.ts';
import { plainJson } from './plain-json.ts';
import { createPool } from './pool.ts';

interface Memory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): void;
}
const { Memory } = (
  globalThis as unknown as {
    readonly WebAssembly: { readonly Memory: new (of: { readonly initial: number }) => Memory };
  }
).WebAssembly;

const everyType = {
  a: new Float64Array([1.5, -0]),
  b: new Float32Array([1.5]),
  c: new Int32Array([-1]),
  d: new Uint32Array([2 ** 32 - 1]),
  e: new Int16Array([-1]),
  f: new Uint16Array([1]),
  g: new Int8Array([-1]),
  h: new Uint8Array([1]),
  i: new Uint8ClampedArray([300]),
  j: new BigInt64Array([-1n]),
  k: new BigUint64Array([2n ** 64n - 1n]),
  l: new DataView(new ArrayBuffer(3)),
  m: new Uint16Array([7]).buffer,
  n: new Float64Array(0),
  o: Buffer.from('pooled'),
  p: new Float64Array(new SharedArrayBuffer(16)),
};

test('an array of any type comes back as it was', () => {
  for (const [name, array] of Object.entries(everyType)) {
    const [part] = partsOf({ [name]: array });
    const { bytes, dtype, shape } = part!;
    const elements = shape.reduce((product, one) => product * one, 1);
    assert.equal((elements * Number(dtype.slice(1))) / 8, bytes.byteLength, name);
    const back = arrayOf(part!.type, new Uint8Array(bytes));
    assert.deepEqual(bytesOf(back), new Uint8Array(bytes), name);
    if (name !== 'o' && name !== 'p') assert.deepEqual(back, array, name);
  }
  const far = new Uint8Array([9, 9, 9, 1, 0, 0, 0]).subarray(3);
  assert.deepEqual(arrayOf('Uint32Array', far), new Uint32Array([1]));
});

test('arrays stand in the order of their names, also names that look like numbers', () => {
  const names = (arrays: Parameters<typeof partsOf>[0]): readonly string[] =>
    partsOf(arrays).map(({ name }) => name);
  const one = new Uint8Array(1);
  assert.deepEqual(names({ b: one, '10': one, '9': one, a: one }), ['10', '9', 'a', 'b']);
  assert.throws(() => names({ '': one }), TypeError);
  assert.throws(() => names({ 'a\nb': one }), TypeError);
  assert.throws(() => names({ a: [1, 2] as unknown as Uint8Array }), /a is no typed array/);
});

test('an array whose memory is gone is refused, not stored as an empty one', () => {
  const memory = new Memory({ initial: 1 });
  const view = new Float64Array(memory.buffer, 0, 4);
  assert.equal(isWasmMemory(view), true);
  memory.grow(1);
  assert.throws(
    () => partsOf({ view }),
    (error) => isFailure(error, 'RUN_ARRAY_DETACHED'),
  );
});

test('a view of a buffer that was made smaller is refused, not stored as an empty one', () => {
  const buffer = new ArrayBuffer(64, { maxByteLength: 64 });
  const arrays = { fixed: new Float64Array(buffer, 0, 8), bytes: new DataView(buffer, 32, 32) };
  const follows = new Float64Array(buffer);
  assert.equal(partsOf({ ...arrays, follows }).length, 3);
  buffer.resize(16);
  for (const [name, array] of Object.entries(arrays))
    assert.throws(
      () => partsOf({ [name]: array }),
      (error) => isFailure(error, 'RUN_ARRAY_DETACHED'),
    );
  assert.deepEqual(partsOf({ follows })[0]!.shape, [2]);
});

test('only memory of WebAssembly is taken for it, and to ask takes nothing away', () => {
  const own = new Float64Array(8192);
  own[0] = 5;
  assert.equal(isWasmMemory(own), false);
  assert.equal(own[0], 5);
  assert.equal(isWasmMemory(Buffer.from('from the pool')), false);
  assert.equal(isWasmMemory(new Float64Array(0)), false);
  assert.equal(isWasmMemory(new SharedArrayBuffer(65_536)), false);
});

test('what JSON would lose is refused with its path', () => {
  assert.deepEqual(plainJson({ a: [1, 'x', null, { b: true }], c: undefined }), {
    a: [1, 'x', null, { b: true }],
  });
  assert.equal(plainJson(undefined), null);
  for (const [value, message] of [
    [{ a: { b: Number.NaN } }, /state\.json\.a\.b is nothing .* NaN/],
    [[0, new Map()], /state\.json\[1\] .* a Map/],
    [{ at: new Date() }, /state\.json\.at .* a Date/],
    [{ f: () => 1 }, /state\.json\.f/],
    [{ n: 1n }, /state\.json\.n/],
    [[undefined], /state\.json\[0\]/],
    // oxlint-disable-next-line no-sparse-arrays -- this is what is asked
    [[1, , 2], /state\.json\[1\]/],
    [{ '\ud800': 1 }, /state\.json is nothing/],
    [{ [Symbol('s')]: 1 }, /state\.json is nothing/],
    ['\ud800', /half a character/],
  ] as const)
    assert.throws(() => plainJson(value), message);
});

test('the hash of a state is of its numbers: not of the order of keys, and not of which NaN', () => {
  const nan = new Float64Array([Number.NaN, 1]);
  const other = new Float64Array([0, 1]);
  new Uint8Array(other.buffer).set([1, 0, 0, 0, 0, 0, 0xf8, 0x7f]);
  assert.equal(hashOwnState({ arrays: { nan } }), hashOwnState({ arrays: { nan: other } }));
  assert.equal(
    hashOwnState({ arrays: { a: nan, b: other }, json: { x: 1, y: 2 } }),
    hashOwnState({ arrays: { b: other, a: nan }, json: { y: 2, x: 1 } }),
  );
  const hash = hashOwnState({ arrays: { a: new Float64Array([1]) }, json: 1 });
  for (const arrays of [
    { a: new Float64Array([1.0000000000000002]) },
    { a: new Float64Array([1, 0]) },
    { b: new Float64Array([1]) },
    { a: new BigUint64Array(new Float64Array([1]).buffer) },
  ])
    assert.notEqual(hashOwnState({ arrays, json: 1 }), hash);
  assert.notEqual(hashOwnState({ arrays: { a: new Float64Array([1]) }, json: 2 }), hash);
  // Longer than a block, and ending within one.
  const long = new Float64Array(20_001);
  long[20_000] = Number.NaN;
  const before = hashOwnState({ arrays: { long } });
  long[20_000] = 0;
  assert.notEqual(hashOwnState({ arrays: { long } }), before);
});

test('what differs between two loops is named', () => {
  const parts = partsOf({ x: new Float64Array(1) });
  const is = identityOf('loop', { code: 'v1', gravity: 9.81 }, parts);
  assert.deepEqual(differencesOf(is, identityOf('loop', { code: 'v1', gravity: 9.81 }, parts)), []);
  const longer = partsOf({ x: new Float64Array(2) });
  assert.deepEqual(
    differencesOf(is, identityOf('loop', { code: 'v1', gravity: 9.81 }, longer)),
    [],
    'how long an array is may change while the loop runs',
  );
  const changed = identityOf(
    'loop',
    { code: 'v1', gravity: 9.8 },
    partsOf({ y: new Uint8Array(1) }),
  );
  assert.deepEqual(differencesOf(is, changed), ['array x', 'array y', 'hash gravity']);
  assert.match(
    differencesOf(is, identityOf('other', 'v1', parts))[0]!,
    /the name \(loop, now other\)/,
  );
});

test('a pool hands out each of its buffers once, and again when it was given back', () => {
  const x = new Float64Array([1, 2, 3]);
  const parts = partsOf({ x, y: new Uint8Array([7]) });
  const pool = createPool(2, parts);
  const [one, two] = [pool.copy(parts), pool.copy(parts)];
  assert.ok(one !== undefined && two !== undefined);
  assert.notEqual(one.buffer, two.buffer);
  assert.equal(pool.copy(parts), undefined);
  x[0] = 9;
  const [copied, flag] = one.copied;
  assert.deepEqual([...new Float64Array(one.buffer, copied!.offsetBytes, 3)], [1, 2, 3]);
  assert.equal(flag!.offsetBytes % 64, 0);
  one.release();
  one.release();
  assert.equal(pool.copy(parts)?.buffer, one.buffer);
  assert.equal(pool.copy(parts), undefined, 'given back twice, it is there once');
  two.release();
  const grown = partsOf({ x: new Float64Array(1000).fill(4) });
  const larger = pool.copy(grown);
  assert.deepEqual(new Set(new Float64Array(larger!.buffer, 0, 1000)), new Set([4]));
});
