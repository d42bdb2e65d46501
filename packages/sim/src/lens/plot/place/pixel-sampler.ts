// Values of a raster of pixels, at the middle of each.
import type { LensField } from '../../contract.ts';
import type { PictureSize } from '../contract.ts';
import { samplePlaces } from './place-sampler.ts';
import type { Projection } from './projection.ts';

export interface PixelSampler extends PictureSize {
  /** 1 where something is. */
  readonly inside: Uint8Array;
  /** Row by row from above, each with all components; NaN where nothing is. */
  at(values: Float64Array | Float32Array, width: number): Float64Array;
}

export function samplePixels(
  field: LensField,
  projection: Projection,
  { width, height }: PictureSize,
  signal?: AbortSignal,
): PixelSampler {
  const inside = new Uint8Array(width * height);
  const positions = new Float64Array(width * height * 3);
  let found = 0;
  for (let pixel = 0; pixel < inside.length; pixel += 1) {
    const across = ((pixel % width) + 0.5) / width;
    const down = (Math.floor(pixel / width) + 0.5) / height;
    if (!projection.place(across, down, positions, found)) continue;
    inside[pixel] = 1;
    found += 1;
  }
  const places = samplePlaces(field, positions.subarray(0, found * 3), signal);
  return {
    width,
    height,
    inside,
    at(values, components) {
      const there = places.at(values, components);
      if (found === inside.length) return there;
      const out = new Float64Array(inside.length * components).fill(Number.NaN);
      let next = 0;
      for (let pixel = 0; pixel < inside.length; pixel += 1) {
        if (inside[pixel] === 0) continue;
        out.set(there.subarray(next, next + components), pixel * components);
        next += components;
      }
      return out;
    },
  };
}
