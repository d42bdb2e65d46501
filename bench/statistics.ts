// The few statistics that the benchmarks use. An empty list is a programmer's mistake, not zero.
import assert from 'node:assert/strict';

export function median(values: readonly number[]): number {
  assert(values.length > 0, 'the median of nothing');
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

export function largest(values: readonly number[]): number {
  assert(values.length > 0, 'the largest of nothing');
  return values.reduce((a, b) => Math.max(a, b));
}
