import assert from 'node:assert/strict';
import { test } from 'node:test';
import { COLOUR_MAPS } from './contract.ts';
import { isDiverging, STEPS, tableOf } from './look/colours.ts';
import { latitudeTicks, longitudeTicks } from './look/degree-ticks.ts';
import { numberTicks, valueText } from './look/number-ticks.ts';
import { nothingSeen, rangeOf, see, stepOf } from './look/value-range.ts';
import { worldTimeText, worldTimeTicks } from './look/world-time.ts';

const texts = (range: readonly [number, number], count = 5): string =>
  numberTicks(range, count)
    .map(({ text }) => text)
    .join(' ');

test('ticks are round, and have as many digits as they need', () => {
  assert.equal(texts([0, 10]), '0 2 4 6 8 10');
  assert.equal(texts([-1, 1], 4), '−1.0 −0.5 0.0 0.5 1.0');
  assert.equal(texts([287.93, 288.02], 4), '287.94 287.96 287.98 288.00 288.02');
  assert.equal(texts([0, 25_000]), '0 5,000 10,000 15,000 20,000 25,000');
  assert.equal(texts([0, 3e9], 3), '0 10⁹ 2×10⁹ 3×10⁹');
  assert.equal(texts([-2e-7, 1e-7], 3), '−2×10⁻⁷ −10⁻⁷ 0 10⁻⁷');
  assert.equal(texts([10, 0]), texts([0, 10]));
  for (const range of [
    [7, 7],
    [-1e308, 1e308],
    [0, 5e-324],
    [1, 1 + Number.EPSILON],
  ] as const) {
    const found = numberTicks(range, 5);
    assert.ok(found.length >= 2 && found.length < 30);
    assert.ok(
      found.every(({ text }) => text !== '' && !text.includes('NaN')),
      range.join(),
    );
  }
  assert.deepEqual([0, 0.1, 1 / 3, 123_456_789, -1e-9, Infinity].map(valueText), [
    '0',
    '0.1',
    '0.33333',
    '1.235×10⁸',
    '−10⁻⁹',
    '∞',
  ]);
});

test('degrees have their side', () => {
  assert.equal(
    longitudeTicks(60)
      .map(({ text }) => text)
      .join(' '),
    '180° 120°W 60°W 0° 60°E 120°E 180°',
  );
  assert.equal(
    latitudeTicks(45)
      .map(({ text }) => text)
      .join(' '),
    '90°S 45°S 0° 45°N 90°N',
  );
});

test('times of the world have the unit that fits', () => {
  assert.deepEqual([0, 90, 3600, 10_800, 3_960_000, 1e9, -90, 1e-9].map(worldTimeText), [
    '0 s',
    '90 s',
    '60 min',
    '3 h',
    '45.83 d',
    '31.69 a',
    '−90 s',
    '10⁻⁹ s',
  ]);
  const day = worldTimeTicks([0, 86_400], 8);
  assert.deepEqual(
    [day.unit, day.ticks.map(({ text }) => text).join(' ')],
    ['hours', '0 3 6 9 12 15 18 21 24'],
  );
  assert.equal(day.ticks[1]!.value, 3 * 3600);
  const years = worldTimeTicks([0, 1e12], 4);
  assert.deepEqual([years.unit, years.ticks.length > 2], ['years', true]);
});

test('colours go from their first to their last, and each map has its own', () => {
  const tables = COLOUR_MAPS.map((name) => tableOf(name));
  assert.equal(new Set(tables.map((table) => table.join())).size, COLOUR_MAPS.length);
  assert.deepEqual([...tables[0]!.subarray(0, 3)], [68, 1, 84]);
  assert.deepEqual([...tables[0]!.subarray(765)], [253, 231, 37]);
  // Of a map that goes one way each step is lighter than the one before, or nearly.
  for (const [at, name] of COLOUR_MAPS.entries()) {
    const light = Array.from({ length: STEPS }, (_, step) => {
      const [red, green, blue] = tables[at]!.subarray(step * 3, step * 3 + 3) as never as [
        number,
        number,
        number,
      ];
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    });
    if (!isDiverging(name))
      assert.ok(
        light.every((one, step) => step === 0 || one >= light[step - 1]! - 1.5),
        name,
      );
    else assert.ok(light[128]! > light[0]! + 100 && light[128]! > light[255]! + 100);
  }
});

test('the range is what was seen, told, or around zero; and never empty', () => {
  const seen = nothingSeen();
  assert.deepEqual(rangeOf(seen, 'viridis', undefined), [0, 1]);
  see(seen, Float64Array.of(-2, 5, Number.NaN, Infinity, -Infinity), [0, 4]);
  assert.deepEqual(seen, {
    least: -2,
    largest: 5,
    missing: 1,
    positiveInfinite: 1,
    negativeInfinite: 1,
    below: 1,
    above: 1,
  });
  assert.deepEqual(rangeOf(seen, 'viridis', undefined), [-2, 5]);
  assert.deepEqual(rangeOf(seen, 'rdbu', undefined), [-5, 5]);
  assert.deepEqual(rangeOf(seen, 'rdbu', [1, 2]), [1, 2]);
  assert.deepEqual(
    [-9, 0, 0.999, 1, 9].map((one) => stepOf(one, [0, 1])),
    [0, 0, 255, 255, 255],
  );
  assert.deepEqual(
    [-Infinity, Infinity].map((one) => stepOf(one, [0, 1])),
    [0, 255],
  );
});
