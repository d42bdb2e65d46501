// Takes frames out of their slots, in the recorder's thread: numbers in the precision of their field, positions as x, y, z.
import type { FieldSamples, LensField, LensFrame } from '../contract.ts';
import { chunkOf } from '../names.ts';
import { inPrecision } from '../precision.ts';
import type { SampledNumbers } from './contract.ts';
import { unpacked, type PackedFrame } from './slots.ts';

export interface FrameReader {
  /** A copy: the slot may be given back. */
  read(packed: PackedFrame): LensFrame;
  /** The frame that was read last is in the journal. */
  written(): void;
}

/** Positions come where they change; each chunk begins with them, for it is read without those before. */
export function createFrameReader(fields: readonly LensField[], chunkTicks: number): FrameReader {
  const known = fields.map((): Float64Array | null => null);
  /** By field: that the journal of this chunk has the newest positions. */
  const told = fields.map(() => false);
  let chunk = -1;
  return {
    read({ tick, simTimeSeconds, buffer, fields: packed }) {
      const { start } = chunkOf(tick, chunkTicks);
      if (start !== chunk) told.fill(false);
      chunk = start;
      const samples = fields.map(({ name, precision }, index): readonly [string, FieldSamples] => {
        const { count, values, positions } = packed[index]!;
        if (positions !== null) {
          known[index] = inSpace(unpacked(buffer, positions), count);
          told[index] = false;
        }
        const kept = inPrecision(unpacked(buffer, values), precision);
        return [name, { count, values: kept, positions: told[index]! ? null : known[index]! }];
      });
      return { tick, simTimeSeconds, fields: new Map(samples) };
    },
    written() {
      told.fill(true);
    },
  };
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
