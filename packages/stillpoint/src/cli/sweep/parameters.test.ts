import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parametersOf } from './parameters.ts';

test('a list is taken as it is, values are combined with the last changing fastest', () => {
  assert.deepEqual(parametersOf([{ a: 1 }, {}, { b: -0.5, a: 2 }]), [
    { a: 1 },
    {},
    { b: -0.5, a: 2 },
  ]);
  assert.deepEqual(parametersOf({ a: [1, 2], b: [3, 4, 5] }), [
    { a: 1, b: 3 },
    { a: 1, b: 4 },
    { a: 1, b: 5 },
    { a: 2, b: 3 },
    { a: 2, b: 4 },
    { a: 2, b: 5 },
  ]);
});

test('what is no list of parameters is refused with the place', () => {
  for (const [written, words] of [
    [[], /empty/],
    [{}, /empty/],
    [null, /neither/],
    ['a', /neither/],
    [[1], /entry 1 is no object/],
    [[{}, { a: '2' }], /entry 2 has no number as a/],
    [{ a: [] }, /a has no list/],
    [{ a: 5 }, /a has no list/],
    [{ a: [1, null] }, /a has no list/],
    [{ a: numbers(1001), b: numbers(1001) }, /more than 1000000/],
  ] as const)
    assert.throws(() => parametersOf(written), words);
});

function numbers(count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => index);
}
