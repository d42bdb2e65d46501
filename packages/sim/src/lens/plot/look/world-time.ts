// Times of a world as people read them: seconds, and what they add up to.
import { format } from 'd3-format';
import { numberTicks, valueText, type Tick } from './number-ticks.ts';

interface Unit {
  readonly seconds: number;
  readonly sign: string;
  readonly name: string;
  /** Steps that are round in it, besides those of ten. */
  readonly steps: readonly number[];
}

const DAY_SECONDS = 86_400;
const units: readonly Unit[] = [
  { seconds: 365.25 * DAY_SECONDS, sign: 'a', name: 'years', steps: [] },
  { seconds: DAY_SECONDS, sign: 'd', name: 'days', steps: [] },
  { seconds: 3600, sign: 'h', name: 'hours', steps: [1, 2, 3, 6, 12, 24] },
  { seconds: 60, sign: 'min', name: 'minutes', steps: [1, 2, 5, 10, 15, 30, 60] },
  { seconds: 1, sign: 's', name: 'seconds', steps: [] },
];

/** The largest of which there are two. */
function unitOf(seconds: number): Unit {
  return units.find((unit) => Math.abs(seconds) >= 2 * unit.seconds) ?? units.at(-1)!;
}

/** `45.83 d`, `90 s`. */
export function worldTimeText(seconds: number): string {
  const { seconds: size, sign } = unitOf(seconds);
  const value = seconds / size;
  return `${Math.abs(value) < 1e6 && Math.abs(value) >= 1e-4 ? format(',.4~r')(value) : valueText(value)} ${sign}`;
}

/** The same unit for the whole axis: one of which its span has some. */
export function worldTimeTicks(
  [from, to]: readonly [number, number],
  count: number,
): { readonly ticks: readonly Tick[]; readonly unit: string } {
  const { seconds, name, steps } = unitOf(to - from);
  const [low, high] = [from / seconds, to / seconds];
  const step = steps.find((one) => (high - low) / one <= count + 1);
  const ticks =
    step === undefined || (high - low) / step < 2
      ? numberTicks([low, high], count)
      : stepped(low, high, step);
  return { unit: name, ticks: ticks.map(({ value, text }) => ({ value: value * seconds, text })) };
}

function stepped(low: number, high: number, step: number): readonly Tick[] {
  const found: Tick[] = [];
  for (let at = Math.ceil(low / step); at * step <= high; at += 1)
    found.push({ value: at * step, text: format(',.0f')(at * step) });
  return found;
}
