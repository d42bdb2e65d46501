// Warmth of the air: it spreads, comes from the sun, and leaves for space. Units: kelvin, seconds.
import { COLUMNS, ROWS } from './size.ts';
import { latitudes, longitudes } from './sphere.ts';

/** Budyko: what is radiated away, as a straight line of the temperature in degrees Celsius. W/m² and W/m²/K. */
const OUTGOING = 203;
const OUTGOING_PER_KELVIN = 2.1;
const ZERO_CELSIUS = 273.15;
/** Of air above land, and above water. J/m²/K */
const LAND_HEAT = 1.2e7;
const WATER_HEAT = 6e7;
/** Explicit diffusion is stable below a quarter. */
const MOST = 0.22;

export interface Sky {
  readonly solar: number;
  readonly diffusion: number;
  /** Where it is noon, as sine and cosine of the longitude. */
  readonly noon: { readonly sine: number; readonly cosine: number };
  readonly dtSeconds: number;
}

/** Writes every cell of `to`. */
export function spreadWarmth(
  from: Float64Array,
  to: Float64Array,
  land: Uint8Array,
  { solar, diffusion, noon, dtSeconds }: Sky,
): void {
  for (let row = 0; row < ROWS; row += 1) {
    const cosine = latitudes.cosine[row]!;
    const alongRow = Math.min(MOST, diffusion / (cosine * cosine));
    const start = row * COLUMNS;
    const north = Math.min(row + 1, ROWS - 1) * COLUMNS;
    const south = Math.max(row - 1, 0) * COLUMNS;
    for (let column = 0; column < COLUMNS; column += 1) {
      const at = start + column;
      const east = start + (column + 1 === COLUMNS ? 0 : column + 1);
      const west = start + (column === 0 ? COLUMNS - 1 : column - 1);
      const own = from[at]!;
      const spread =
        alongRow * (from[east]! + from[west]! - 2 * own) +
        diffusion * (from[north + column]! + from[south + column]! - 2 * own);
      const height =
        cosine * (longitudes.cosine[column]! * noon.cosine + longitudes.sine[column]! * noon.sine);
      const whiteness = own < ZERO_CELSIUS - 10 ? 0.55 : 0.3;
      const gain =
        solar * (1 - whiteness) * Math.max(0, height) -
        (OUTGOING + OUTGOING_PER_KELVIN * (own - ZERO_CELSIUS));
      const heat = land[at] === 1 ? LAND_HEAT : WATER_HEAT;
      to[at] = own + spread + (gain / heat) * dtSeconds;
    }
  }
}
