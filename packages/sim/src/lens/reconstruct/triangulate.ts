// Triangles between samples: in the plane, or on a sphere. On the sphere by stereographic projection from one of the samples, under
// which circles stay circles: triangles of the plane are those of the sphere, and the samples around the outside join the pole.
// Source: Brown, "Voronoi diagrams from convex hulls", 1979.
import Delaunator from 'delaunator';

export interface Triangulation {
  /** Three samples each. On a sphere counter-clockwise as seen from outside. */
  readonly triangles: Int32Array;
  /** For each side, from corner n to the next, the triangle behind it; -1: none. */
  readonly neighbours: Int32Array;
}

/** Of x and y. Undefined where no three points span a triangle. */
export function triangulatePlane(points: Float64Array): Triangulation | undefined {
  const flat = new Float64Array((points.length / 3) * 2);
  for (let at = 0; at < points.length / 3; at += 1) {
    flat[at * 2] = points[at * 3]!;
    flat[at * 2 + 1] = points[at * 3 + 1]!;
  }
  const { triangles } = new Delaunator(flat);
  return triangles.length === 0 ? undefined : withNeighbours(Int32Array.from(triangles));
}

/** Of directions from the centre. Undefined where the samples are fewer than four, or lie on one circle. */
export function triangulateSphere(directions: Float64Array): Triangulation | undefined {
  const count = directions.length / 3;
  if (count < 4) return undefined;
  const pole = count - 1;
  const flat = projectFrom(directions, pole);
  const { triangles, hull } = new Delaunator(flat);
  if (triangles.length === 0) return undefined;
  const all = new Int32Array(triangles.length + hull.length * 3);
  all.set(triangles);
  for (const [at, corner] of hull.entries())
    all.set([corner, hull[(at + 1) % hull.length]!, pole], triangles.length + at * 3);
  for (let at = 0; at < all.length; at += 3)
    if (volume(directions, all[at]!, all[at + 1]!, all[at + 2]!) < 0)
      [all[at + 1], all[at + 2]] = [all[at + 2]!, all[at + 1]!];
  return withNeighbours(all);
}

/** All samples but the pole, as seen from it on the plane behind the sphere. */
function projectFrom(directions: Float64Array, pole: number): Float64Array {
  const [px, py, pz] = [
    directions[pole * 3]!,
    directions[pole * 3 + 1]!,
    directions[pole * 3 + 2]!,
  ];
  // Any two directions across the pole's.
  const [ux, uy, uz] = normalized(Math.abs(px) < 0.9 ? [0, pz, -py] : [-pz, 0, px]);
  const [vx, vy, vz] = [py * uz - pz * uy, pz * ux - px * uz, px * uy - py * ux];
  const flat = new Float64Array(pole * 2);
  for (let at = 0; at < pole; at += 1) {
    const [x, y, z] = [directions[at * 3]!, directions[at * 3 + 1]!, directions[at * 3 + 2]!];
    const away = Math.max(1 - (x * px + y * py + z * pz), 1e-15);
    flat[at * 2] = (x * ux + y * uy + z * uz) / away;
    flat[at * 2 + 1] = (x * vx + y * vy + z * vz) / away;
  }
  return flat;
}

function normalized([x, y, z]: readonly [number, number, number]): readonly [
  number,
  number,
  number,
] {
  const length = Math.hypot(x, y, z);
  return [x / length, y / length, z / length];
}

/** Six times that of the tetrahedron with the centre: above 0 where a, b, c turn counter-clockwise as seen from outside. */
export function volume(points: Float64Array, a: number, b: number, c: number): number {
  const [ax, ay, az] = [points[a * 3]!, points[a * 3 + 1]!, points[a * 3 + 2]!];
  const [bx, by, bz] = [points[b * 3]!, points[b * 3 + 1]!, points[b * 3 + 2]!];
  const [cx, cy, cz] = [points[c * 3]!, points[c * 3 + 1]!, points[c * 3 + 2]!];
  return ax * (by * cz - bz * cy) + ay * (bz * cx - bx * cz) + az * (bx * cy - by * cx);
}

function withNeighbours(triangles: Int32Array): Triangulation {
  const sides = new Map<string, number>();
  const corner = (at: number): number => triangles[at]!;
  const next = (at: number): number => (at % 3 === 2 ? at - 2 : at + 1);
  for (let at = 0; at < triangles.length; at += 1)
    sides.set(`${corner(at)} ${corner(next(at))}`, Math.floor(at / 3));
  const neighbours = Int32Array.from(
    triangles,
    (_, at) => sides.get(`${corner(next(at))} ${corner(at)}`) ?? -1,
  );
  return { triangles, neighbours };
}
