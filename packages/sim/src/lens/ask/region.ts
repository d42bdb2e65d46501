// The samples that lie in a region.
import type { LensField } from '../contract.ts';
import type { Region } from './contract.ts';
import { degreesOf, refuseBeyondPoles, roundedDegrees } from './degrees.ts';

/** Throws LENS_LATITUDE_INVALID. */
export function samplesIn(
  { topology }: Pick<LensField, 'topology'>,
  positions: Float64Array,
  region: Region,
): Int32Array {
  const isInside = topology.kind === 'sphere' ? onSphere(region) : inSpace(region);
  const found: number[] = [];
  for (let at = 0; at < positions.length / 3; at += 1) if (isInside(positions, at)) found.push(at);
  return Int32Array.from(found);
}

type Inside = (positions: Float64Array, at: number) => boolean;

function inSpace({ x, y, z }: Region): Inside {
  return (positions, at) =>
    isIn(positions[at * 3] as number, x) &&
    isIn(positions[at * 3 + 1] as number, y) &&
    (z === undefined || isIn(positions[at * 3 + 2] as number, z));
}

function onSphere({ x, y }: Region): Inside {
  y.forEach(refuseBeyondPoles);
  // As exact as what is held against them: an edge that is the centre of a cell is in it.
  const [west, east] = [roundedDegrees(x[0]), roundedDegrees(x[1])];
  const latitudes = [roundedDegrees(y[0]), roundedDegrees(y[1])] as const;
  return (positions, at) => {
    const [longitude, latitude] = degreesOf(positions, at);
    if (!isIn(latitude, latitudes)) return false;
    // The same place has many longitudes, 360 degrees apart.
    return east - west >= 360 || turned(longitude - west) <= turned(east - west);
  };
}

/** From 0 up to 360. */
function turned(degrees: number): number {
  return ((degrees % 360) + 360) % 360;
}

function isIn(value: number, [from, to]: readonly [number, number]): boolean {
  return value >= Math.min(from, to) && value <= Math.max(from, to);
}
