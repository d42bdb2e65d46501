// Longitude and latitude in degrees, and the directions in space that samples and positions are kept as.

import { failure } from '@stillpoint/core';

const RADIANS = Math.PI / 180;
/** A hundredth of a millimetre on the earth; what is behind it in a direction is noise of sines and cosines. */
const PER_DEGREE = 1e10;

/** x, y, z of each, of length one, from longitude and latitude of each. Longitudes go round. Throws LENS_LATITUDE_INVALID beyond the poles. */
export function directionsFrom(degrees: readonly (readonly [number, number])[]): Float64Array {
  const out = new Float64Array(degrees.length * 3);
  for (const [at, [longitude, latitude]] of degrees.entries()) {
    refuseBeyondPoles(latitude);
    const ring = Math.cos(latitude * RADIANS);
    out[at * 3] = ring * Math.cos(longitude * RADIANS);
    out[at * 3 + 1] = ring * Math.sin(longitude * RADIANS);
    out[at * 3 + 2] = Math.sin(latitude * RADIANS);
  }
  return out;
}

/** A direction has both of a place beyond a pole and of that in front of it: nobody who mistook the two would see it. */
export function refuseBeyondPoles(latitude: number): void {
  if (!(Math.abs(latitude) <= 90)) throw failure('LENS_LATITUDE_INVALID', { latitude });
}

/** Longitude and latitude of position `at`, to ten digits behind the point. */
export function degreesOf(positions: Float64Array, at: number): readonly [number, number] {
  const x = positions[at * 3] as number;
  const y = positions[at * 3 + 1] as number;
  const z = positions[at * 3 + 2] as number;
  // asin would lose half of the digits near the poles.
  return [
    roundedDegrees(Math.atan2(y, x) / RADIANS),
    roundedDegrees(Math.atan2(z, Math.hypot(x, y)) / RADIANS),
  ];
}

/** 45, where a direction says 44.99999999999999. */
export function roundedDegrees(degrees: number): number {
  return Math.round(degrees * PER_DEGREE) / PER_DEGREE || 0;
}
