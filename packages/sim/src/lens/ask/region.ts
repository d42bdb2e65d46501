// The samples that lie in a region.
import type { LensField } from '../contract.ts';
import type { Region } from './contract.ts';
import { degreesOf } from './degrees.ts';

export function samplesIn(
  { topology }: Pick<LensField, 'topology'>,
  positions: Float64Array,
  region: Region,
): Int32Array {
  const found: number[] = [];
  for (let at = 0; at < positions.length / 3; at += 1) {
    const inside =
      topology.kind === 'sphere'
        ? isOnSphere(positions, at, region)
        : isInSpace(positions, at, region);
    if (inside) found.push(at);
  }
  return Int32Array.from(found);
}

function isInSpace(positions: Float64Array, at: number, { x, y, z }: Region): boolean {
  return (
    isIn(positions[at * 3] as number, x) &&
    isIn(positions[at * 3 + 1] as number, y) &&
    (z === undefined || isIn(positions[at * 3 + 2] as number, z))
  );
}

function isOnSphere(positions: Float64Array, at: number, { x: [west, east], y }: Region): boolean {
  const [longitude, latitude] = degreesOf(positions, at);
  if (!isIn(latitude, y)) return false;
  // The same place has many longitudes, 360 degrees apart.
  return east - west >= 360 || turned(longitude - west) <= turned(east - west);
}

/** From 0 up to 360. */
function turned(degrees: number): number {
  return ((degrees % 360) + 360) % 360;
}

function isIn(value: number, [from, to]: readonly [number, number]): boolean {
  return value >= Math.min(from, to) && value <= Math.max(from, to);
}
