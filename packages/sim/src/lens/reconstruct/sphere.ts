// A sphere of cells of latitude and longitude. Bilinear in both; over the date line as anywhere else. Between the last ring and the pole
// the pole is the mean of its ring, so that it has one value whichever way one comes.
import { failure } from '@stillpoint/core';
import type { Weigh } from './contract.ts';
import { buildWeights, type WeightsBuilder } from './weights.ts';

export interface Sphere {
  readonly rows: number;
  readonly columns: number;
}

export function sphereNearest(sphere: Sphere): Weigh {
  const { rows, columns } = sphere;
  const centres = spherePositions(sphere);
  return (positions) => {
    const built = buildWeights(positions.length / 3, 1);
    for (let at = 0; at < positions.length / 3; at += 1) {
      const { row, column, direction } = placeOf(sphere, positions, at);
      let best = -1;
      let bestCosine = -Infinity;
      // Near a pole a ring further out may have the nearer centre.
      for (const ring of [Math.floor(row), Math.floor(row) + 1]) {
        if (ring < 0 || ring >= rows) continue;
        const sample = ring * columns + wrapped(Math.round(column), columns);
        const cosine = dot(direction, centres, sample);
        if (cosine > bestCosine) [best, bestCosine] = [sample, cosine];
      }
      built.set(at, 0, best, 1);
    }
    return built.weights;
  };
}

export function sphereLinear(sphere: Sphere): Weigh {
  const { rows, columns } = sphere;
  return (positions) => {
    const places = Array.from({ length: positions.length / 3 }, (_, at) =>
      placeOf(sphere, positions, at),
    );
    const nearPole = places.some(({ row }) => row < 0 || row > rows - 1);
    const built = buildWeights(places.length, 4 + (nearPole ? columns : 0));
    for (const [at, { row, column }] of places.entries()) {
      const low = Math.floor(row);
      if (low < 0 || low >= rows - 1) {
        const ring = low < 0 ? 0 : rows - 1;
        // From the ring's centres to the pole it is half a ring: this much of that way.
        const towardsPole = Math.min(1, Math.abs(row - ring) * 2);
        onRing(built, at, 0, ring, column, 1 - towardsPole, columns);
        if (towardsPole > 0) spreadPole(built, at, ring, towardsPole, columns);
        continue;
      }
      onRing(built, at, 0, low, column, 1 - (row - low), columns);
      onRing(built, at, 2, low + 1, column, row - low, columns);
    }
    return built.weights;
  };
}

function onRing(
  built: WeightsBuilder,
  at: number,
  place: number,
  ring: number,
  column: number,
  weight: number,
  columns: number,
): void {
  const left = Math.floor(column);
  const right = column - left;
  built.set(at, place, ring * columns + wrapped(left, columns), weight * (1 - right));
  built.set(at, place + 1, ring * columns + wrapped(left + 1, columns), weight * right);
}

function spreadPole(
  built: WeightsBuilder,
  at: number,
  ring: number,
  weight: number,
  columns: number,
): void {
  for (let column = 0; column < columns; column += 1)
    built.set(at, 4 + column, ring * columns + column, weight / columns);
}

export function spherePositions({ rows, columns }: Sphere): Float64Array {
  const positions = new Float64Array(rows * columns * 3);
  for (let row = 0; row < rows; row += 1) {
    const latitude = (((row + 0.5) / rows) * 180 - 90) * (Math.PI / 180);
    for (let column = 0; column < columns; column += 1) {
      const longitude = (((column + 0.5) / columns) * 360 - 180) * (Math.PI / 180);
      const at = (row * columns + column) * 3;
      positions[at] = Math.cos(latitude) * Math.cos(longitude);
      positions[at + 1] = Math.cos(latitude) * Math.sin(longitude);
      positions[at + 2] = Math.sin(latitude);
    }
  }
  return positions;
}

/** Of length one each. Throws LENS_POSITION_OUTSIDE for the centre, which has none. */
export function directionsOf(positions: Float64Array): Float64Array {
  const directions = new Float64Array(positions.length);
  for (let at = 0; at < positions.length / 3; at += 1)
    directions.set(directionOf(positions, at), at * 3);
  return directions;
}

function directionOf(positions: Float64Array, at: number): readonly [number, number, number] {
  const [x, y, z] = [
    positions[at * 3] as number,
    positions[at * 3 + 1] as number,
    positions[at * 3 + 2] as number,
  ];
  const length = Math.hypot(x, y, z);
  if (!(length > 0 && Number.isFinite(length)))
    throw failure('LENS_POSITION_OUTSIDE', {
      position: `${x},${y},${z}`,
      bounds: 'any direction from the centre',
    });
  return [x / length, y / length, z / length];
}

interface Place {
  /** In rings and columns, counted from the centre of the first. */
  readonly row: number;
  readonly column: number;
  readonly direction: readonly [number, number, number];
}

function placeOf({ rows, columns }: Sphere, positions: Float64Array, at: number): Place {
  const direction = directionOf(positions, at);
  const [x, y, z] = direction;
  // asin would lose half of the digits near the poles.
  const latitude = Math.atan2(z, Math.hypot(x, y)) * (180 / Math.PI);
  const longitude = Math.atan2(y, x) * (180 / Math.PI);
  return {
    row: ((latitude + 90) / 180) * rows - 0.5,
    column: ((longitude + 180) / 360) * columns - 0.5,
    direction,
  };
}

function dot(
  [x, y, z]: readonly [number, number, number],
  centres: Float64Array,
  sample: number,
): number {
  const at = sample * 3;
  return (
    x * (centres[at] as number) + y * (centres[at + 1] as number) + z * (centres[at + 2] as number)
  );
}

function wrapped(column: number, columns: number): number {
  return ((column % columns) + columns) % columns;
}
