import assert from 'node:assert/strict';
import { test } from 'node:test';
import { choosePruned } from './choose-pruned.ts';
import { differenceOf, numbersOf, summaryOf } from './numbers.ts';
import { digestOf } from '@stillpoint/core';

test('a summary is over finite numbers, and large ones do not overflow', () => {
  assert.deepEqual(summaryOf(new Float64Array([1, 2, 6, Number.NaN, -Infinity])), {
    min: 1,
    max: 6,
    mean: 3,
    notFinite: 2,
  });
  assert.deepEqual(summaryOf(new Float64Array()), {
    min: null,
    max: null,
    mean: null,
    notFinite: 0,
  });
  const { mean } = summaryOf(new Float64Array([1.7e308, 1.7e308, 1.7e308]));
  assert.ok(Math.abs(mean! - 1.7e308) < 1e294);
  assert.deepEqual(summaryOf(new Int16Array([-3, 3])), { min: -3, max: 3, mean: 0, notFinite: 0 });
});

test('a difference counts elements and says how far they are apart', () => {
  const a = new Float64Array([1, 2, 0, Number.NaN, 5, Infinity]);
  assert.equal(differenceOf(a, a.slice()), undefined);
  assert.deepEqual(differenceOf(a, new Float64Array([1, 4, -0, Number.NaN, 6, 1])), {
    elements: 6,
    differing: 4,
    first: 1,
    maxAbsolute: 2,
    maxRelative: 0.5,
  });
  assert.deepEqual(differenceOf(new Float64Array([Infinity]), new Float64Array([Number.NaN])), {
    elements: 1,
    differing: 1,
    first: 0,
    maxAbsolute: null,
    maxRelative: null,
  });
});

test('bytes at an odd place are read as the numbers that they are', () => {
  const bytes = new Uint8Array(17).subarray(1);
  new DataView(bytes.buffer, 1).setFloat64(8, 2.5, true);
  assert.deepEqual([...numbersOf('f64', bytes)], [0, 2.5]);
});

test('whatever the rule of pruning, bases of what stays and the newest stay', () => {
  const names = (ticks: readonly (readonly [number, number | null])[]) =>
    ticks.map(([tick, base]) => ({
      tick,
      file: `c${tick}`,
      bytes: 1,
      digest: digestOf(Buffer.from(`${tick}`)),
      base: base === null ? null : `c${base}`,
      createdAt: '',
    }));
  const run = names([
    [0, null],
    [10, 0],
    [20, 0],
    [30, null],
    [40, 30],
  ]);
  const ticks = (list: readonly { readonly tick: number }[]): number[] =>
    list.map(({ tick }) => tick);
  const keep = choosePruned(run, { keep: 1 }, 'c40');
  assert.deepEqual([ticks(keep.gone), ticks(keep.needed)], [[0, 10, 20], [30]]);
  const before = choosePruned(run, { before: 20 }, 'c40');
  assert.deepEqual([ticks(before.gone), ticks(before.needed)], [[10], [0]]);
  assert.deepEqual(ticks(choosePruned(run, { before: 1000 }, 'c10').kept), [0, 10, 30, 40]);
  assert.deepEqual(ticks(choosePruned(run, { keep: 0 }, undefined).kept), [30, 40]);
  const every = choosePruned(run, { every: 20 }, 'c40');
  assert.deepEqual([ticks(every.gone), ticks(every.needed)], [[10], [30]]);
  assert.deepEqual(choosePruned([], { keep: 1 }, undefined).gone, []);
});
