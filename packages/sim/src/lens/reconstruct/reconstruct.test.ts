// Every method against fields that are known everywhere. Errors are stated where they are allowed.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LensField } from '../contract.ts';
import { applyWeights, positionsOf, weigh, type Method } from './index.ts';
import { buildTree } from './tree.ts';

type Known = (x: number, y: number, z: number) => number;

const base = { name: 'f', unit: '', components: [], precision: { type: 'float64' } as const };
const grid: LensField = {
  ...base,
  topology: {
    kind: 'grid',
    rows: 40,
    columns: 60,
    extent: [
      [-3, 3],
      [10, 14],
    ],
  },
  reconstruction: 'linear',
};
const sphere: LensField = {
  ...base,
  topology: { kind: 'sphere', rows: 90, columns: 180 },
  reconstruction: 'linear',
};
const points: LensField = { ...base, topology: { kind: 'points' }, reconstruction: 'linear' };

const random = randomFrom(7);
const directions = (count: number): Float64Array => {
  const out: number[] = [];
  while (out.length < count * 3) {
    const [x, y, z] = [random() * 2 - 1, random() * 2 - 1, random() * 2 - 1];
    const length = Math.hypot(x, y, z);
    if (length <= 1 && length > 0.1) out.push(x / length, y / length, z / length);
  }
  return Float64Array.from(out);
};
const onPlane = (count: number): Float64Array =>
  Float64Array.from({ length: count * 3 }, (_, at) =>
    at % 3 === 0 ? random() * 6 - 3 : at % 3 === 1 ? 10 + random() * 4 : 5,
  );
/** Poles, the date line from both sides, and everywhere. */
const edges = Float64Array.of(
  0,
  0,
  1,
  0,
  0,
  -1,
  -1,
  0,
  0,
  -1,
  1e-9,
  0,
  -1,
  -1e-9,
  0,
  1e-9,
  0,
  1,
  0,
  -1e-9,
  -1,
  1,
  0,
  0,
);
const everywhere = Float64Array.of(...edges, ...directions(500));

/** The largest difference between a known field and its reconstruction. */
function errorOf(
  field: LensField,
  known: Known,
  at: Float64Array,
  method: Method,
  samplesAt?: Float64Array,
): number {
  const places = samplesAt ?? positionsOf(field, { count: 0, positions: null });
  const samples = { count: places.length / 3, positions: samplesAt ?? null };
  const values = Float64Array.from({ length: samples.count }, (_, n) =>
    known(places[n * 3]!, places[n * 3 + 1]!, places[n * 3 + 2]!),
  );
  const found = applyWeights(weigh(field, samples, at, method), values, 1);
  let most = 0;
  for (const [n, value] of found.entries())
    most = Math.max(most, Math.abs(value - known(at[n * 3]!, at[n * 3 + 1]!, at[n * 3 + 2]!)));
  return most;
}

test('linear is exact for what is linear: on a grid to its edges, and between points of a plane', () => {
  const known: Known = (x, y) => 3 * x - 2 * y + 1;
  const corners = Float64Array.of(-3, 10, 0, 3, 14, 0, 3, 10, 0, -2.95, 13.99, 0);
  assert.ok(errorOf(grid, known, Float64Array.of(...corners, ...onPlane(300)), 'linear') < 1e-12);
  const samples = onPlane(400);
  const inside = onPlane(300).map((value, at) =>
    at % 3 === 0 ? value * 0.8 : at % 3 === 1 ? 12 + (value - 12) * 0.8 : value,
  );
  assert.ok(errorOf(points, known, inside, 'linear', samples) < 1e-9);
});

test('smooth fields are met within what the distance of samples allows', () => {
  const wave: Known = (x, y) => Math.sin(x) * Math.cos(y);
  const harmonic: Known = (x, y, z) => x * y + 2 * z * z - 0.5 * x * z;
  const cell = 0.1;
  const ring = Math.PI / 90;
  const within = (error: number, allowed: number): void =>
    assert.ok(error <= allowed, `${error} is above ${allowed}`);
  within(errorOf(grid, wave, onPlane(500), 'linear'), cell ** 2 / 4);
  within(errorOf(grid, wave, onPlane(500), 'nearest'), cell);
  within(errorOf(grid, wave, onPlane(500), 'idw'), cell);
  within(errorOf(sphere, harmonic, everywhere, 'linear'), 4 * ring ** 2);
  within(errorOf(sphere, harmonic, everywhere, 'nearest'), 4 * ring);
  within(errorOf(sphere, harmonic, everywhere, 'idw'), 4 * ring);
  const samples = directions(4000);
  within(errorOf(points, harmonic, everywhere, 'linear', samples), 0.03);
  within(errorOf(points, harmonic, everywhere, 'nearest', samples), 0.3);
  within(errorOf(points, harmonic, everywhere, 'idw', samples), 0.3);
});

test('a pole has one value, and the date line no seam', () => {
  const values = Float64Array.from({ length: 90 * 180 }, (_, at) => Math.sin(at));
  const at = (...position: number[]): number =>
    applyWeights(
      weigh(sphere, { count: values.length, positions: null }, Float64Array.from(position)),
      values,
      1,
    )[0]!;
  for (const pole of [1, -1])
    for (const [x, y] of [
      [1e-12, 0],
      [-1e-12, 0],
      [0, 1e-12],
      [-1e-13, -1e-13],
    ] as const)
      assert.ok(Math.abs(at(x, y, pole) - at(0, 0, pole)) < 1e-9);
  for (const z of [-0.9, 0, 0.5]) assert.ok(Math.abs(at(-1, 1e-12, z) - at(-1, -1e-12, z)) < 1e-9);
});

test('on a sphere only the direction counts', () => {
  const near = directions(100);
  const far = near.map((one) => one * 6371e3);
  const where = directions(500);
  for (const method of ['nearest', 'linear', 'idw'] as const)
    for (const field of [sphere, points]) {
      if (field === points && method !== 'linear') continue;
      const samples = { count: 16_200, positions: where };
      const [one, other] = [near, far].map((at) => weigh(field, samples, at, method));
      assert.deepEqual(one!.samples, other!.samples);
      for (const [at, weight] of one!.weights.entries())
        assert.ok(Math.abs(weight - other!.weights[at]!) < 1e-9);
    }
});

test('a sample is met where it stands, by every method', () => {
  const samples = directions(200);
  for (const method of ['nearest', 'linear', 'idw'] as const)
    assert.ok(
      errorOf(points, (x, y, z) => x * 7 + y - z * 3, samples, method, samples) < 1e-9,
      method,
    );
});

test('weights add up to one, and vectors go through them part by part', () => {
  const samples = directions(50);
  for (const method of ['nearest', 'linear', 'idw'] as const) {
    const weights = weigh(points, { count: 50, positions: samples }, everywhere, method);
    for (let at = 0; at < weights.count; at += 1) {
      const sum = weights.weights
        .subarray(at * weights.each, (at + 1) * weights.each)
        .reduce((all, one) => all + one, 0);
      assert.ok(Math.abs(sum - 1) < 1e-12);
    }
    const ones = applyWeights(
      weights,
      Float32Array.from({ length: 150 }, (_, at) => at % 3),
      3,
    );
    for (const [at, value] of ones.entries()) assert.ok(Math.abs(value - (at % 3)) < 1e-6);
  }
});

test('what is outside, or has no triangles, is said', () => {
  const outside = { code: 'LENS_POSITION_OUTSIDE' };
  assert.throws(
    () => weigh(grid, { count: 2400, positions: null }, Float64Array.of(3.01, 12, 0)),
    outside,
  );
  assert.throws(
    () => weigh(grid, { count: 2400, positions: null }, Float64Array.of(Number.NaN, 12, 0)),
    outside,
  );
  assert.throws(
    () => weigh(sphere, { count: 1, positions: null }, Float64Array.of(0, 0, 0)),
    outside,
  );
  const square = Float64Array.of(0, 0, 0, 1, 0, 0, 0, 1, 0, 1, 1, 0);
  assert.throws(
    () => weigh(points, { count: 4, positions: square }, Float64Array.of(2, 2, 0)),
    outside,
  );
  const line = Float64Array.of(0, 0, 0, 1, 0, 0, 2, 0, 0);
  assert.throws(() => weigh(points, { count: 3, positions: line }, Float64Array.of(1, 0, 0)), {
    code: 'LENS_METHOD_UNFIT',
  });
  const space = Float64Array.from({ length: 30 }, () => random());
  assert.throws(() => weigh(points, { count: 10, positions: space }, Float64Array.of(1, 0, 0)), {
    code: 'LENS_METHOD_UNFIT',
  });
  assert.throws(
    () => weigh(points, { count: 0, positions: null }, Float64Array.of(1, 0, 0), 'idw'),
    outside,
  );
});

test('the tree finds what looking at all finds', () => {
  for (const count of [1, 15, 17, 1000]) {
    const all = Float64Array.from({ length: count * 3 }, () => Math.round(random() * 20));
    const tree = buildTree(all);
    for (let round = 0; round < 50; round += 1) {
      const position = Float64Array.of(random() * 20, Math.round(random() * 20), random() * 20);
      const expected = Array.from({ length: count }, (_, point) => ({
        point,
        distanceSquared:
          (all[point * 3]! - position[0]!) ** 2 +
          (all[point * 3 + 1]! - position[1]!) ** 2 +
          (all[point * 3 + 2]! - position[2]!) ** 2,
      })).toSorted((a, b) => a.distanceSquared - b.distanceSquared || a.point - b.point);
      assert.deepEqual(tree.nearest(position, 8), expected.slice(0, 8));
    }
  }
});

function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
