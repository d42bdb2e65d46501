// What is offered is what was said of the fields; anything else is a mistake of the caller, and is said before anything of it is taken.
import type { LensField } from '../contract.ts';
import { widthOf } from '../journal/index.ts';
import type { SampledFrame } from './contract.ts';

/** `placed`: by field, of how many samples it was last said where they are. Throws a TypeError. */
export function checkFrame(
  asked: readonly LensField[],
  { tick, simTimeSeconds, fields }: SampledFrame,
  { lastTick, placed }: { readonly lastTick: number; readonly placed: Map<string, number> },
): void {
  if (!Number.isSafeInteger(tick) || tick <= lastTick)
    throw new TypeError(`The frame of tick ${tick} cannot come after that of ${lastTick}.`);
  if (typeof simTimeSeconds !== 'number')
    throw new TypeError(`The frame of tick ${tick} says no time of the world.`);
  for (const field of asked) {
    const { name, topology } = field;
    const samples = fields.get(name);
    if (samples === undefined) throw new TypeError(`The frame has no samples of ${name}.`);
    const { count, values, positions } = samples;
    if (values.length !== count * widthOf(field))
      throw new TypeError(`${values.length} numbers are not ${count} samples of ${name}.`);
    const { kind, rows = 1, columns = 1 } = topology;
    if (kind !== 'points' && count !== rows * columns)
      throw new TypeError(`${name} has ${rows * columns} cells, and not ${count}.`);
    if (positions !== null && ![1, 2, 3].some((width) => positions.length === count * width))
      throw new TypeError(`${positions.length} coordinates are not those of ${count} samples.`);
    if (positions === null && (placed.get(name) ?? count) !== count)
      throw new TypeError(`${count} samples of ${name} cannot be where ${placed.get(name)} were.`);
  }
  for (const { name } of asked) {
    const { count, positions } = fields.get(name)!;
    if (positions !== null) placed.set(name, count);
  }
}
