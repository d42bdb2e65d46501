// From pixels to places, and back: each projection says where on a picture things are.
// Pixels are counted from the upper left corner of the plotted area, and end at its width and height.
import { directionsFrom } from '../../ask/index.ts';
import type { LensField } from '../../contract.ts';

type Pair = readonly [number, number];
type Triple = readonly [number, number, number];

export interface Projection {
  /** Width of the area to its height. */
  readonly aspect: number;
  /** Left and right, below and above; of a globe none. */
  readonly extent: { readonly x: Pair; readonly y: Pair } | null;
  /** Into `to` as x, y, z; false where there is nothing. Of shares of width and height, from the upper left corner. */
  place(across: number, down: number, to: Float64Array, at: number): boolean;
  /** How far a vector at that place points to the right and up, by its components along the field's own axes. */
  along(across: number, down: number, first: number, second: number): Pair;
}

const RADIANS = Math.PI / 180;
/** Of a globe of radius 1, round its axis. */
const LEAST_RING = 1e-9;

/** A plane, as wide and high as it is. */
export function planeProjection(x: Pair, y: Pair): Projection {
  const [width, height] = [Math.abs(x[1] - x[0]), Math.abs(y[1] - y[0])];
  return {
    aspect: height > 0 && width > 0 ? width / height : 1,
    extent: { x, y },
    place(across, down, to, at) {
      to[at * 3] = x[0] + across * (x[1] - x[0]);
      to[at * 3 + 1] = y[1] + down * (y[0] - y[1]);
      to[at * 3 + 2] = 0;
      return true;
    },
    along: (_across, _down, first, second) => [
      Math.sign(x[1] - x[0]) * first,
      Math.sign(y[1] - y[0]) * second,
    ],
  };
}

export function gridProjection({ topology }: LensField): Projection {
  const { rows = 1, columns = 1, extent } = topology;
  return planeProjection(extent?.[0] ?? [0, columns], extent?.[1] ?? [0, rows]);
}

/** Longitude and latitude as they are. An arrow points as a compass does: to the north is up everywhere. */
export function mapProjection(): Projection {
  return {
    aspect: 2,
    extent: { x: [-180, 180], y: [-90, 90] },
    place(across, down, to, at) {
      to.set(directionsFrom([[across * 360 - 180, 90 - down * 180]]), at * 3);
      return true;
    },
    along: (_across, _down, east, north) => [east, north],
  };
}

export interface Globe extends Projection {
  /** Shares of width and height; undefined behind the horizon. */
  readonly seen: (longitude: number, latitude: number) => Pair | undefined;
}

/** Seen from far away, from above of longitude and latitude in degrees. */
export function globeProjection([longitude, latitude]: Pair): Globe {
  const [sinLon, cosLon] = [Math.sin(longitude * RADIANS), Math.cos(longitude * RADIANS)];
  const [sinLat, cosLat] = [Math.sin(latitude * RADIANS), Math.cos(latitude * RADIANS)];
  const right: Triple = [-sinLon, cosLon, 0];
  const up: Triple = [-sinLat * cosLon, -sinLat * sinLon, cosLat];
  const ahead: Triple = [cosLat * cosLon, cosLat * sinLon, sinLat];
  const directionAt = (across: number, down: number): Triple | undefined => {
    const [x, y] = [across * 2 - 1, 1 - down * 2];
    const square = x * x + y * y;
    if (square > 1) return undefined;
    const z = Math.sqrt(1 - square);
    return [0, 1, 2].map((axis) => x * right[axis]! + y * up[axis]! + z * ahead[axis]!) as never;
  };
  return {
    aspect: 1,
    extent: null,
    place(across, down, to, at) {
      const direction = directionAt(across, down);
      if (direction === undefined) return false;
      to.set(direction, at * 3);
      return true;
    },
    along(across, down, east, north) {
      const [x, y, z] = directionAt(across, down) ?? ahead;
      const ring = Math.hypot(x, y);
      // At a pole there is no east, and every way is the other one. What the cosine of 90 degrees comes to is no way either.
      if (ring < LEAST_RING) return [0, 0];
      const toEast: Triple = [-y / ring, x / ring, 0];
      const toNorth: Triple = [(-z * x) / ring, (-z * y) / ring, ring];
      const moved = [0, 1, 2].map((axis) => east * toEast[axis]! + north * toNorth[axis]!) as never;
      return [dot(moved, right), dot(moved, up)];
    },
    seen(lon, lat) {
      const [x = 0, y = 0, z = 0] = directionsFrom([[lon, lat]]);
      const direction: Triple = [x, y, z];
      if (dot(direction, ahead) < 0) return undefined;
      return [(dot(direction, right) + 1) / 2, (1 - dot(direction, up)) / 2];
    },
  };
}

function dot(a: Triple, b: Triple): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}
