// Numbers that stand for many samples. Each sample counts the same; those that are NaN are left out, and counted as missing.
import type { Statistic } from './contract.ts';

const NAMES = ['min', 'max', 'mean', 'std', 'sum', 'count', 'missing'];

export function isStatistic(text: string): text is Statistic {
  const percent = /^p(\d{1,2}(?:\.\d+)?|100)$/.exec(text)?.[1];
  return NAMES.includes(text) || percent !== undefined;
}

/** One after the other, each with all components. */
export function statisticsOf(
  statistics: readonly Statistic[],
  values: Float64Array | Float32Array,
  width: number,
  samples: Int32Array | null,
): Float64Array {
  const out = new Float64Array(statistics.length * width);
  for (let component = 0; component < width; component += 1) {
    const { numbers, missing } = numbersOf(values, width, component, samples);
    const needsOrder = statistics.some((one) => /^p\d/.test(one));
    // Typed arrays sort by number.
    if (needsOrder) numbers.sort();
    for (const [at, one] of statistics.entries())
      out[at * width + component] = one === 'missing' ? missing : statistic(one, numbers);
  }
  return out;
}

function numbersOf(
  values: Float64Array | Float32Array,
  width: number,
  component: number,
  samples: Int32Array | null,
): { readonly numbers: Float64Array; readonly missing: number } {
  const count = samples?.length ?? values.length / width;
  const numbers = new Float64Array(count);
  let found = 0;
  for (let at = 0; at < count; at += 1) {
    const value = values[(samples === null ? at : samples[at]!) * width + component] as number;
    if (Number.isNaN(value)) continue;
    numbers[found] = value;
    found += 1;
  }
  return { numbers: numbers.subarray(0, found), missing: count - found };
}

function statistic(name: Statistic, numbers: Float64Array): number {
  if (name === 'count') return numbers.length;
  if (name === 'sum') return sumOf(numbers);
  if (numbers.length === 0) return Number.NaN;
  if (name === 'min') return numbers.reduce((least, one) => Math.min(least, one), Infinity);
  if (name === 'max') return numbers.reduce((most, one) => Math.max(most, one), -Infinity);
  if (name === 'mean') return sumOf(numbers) / numbers.length;
  if (name === 'std') return deviationOf(numbers);
  return percentile(numbers, Number(name.slice(1)));
}

/** Compensated (Neumaier), so that many samples lose no digits. What is infinite stays so. */
function sumOf(numbers: Float64Array): number {
  let sum = 0;
  let lost = 0;
  for (const one of numbers) {
    const next = sum + one;
    lost += Math.abs(sum) >= Math.abs(one) ? sum - next + one : one - next + sum;
    sum = next;
  }
  return Number.isFinite(sum) ? sum + lost : sum;
}

function deviationOf(numbers: Float64Array): number {
  const mean = sumOf(numbers) / numbers.length;
  return Math.sqrt(sumOf(numbers.map((one) => (one - mean) ** 2)) / numbers.length);
}

function percentile(ordered: Float64Array, percent: number): number {
  const place = (percent / 100) * (ordered.length - 1);
  const low = ordered[Math.floor(place)] as number;
  const high = ordered[Math.ceil(place)] as number;
  // Also where both are infinite.
  return low === high ? low : low + (high - low) * (place - Math.floor(place));
}
