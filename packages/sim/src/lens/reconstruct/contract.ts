// Values between samples. A reconstruction is linear in the samples: each position asks for a few of them, with weights that add up to
// one. So weights are found once, and used for every tick and every component.
//
// Where samples are: on a `grid` at the centres of cells, row by row. On a `sphere` at the centres of cells of latitude (rows, from -90
// degrees) and longitude (columns, from -180 degrees). With `points` where the frame's positions say, in space.
// Positions are x, y, z. On a sphere only their direction counts: (cos lat cos lon, cos lat sin lon, sin lat). On a grid z is not looked at.

/** For each of `count` positions `each` samples. Weights of places that are not used are 0. */
export interface Weights {
  readonly count: number;
  readonly each: number;
  readonly samples: Int32Array;
  readonly weights: Float64Array;
}

export type Method = 'nearest' | 'linear' | 'idw';

/** Finds weights. Throws LENS_POSITION_OUTSIDE. */
export type Weigh = (positions: Float64Array) => Weights;
