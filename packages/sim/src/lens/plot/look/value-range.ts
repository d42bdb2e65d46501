// From values to steps of colour: which range the colours stand for, and what lies outside of it.
import type { ColourMapName } from '../contract.ts';
import { isDiverging, STEPS } from './colours.ts';

/** What was seen of values, frame by frame. */
export interface Seen {
  /** Of those that are finite; Infinity and -Infinity before there was one. */
  least: number;
  largest: number;
  missing: number;
  positiveInfinite: number;
  negativeInfinite: number;
  /** Finite, and outside of the range that was told. */
  below: number;
  above: number;
}

export function nothingSeen(): Seen {
  return {
    least: Infinity,
    largest: -Infinity,
    missing: 0,
    positiveInfinite: 0,
    negativeInfinite: 0,
    below: 0,
    above: 0,
  };
}

export function see(
  seen: Seen,
  values: Float64Array | Float32Array,
  [low, high]: readonly [number, number] = [-Infinity, Infinity],
): void {
  for (let at = 0; at < values.length; at += 1) {
    const value = values[at] as number;
    if (Number.isFinite(value)) {
      if (value < seen.least) seen.least = value;
      if (value > seen.largest) seen.largest = value;
      if (value < low) seen.below += 1;
      if (value > high) seen.above += 1;
    } else if (Number.isNaN(value)) seen.missing += 1;
    else if (value > 0) seen.positiveInfinite += 1;
    else seen.negativeInfinite += 1;
  }
}

/** Told, or what was seen; around zero where the colours have two ends. Never empty. */
export function rangeOf(
  { least, largest }: Seen,
  colours: ColourMapName,
  told: readonly [number, number] | undefined,
): readonly [number, number] {
  if (told !== undefined) return told;
  if (least > largest) return isDiverging(colours) ? [-1, 1] : [0, 1];
  if (isDiverging(colours)) {
    const most = Math.max(Math.abs(least), Math.abs(largest));
    return most === 0 ? [-1, 1] : [-most, most];
  }
  if (least < largest) return [least, largest];
  const around = least === 0 ? 1 : Math.abs(least) / 20;
  return [least - around, least + around];
}

/** Share of the way from the first to the last; below 0 and above 1 outside of it. */
export function shareOf(value: number, [low, high]: readonly [number, number]): number {
  const width = high - low;
  // Halves, where the whole is more than a number holds.
  return Number.isFinite(width)
    ? (value - low) / width
    : (value / 2 - low / 2) / (high / 2 - low / 2);
}

/** The step of colour of a value that is a number. */
export function stepOf(value: number, range: readonly [number, number]): number {
  const step = Math.floor(shareOf(value, range) * STEPS);
  return step < 0 ? 0 : step >= STEPS ? STEPS - 1 : step;
}
