// Samples at any points of space: the nearest, or several weighed by the inverse square of their distance.
import { failure } from '@stillpoint/core';
import type { Weigh } from './contract.ts';
import { buildTree, type Tree } from './tree.ts';
import { buildWeights } from './weights.ts';

const NEIGHBOURS = 8;

export function pointsNearest(points: Float64Array): Weigh {
  const tree = treeOf(points);
  return (positions) => {
    const built = buildWeights(positions.length / 3, 1);
    for (let at = 0; at < positions.length / 3; at += 1)
      built.set(at, 0, tree.nearest(positions.subarray(at * 3, at * 3 + 3), 1)[0]!.point, 1);
    return built.weights;
  };
}

/** Shepard's method over the eight nearest. On a sample it is that sample. */
export function pointsIdw(points: Float64Array): Weigh {
  const tree = treeOf(points);
  const each = Math.min(NEIGHBOURS, points.length / 3);
  return (positions) => {
    const built = buildWeights(positions.length / 3, each);
    for (let at = 0; at < positions.length / 3; at += 1) {
      const near = tree.nearest(positions.subarray(at * 3, at * 3 + 3), each);
      if (near[0]!.distanceSquared === 0) {
        built.set(at, 0, near[0]!.point, 1);
        continue;
      }
      // Relative to the nearest, so that no inverse is infinite.
      const shares = near.map(({ distanceSquared }) => near[0]!.distanceSquared / distanceSquared);
      const sum = shares.reduce((all, share) => all + share, 0);
      for (const [place, { point }] of near.entries())
        built.set(at, place, point, shares[place]! / sum);
    }
    return built.weights;
  };
}

function treeOf(points: Float64Array): Tree {
  if (points.length === 0)
    throw failure('LENS_POSITION_OUTSIDE', {
      position: 'any',
      bounds: 'none: the frame has no samples',
    });
  return buildTree(points);
}
