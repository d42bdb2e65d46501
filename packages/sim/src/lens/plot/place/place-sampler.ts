// Values at many places of a field whose samples stay where they are: each place keeps the samples it leans on, found once and used for
// every frame.
import type { LensField } from '../../contract.ts';
import { weigh } from '../../reconstruct/index.ts';

/** Positions weighed at a time where methods are linear: near a pole each of them leans on a whole ring. */
const BATCH = 1024;

export interface PlaceSampler {
  /** Of each place, with all of its components. */
  at(values: Float64Array | Float32Array, width: number): Float64Array;
}

/** Weights of one place after the other, and none that are 0. `starts` has one more than there are places. */
interface PackedWeights {
  readonly starts: Int32Array;
  readonly samples: Int32Array;
  readonly weights: Float64Array;
}

/** `positions`: x, y, z of each. */
export function samplePlaces(
  field: LensField,
  positions: Float64Array,
  signal?: AbortSignal,
): PlaceSampler {
  const { starts, samples, weights } = pack(field, positions, signal);
  const count = positions.length / 3;
  return {
    at(values, width) {
      const out = new Float64Array(count * width);
      for (let place = 0; place < count; place += 1)
        for (let one = starts[place] as number; one < (starts[place + 1] as number); one += 1) {
          const weight = weights[one] as number;
          const from = (samples[one] as number) * width;
          for (let component = 0; component < width; component += 1)
            (out[place * width + component] as number) +=
              weight * (values[from + component] as number);
        }
      return out;
    },
  };
}

function pack(
  field: LensField,
  positions: Float64Array,
  signal: AbortSignal | undefined,
): PackedWeights {
  const count = positions.length / 3;
  const starts = new Int32Array(count + 1);
  let samples = new Int32Array(count * 4 + 1);
  let weights = new Float64Array(count * 4 + 1);
  let used = 0;
  // The others look through all samples first, and then ask for few of them.
  const most = field.reconstruction === 'linear' ? BATCH : Math.max(count, 1);
  for (let from = 0; from < count; from += most) {
    signal?.throwIfAborted();
    const to = Math.min(from + most, count);
    const batch = weigh(field, { count: 0, positions: null }, positions.subarray(from * 3, to * 3));
    for (let place = 0; place < batch.count; place += 1) {
      for (let one = place * batch.each; one < (place + 1) * batch.each; one += 1) {
        const weight = batch.weights[one] as number;
        if (weight === 0) continue;
        if (used === samples.length) {
          samples = grown(samples, new Int32Array(used * 2));
          weights = grown(weights, new Float64Array(used * 2));
        }
        samples[used] = batch.samples[one] as number;
        weights[used] = weight;
        used += 1;
      }
      starts[from + place + 1] = used;
    }
  }
  return { starts, samples, weights };
}

function grown<T extends Int32Array | Float64Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
