// Weights put together, and used.
import type { Weights } from './contract.ts';

export interface WeightsBuilder {
  /** For position `at`, its `place`th sample. */
  set(at: number, place: number, sample: number, weight: number): void;
  readonly weights: Weights;
}

export function buildWeights(count: number, each: number): WeightsBuilder {
  const samples = new Int32Array(count * each);
  const weights = new Float64Array(count * each);
  return {
    set(at, place, sample, weight) {
      samples[at * each + place] = sample;
      weights[at * each + place] = weight;
    },
    weights: { count, each, samples, weights },
  };
}

/** Values at the positions of the weights, each with all of its components. A sample that is NaN makes what leans on it NaN. */
export function applyWeights(
  { count, each, samples, weights }: Weights,
  values: Float64Array | Float32Array,
  width: number,
): Float64Array {
  const out = new Float64Array(count * width);
  for (let at = 0; at < count; at += 1)
    for (let place = at * each; place < (at + 1) * each; place += 1) {
      const weight = weights[place] as number;
      if (weight === 0) continue;
      const from = (samples[place] as number) * width;
      for (let component = 0; component < width; component += 1)
        (out[at * width + component] as number) += weight * (values[from + component] as number);
    }
  return out;
}
