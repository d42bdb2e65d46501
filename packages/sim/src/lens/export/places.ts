// Where samples are, as columns: degrees on a sphere, centres of cells on a grid, coordinates of points.
import type { LensField } from '../contract.ts';

export interface Axis {
  readonly name: 'longitude' | 'latitude' | 'x' | 'y' | 'z';
  readonly unit: string;
  /** Of points, which coordinate of their positions. */
  readonly component: 0 | 1 | 2;
  /** Of each sample, the same in all frames; null of points, which move. */
  readonly still: Float64Array | null;
}

export function placesOf(topology: LensField['topology']): readonly Axis[] {
  const { kind, rows = 1, columns = 1, extent } = topology;
  if (kind === 'points')
    return [
      { name: 'x', unit: '', component: 0, still: null },
      { name: 'y', unit: '', component: 1, still: null },
      { name: 'z', unit: '', component: 2, still: null },
    ];
  const [xs = [0, columns], ys = [0, rows]] = kind === 'sphere' ? SPHERE : (extent ?? []);
  const across = Float64Array.from({ length: rows * columns }, (_, at) =>
    centreOf(xs, at % columns, columns),
  );
  const up = Float64Array.from({ length: rows * columns }, (_, at) =>
    centreOf(ys, Math.floor(at / columns), rows),
  );
  const [x, y, unit] =
    kind === 'sphere' ? (['longitude', 'latitude', 'degree'] as const) : (['x', 'y', ''] as const);
  return [
    { name: x, unit, component: 0, still: across },
    { name: y, unit, component: 1, still: up },
  ];
}

const SPHERE = [
  [-180, 180],
  [-90, 90],
] as const;

function centreOf([from, to]: readonly [number, number], cell: number, cells: number): number {
  return from + ((cell + 0.5) * (to - from)) / cells;
}
