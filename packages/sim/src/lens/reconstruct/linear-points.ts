// Linear between samples at points: by the triangle that a position is in, and its barycentric weights.
import { failure } from '@stillpoint/core';
import type { Weigh } from './contract.ts';
import { directionsOf } from './sphere.ts';
import { triangulatePlane, triangulateSphere, type Triangulation } from './triangulate.ts';
import { buildWeights } from './weights.ts';

/** Samples are on a plane across z, or on a sphere around the origin, to this part of their size. */
const TOLERANCE = 1e-6;
/** A position that is so little outside of a triangle is on its side. */
const ON_SIDE = 1e-9;

/** Throws LENS_METHOD_UNFIT where samples lie neither on a plane nor on a sphere, or on a line. */
export function pointsLinear(points: Float64Array): Weigh {
  const shape = shapeOf(points);
  const triangulation =
    shape === 'plane'
      ? triangulatePlane(points)
      : shape === 'sphere'
        ? triangulateSphere(directionsOf(points))
        : undefined;
  if (triangulation === undefined)
    throw failure('LENS_METHOD_UNFIT', {
      method: 'linear',
      reason: 'the samples lie neither on a plane across z nor on a sphere',
    });
  const corners = shape === 'sphere' ? directionsOf(points) : points;
  const parts = shape === 'sphere' ? partsOnSphere : partsOnPlane;
  return (positions) => {
    const built = buildWeights(positions.length / 3, 3);
    let triangle = 0;
    for (let at = 0; at < positions.length / 3; at += 1) {
      const position = positions.subarray(at * 3, at * 3 + 3);
      const found = locate(triangulation, corners, position, triangle, parts);
      triangle = found.triangle;
      for (const [place, share] of found.shares.entries())
        built.set(at, place, triangulation.triangles[triangle * 3 + place]!, share);
    }
    return built.weights;
  };
}

function shapeOf(points: Float64Array): 'plane' | 'sphere' | 'other' {
  let [lowest, highest, nearest, furthest] = [Infinity, -Infinity, Infinity, 0];
  for (let at = 0; at < points.length; at += 3) {
    const radius = Math.hypot(points[at]!, points[at + 1]!, points[at + 2]!);
    [lowest, highest] = [Math.min(lowest, points[at + 2]!), Math.max(highest, points[at + 2]!)];
    [nearest, furthest] = [Math.min(nearest, radius), Math.max(furthest, radius)];
  }
  if (highest - lowest <= TOLERANCE * furthest) return 'plane';
  return furthest - nearest <= TOLERANCE * furthest ? 'sphere' : 'other';
}

type Parts = (
  corners: Float64Array,
  a: number,
  b: number,
  c: number,
  position: Float64Array,
) => readonly [number, number, number];

/**
 * From triangle to triangle towards the position: in a Delaunay triangulation that walk ends (Edelsbrunner, 1990). Throws
 * LENS_POSITION_OUTSIDE where it leaves them.
 */
function locate(
  { triangles, neighbours }: Triangulation,
  corners: Float64Array,
  position: Float64Array,
  start: number,
  parts: Parts,
): { readonly triangle: number; readonly shares: readonly number[] } {
  let triangle = start;
  for (let steps = 0; steps <= triangles.length; steps += 1) {
    const [a, b, c] = [
      triangles[triangle * 3]!,
      triangles[triangle * 3 + 1]!,
      triangles[triangle * 3 + 2]!,
    ];
    const shares = parts(corners, a, b, c, position);
    const least = Math.min(...shares);
    if (least >= -ON_SIDE) return { triangle, shares: onSide(shares) };
    // Across the side that is opposite to the corner with the least share.
    const corner = shares.indexOf(least);
    const behind = neighbours[triangle * 3 + ((corner + 1) % 3)]!;
    if (behind < 0) break;
    triangle = behind;
  }
  throw failure('LENS_POSITION_OUTSIDE', {
    position: [...position].join(','),
    bounds: 'inside of the outermost samples',
  });
}

function onSide(shares: readonly [number, number, number]): readonly number[] {
  const whole = shares.map((share) => Math.max(share, 0));
  const sum = whole.reduce((all, share) => all + share, 0);
  return whole.map((share) => share / sum);
}

const partsOnPlane: Parts = (corners, a, b, c, [x = 0, y = 0]) => {
  const area = (
    p: readonly [number, number],
    q: readonly [number, number],
    r: readonly [number, number],
  ): number => (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0]);
  const [pa, pb, pc] = [a, b, c].map(
    (corner) => [corners[corner * 3]!, corners[corner * 3 + 1]!] as const,
  ) as [readonly [number, number], readonly [number, number], readonly [number, number]];
  const whole = area(pa, pb, pc);
  const at = [x, y] as const;
  return [area(at, pb, pc) / whole, area(pa, at, pc) / whole, area(pa, pb, at) / whole];
};

/** Of the flat triangle, where the ray from the centre goes through it. A triangle on the other side has shares below 0. */
const partsOnSphere: Parts = (corners, a, b, c, position) => {
  const share = (p: number, q: number): number => {
    const [px, py, pz] = [corners[p * 3]!, corners[p * 3 + 1]!, corners[p * 3 + 2]!];
    const [qx, qy, qz] = [corners[q * 3]!, corners[q * 3 + 1]!, corners[q * 3 + 2]!];
    const [x, y, z] = [position[0]!, position[1]!, position[2]!];
    return x * (py * qz - pz * qy) + y * (pz * qx - px * qz) + z * (px * qy - py * qx);
  };
  const shares = [share(b, c), share(c, a), share(a, b)] as const;
  const sum = Math.abs(shares[0]) + Math.abs(shares[1]) + Math.abs(shares[2]);
  return [shares[0] / sum, shares[1] / sum, shares[2] / sum];
};
