// Latitudes and longitudes of the grid, and what follows from them. Constants of the world: nothing here changes with a tick.
import { det } from '@stillpoint/sim';
import { COLUMNS, ROWS } from './size.ts';

export interface Circle {
  readonly sine: Float64Array;
  readonly cosine: Float64Array;
}

/** Of the middle of each row, from the south. */
export const latitudes: Circle = circle(ROWS, (row) => ((row + 0.5) / ROWS - 0.5) * Math.PI);
/** Of the middle of each column, eastwards. */
export const longitudes: Circle = circle(
  COLUMNS,
  (column) => ((column + 0.5) / COLUMNS) * 2 * Math.PI,
);

function circle(count: number, angleOf: (index: number) => number): Circle {
  const sine = new Float64Array(count);
  const cosine = new Float64Array(count);
  for (let index = 0; index < count; index += 1) {
    sine[index] = det.sin(angleOf(index));
    cosine[index] = det.cos(angleOf(index));
  }
  return { sine, cosine };
}

/** The mean over the sphere: rows near the poles have less area. */
export function meanOver(grid: Float64Array): number {
  let sum = 0;
  let area = 0;
  for (let row = 0; row < ROWS; row += 1) {
    let rowSum = 0;
    for (let column = 0; column < COLUMNS; column += 1) rowSum += grid[row * COLUMNS + column]!;
    const weight = latitudes.cosine[row]!;
    sum += (rowSum / COLUMNS) * weight;
    area += weight;
  }
  return sum / area;
}
