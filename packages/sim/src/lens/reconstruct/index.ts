// The door of reconstruction: from a field and its samples to values anywhere.
import type { FieldSamples, LensField } from '../contract.ts';
import type { Method, Weigh, Weights } from './contract.ts';
import { gridLinear, gridNearest, gridPositions, type Grid } from './grid.ts';
import { pointsLinear } from './linear-points.ts';
import { pointsIdw, pointsNearest } from './points.ts';
import { directionsOf, sphereLinear, sphereNearest, spherePositions } from './sphere.ts';

export type { Method, Weights } from './contract.ts';
export { applyWeights } from './weights.ts';

/** Where the samples of a frame are: x, y, z of each. */
export function positionsOf(
  field: LensField,
  { count, positions }: Pick<FieldSamples, 'count' | 'positions'>,
): Float64Array {
  const { topology } = field;
  if (topology.kind === 'points') return positions ?? new Float64Array(count * 3);
  return topology.kind === 'grid' ? gridPositions(gridOf(field)) : spherePositions(sphereOf(field));
}

/**
 * Weights of the samples for values at `at` (x, y, z of each), by the field's own method unless told. For `points` they hold for frames
 * with the same positions. Throws LENS_POSITION_OUTSIDE, LENS_METHOD_UNFIT.
 */
export function weigh(
  field: LensField,
  samples: Pick<FieldSamples, 'count' | 'positions'>,
  at: Float64Array,
  method: Method = field.reconstruction,
): Weights {
  if (at.length % 3 !== 0) throw new TypeError('positions are x, y and z each');
  return weigherOf(field, samples, method)(at);
}

function weigherOf(
  field: LensField,
  samples: Pick<FieldSamples, 'count' | 'positions'>,
  method: Method,
): Weigh {
  const { kind } = field.topology;
  if (method === 'idw') {
    const near = pointsIdw(positionsOf(field, samples));
    return kind === 'sphere' ? (at) => near(directionsOf(at)) : near;
  }
  if (kind === 'grid')
    return method === 'linear' ? gridLinear(gridOf(field)) : gridNearest(gridOf(field));
  if (kind === 'sphere')
    return method === 'linear' ? sphereLinear(sphereOf(field)) : sphereNearest(sphereOf(field));
  const points = positionsOf(field, samples);
  return method === 'linear' ? pointsLinear(points) : pointsNearest(points);
}

function gridOf({ topology }: LensField): Grid {
  const { rows = 1, columns = 1, extent } = topology;
  return { rows, columns, extent: [extent?.[0] ?? [0, columns], extent?.[1] ?? [0, rows]] };
}

function sphereOf({ topology }: LensField): { readonly rows: number; readonly columns: number } {
  const { rows = 1, columns = 1 } = topology;
  return { rows, columns };
}
