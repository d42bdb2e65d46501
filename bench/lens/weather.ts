// What is recorded: heat that a wind carries over a grid, with sources and diffusion. Numbers as a simulation makes them: smooth from cell
// to cell and tick to tick, and none with a short mantissa.
export const ROWS = 100;
export const COLUMNS = 100;
export const CELLS = ROWS * COLUMNS;

export interface Weather {
  readonly heat: Float64Array<ArrayBuffer>;
  /** x, y, z of each cell. */
  readonly wind: Float64Array<ArrayBuffer>;
  step(): void;
}

/** `substeps` make a tick as long as one of a real model: five are about a millisecond. */
export function createWeather(substeps = 1): Weather {
  let heat = Float64Array.from({ length: CELLS }, (_, at) => 280 + 15 * Math.sin(at * 1.7e-3));
  let next = new Float64Array(CELLS);
  const wind = new Float64Array(CELLS * 3);
  let steps = 0;
  return {
    get heat() {
      return heat;
    },
    wind,
    step() {
      for (let substep = 0; substep < substeps; substep += 1) {
        steps += 1;
        blow(wind, heat, steps);
        carry(heat, wind, next);
        [heat, next] = [next, heat];
      }
    },
  };
}

/** Two eddies that travel, and air that rises where it is warm. */
function blow(wind: Float64Array, heat: Float64Array, step: number): void {
  for (let row = 0; row < ROWS; row += 1) {
    const y = (row / ROWS) * 2 * Math.PI;
    const [sinY, cosY] = [Math.sin(y + step * 7e-3), Math.cos(y + step * 7e-3)];
    for (let column = 0; column < COLUMNS; column += 1) {
      const x = (column / COLUMNS) * 2 * Math.PI;
      const at = row * COLUMNS + column;
      wind[at * 3] = 0.4 * Math.sin(x - step * 4e-3) * cosY;
      wind[at * 3 + 1] = -0.4 * Math.cos(x - step * 4e-3) * sinY;
      wind[at * 3 + 2] = (heat[at]! - 280) * 1.3e-3;
    }
  }
}

/** Upwind, with diffusion and a day's warmth; the edges are one. */
function carry(from: Float64Array, wind: Float64Array, to: Float64Array): void {
  for (let row = 0; row < ROWS; row += 1) {
    const here = row * COLUMNS;
    const up = ((row + ROWS - 1) % ROWS) * COLUMNS;
    const down = ((row + 1) % ROWS) * COLUMNS;
    const warmth = 280 + 12 * Math.cos((row / ROWS) * 2 * Math.PI);
    for (let column = 0; column < COLUMNS; column += 1) {
      const at = here + column;
      const value = from[at]!;
      const west = from[here + ((column + COLUMNS - 1) % COLUMNS)]!;
      const east = from[here + ((column + 1) % COLUMNS)]!;
      const [north, south] = [from[up + column]!, from[down + column]!];
      const [u, v] = [wind[at * 3]!, wind[at * 3 + 1]!];
      const carried =
        u * (u > 0 ? value - west : east - value) + v * (v > 0 ? value - north : south - value);
      to[at] =
        value -
        0.6 * carried +
        0.05 * (west + east + north + south - 4 * value) +
        1e-3 * (warmth - value);
    }
  }
}
