// A plane of cells. Between centres bilinear; between the outermost centres and the edge the same lines go on.
import { failure } from '@stillpoint/core';
import type { Weigh } from './contract.ts';
import { buildWeights } from './weights.ts';

export interface Grid {
  readonly rows: number;
  readonly columns: number;
  /** From and to, of x and of y. */
  readonly extent: readonly [readonly [number, number], readonly [number, number]];
}

export function gridNearest(grid: Grid): Weigh {
  return (positions) => {
    const built = buildWeights(positions.length / 3, 1);
    for (let at = 0; at < positions.length / 3; at += 1) {
      const { row, column } = placeOf(grid, positions, at);
      const nearestRow = clamp(Math.round(row), grid.rows - 1);
      built.set(at, 0, nearestRow * grid.columns + clamp(Math.round(column), grid.columns - 1), 1);
    }
    return built.weights;
  };
}

export function gridLinear(grid: Grid): Weigh {
  return (positions) => {
    const built = buildWeights(positions.length / 3, 4);
    for (let at = 0; at < positions.length / 3; at += 1) {
      const { row, column } = placeOf(grid, positions, at);
      const low = clamp(Math.floor(row), Math.max(grid.rows - 2, 0));
      const left = clamp(Math.floor(column), Math.max(grid.columns - 2, 0));
      const up = grid.rows === 1 ? 0 : row - low;
      const right = grid.columns === 1 ? 0 : column - left;
      const sample = low * grid.columns + left;
      const above = grid.rows === 1 ? 0 : grid.columns;
      const beside = grid.columns === 1 ? 0 : 1;
      built.set(at, 0, sample, (1 - up) * (1 - right));
      built.set(at, 1, sample + beside, (1 - up) * right);
      built.set(at, 2, sample + above, up * (1 - right));
      built.set(at, 3, sample + above + beside, up * right);
    }
    return built.weights;
  };
}

export function gridPositions({ rows, columns, extent: [x, y] }: Grid): Float64Array {
  const positions = new Float64Array(rows * columns * 3);
  for (let row = 0; row < rows; row += 1)
    for (let column = 0; column < columns; column += 1) {
      const at = (row * columns + column) * 3;
      positions[at] = x[0] + ((column + 0.5) * (x[1] - x[0])) / columns;
      positions[at + 1] = y[0] + ((row + 0.5) * (y[1] - y[0])) / rows;
    }
  return positions;
}

/** In cells, counted from the centre of the first. Throws LENS_POSITION_OUTSIDE. */
function placeOf(
  { rows, columns, extent: [xs, ys] }: Grid,
  positions: Float64Array,
  at: number,
): { readonly row: number; readonly column: number } {
  const [x, y] = [positions[at * 3] as number, positions[at * 3 + 1] as number];
  if (!(isIn(x, xs) && isIn(y, ys)))
    throw failure('LENS_POSITION_OUTSIDE', {
      position: `${x},${y}`,
      bounds: `x from ${xs[0]} to ${xs[1]}, y from ${ys[0]} to ${ys[1]}`,
    });
  return {
    row: ((y - ys[0]) / (ys[1] - ys[0])) * rows - 0.5,
    column: ((x - xs[0]) / (xs[1] - xs[0])) * columns - 0.5,
  };
}

function isIn(value: number, [from, to]: readonly [number, number]): boolean {
  return value >= Math.min(from, to) && value <= Math.max(from, to);
}

function clamp(value: number, most: number): number {
  return Math.min(Math.max(value, 0), most);
}
