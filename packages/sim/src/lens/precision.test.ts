import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inPrecision, parsePrecision, precisionText } from './precision.ts';

test('precisions are written and read', () => {
  for (const text of ['f64', 'f32', 'f32:bits:12', 'f64:bits:30']) {
    const precision = parsePrecision(text);
    assert.ok(precision);
    assert.equal(precisionText(precision), text);
  }
  assert.deepEqual(parsePrecision('bits:12'), { type: 'float32', bits: 12 });
  for (const text of ['', 'f16', 'bits:0', 'bits:23', 'bits:99', 'f64:bits:52', 'bits:-1', 'f32 '])
    assert.equal(parsePrecision(text), undefined, text);
});

test('what is rounded away is at most half of the last bit that is kept', () => {
  const values = Float64Array.from(
    { length: 1000 },
    (_, at) => Math.sin(at) * 10 ** ((at % 40) - 20),
  );
  for (const type of ['float64', 'float32'] as const)
    for (const bits of [1, 8, 12, 20]) {
      const kept = inPrecision(values, { type, bits });
      const whole = inPrecision(values, { type });
      for (const [at, value] of whole.entries()) {
        const step = 2 ** (Math.floor(Math.log2(Math.abs(value))) - bits);
        assert.ok(
          Math.abs(kept[at]! - value) <= step / 2,
          `${type} ${bits}: ${value} became ${kept[at]}`,
        );
      }
      assert.deepEqual(inPrecision(kept, { type, bits }), kept, 'rounded once is rounded');
    }
});

test('infinities, zeros and NaN stay what they are', () => {
  const special = Float64Array.of(Infinity, -Infinity, Number.NaN, 0, -0);
  for (const text of ['f64', 'f32', 'bits:5', 'f64:bits:5'])
    assert.deepEqual([...inPrecision(special, parsePrecision(text)!)], [...special], text);
});
