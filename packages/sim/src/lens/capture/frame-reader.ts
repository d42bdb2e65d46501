// Takes frames out of their slots, in the recorder's thread: numbers in the precision of their field, positions as x, y, z.
import type { FieldSamples, LensField, LensFrame, Precision } from '../contract.ts';
import { inPrecision } from '../precision.ts';
import type { SampledNumbers } from './contract.ts';
import { unpacked, type PackedFrame } from './slots.ts';

/** Good until the slot is given back. Positions that did not change are the same array as before. */
export type ReadFrame = (packed: PackedFrame) => LensFrame;

export function createFrameReader(fields: readonly LensField[]): ReadFrame {
  const known = fields.map((): Float64Array | null => null);
  return ({ tick, simTimeSeconds, buffer, fields: packed }) => {
    const samples = fields.map(({ name, precision }, index): readonly [string, FieldSamples] => {
      const { count, values, positions } = packed[index]!;
      if (positions !== null) known[index] = inSpace(unpacked(buffer, positions), count);
      const kept = keptOf(unpacked(buffer, values), precision);
      return [name, { count, values: kept, positions: known[index]! }];
    });
    return { tick, simTimeSeconds, fields: new Map(samples) };
  };
}

/** What is in its precision already is not copied: it goes from its slot to the disk. */
function keptOf(values: SampledNumbers, precision: Precision): Float64Array | Float32Array {
  const Numbers = precision.type === 'float64' ? Float64Array : Float32Array;
  const isKept = precision.bits === undefined && values instanceof Numbers;
  return isKept ? values : inPrecision(values, precision);
}

/** Coordinates that are not there are 0; more than three are not shown. */
function inSpace(coordinates: SampledNumbers, count: number): Float64Array {
  if (coordinates.length === count * 3) return new Float64Array(coordinates);
  const width = count === 0 ? 0 : coordinates.length / count;
  const positions = new Float64Array(count * 3);
  for (let sample = 0; sample < count; sample += 1)
    for (let axis = 0; axis < Math.min(width, 3); axis += 1)
      positions[sample * 3 + axis] = coordinates[sample * width + axis]!;
  return positions;
}
