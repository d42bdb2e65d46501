// Ticks of an axis: round numbers, each with as many digits as tell it from its neighbours.
import { tickStep, ticks } from 'd3-array';
import { format, precisionFixed, precisionRound } from 'd3-format';

export interface Tick {
  readonly value: number;
  readonly text: string;
}

const LEAST_WIDTH = 1e-300;

/** About `count` of them, within the range. */
export function numberTicks(
  [low, high]: readonly [number, number],
  count: number,
): readonly Tick[] {
  const [from, to] = low < high ? [low, high] : [high, low];
  const width = to - from;
  // A width that no number holds, or so small that a part of it is none.
  const found = width > LEAST_WIDTH && width < Infinity ? ticks(from, to, count) : [from, to];
  const values = found.length === 0 || found.length > 4 * count + 4 ? [from, to] : found;
  const text = textOf(values, values === found ? tickStep(from, to, count) : Number.NaN);
  return values.map((value) => ({ value, text: text(value) }));
}

function textOf(values: readonly number[], step: number): (value: number) => string {
  const largest = Math.max(...values.map(Math.abs));
  const decimals = Number.isFinite(step) && step > 0 ? precisionFixed(step) : 0;
  const isPlain = largest < 1e6 && decimals <= 4;
  if (isPlain) return format(`,.${decimals}f`);
  if (!(Number.isFinite(step) && step > 0)) return (value) => exponentText(format('.2~e')(value));
  const digits = Math.min(Math.max(precisionRound(step, largest) - 1, 0), 15);
  return (value) => (value === 0 ? '0' : exponentText(format(`.${digits}~e`)(value)));
}

/** A number by itself: few digits, and none that mean nothing. */
export function valueText(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'no value' : value > 0 ? '∞' : '−∞';
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e6 || size < 1e-4)) return exponentText(format('.3~e')(value));
  return format(',.5~r')(value);
}

const superscripts = '⁰¹²³⁴⁵⁶⁷⁸⁹';

/** `1.5e+6` is `1.5×10⁶`. */
function exponentText(text: string): string {
  const [, mantissa = text, sign = '', exponent] = /^(.*)e([+−-]?)(\d+)$/.exec(text) ?? [];
  if (exponent === undefined) return text;
  const raised = exponent.replaceAll(/\d/g, (digit) => superscripts[Number(digit)]!);
  const power = `10${sign === '+' || sign === '' ? '' : '⁻'}${raised}`;
  if (mantissa === '1') return power;
  return mantissa === '−1' ? `−${power}` : `${mantissa}×${power}`;
}
