// Longitude and latitude in degrees, and the directions in space that samples and positions are kept as.

const RADIANS = Math.PI / 180;

/** x, y, z of each, of length one, from longitude and latitude of each. */
export function directionsFrom(degrees: readonly (readonly [number, number])[]): Float64Array {
  const out = new Float64Array(degrees.length * 3);
  for (const [at, [longitude, latitude]] of degrees.entries()) {
    const ring = Math.cos(latitude * RADIANS);
    out[at * 3] = ring * Math.cos(longitude * RADIANS);
    out[at * 3 + 1] = ring * Math.sin(longitude * RADIANS);
    out[at * 3 + 2] = Math.sin(latitude * RADIANS);
  }
  return out;
}

/** Longitude and latitude of position `at`. */
export function degreesOf(positions: Float64Array, at: number): readonly [number, number] {
  const x = positions[at * 3] as number;
  const y = positions[at * 3 + 1] as number;
  const z = positions[at * 3 + 2] as number;
  // asin would lose half of the digits near the poles.
  return [Math.atan2(y, x) / RADIANS, Math.atan2(z, Math.hypot(x, y)) / RADIANS];
}
