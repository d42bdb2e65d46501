// A k-d tree over points of space: the nearest of them without looking at all.
// Source: Bentley, "Multidimensional binary search trees used for associative searching", 1975.

export interface Near {
  readonly point: number;
  readonly distanceSquared: number;
}

export interface Tree {
  /** The nearest first; of two as near, the one that comes first. */
  nearest(position: Float64Array, count: number): readonly Near[];
}

/** Fewer than this are looked at one by one. */
const LEAF = 16;

export function buildTree(points: Float64Array): Tree {
  const order = Int32Array.from({ length: points.length / 3 }, (_, at) => at);
  arrange(points, order, 0, order.length, 0);
  return {
    nearest(position, count) {
      const found: Near[] = [];
      search({ points, order, position, count, found }, 0, order.length, 0);
      return found;
    },
  };
}

/** The middle of a range is its median along the axis, smaller ones before it: the tree is the order itself. */
function arrange(
  points: Float64Array,
  order: Int32Array,
  from: number,
  to: number,
  axis: number,
): void {
  if (to - from <= LEAF) return;
  order.subarray(from, to).sort((a, b) => points[a * 3 + axis]! - points[b * 3 + axis]! || a - b);
  const middle = (from + to) >> 1;
  arrange(points, order, from, middle, (axis + 1) % 3);
  arrange(points, order, middle + 1, to, (axis + 1) % 3);
}

interface Search {
  readonly points: Float64Array;
  readonly order: Int32Array;
  readonly position: Float64Array;
  readonly count: number;
  readonly found: Near[];
}

function search(of: Search, from: number, to: number, axis: number): void {
  if (to - from <= LEAF) {
    for (let at = from; at < to; at += 1) consider(of, of.order[at]!);
    return;
  }
  const middle = (from + to) >> 1;
  const across = of.position[axis]! - of.points[of.order[middle]! * 3 + axis]!;
  const next = (axis + 1) % 3;
  const isBelow = across < 0;
  search(of, isBelow ? from : middle + 1, isBelow ? middle : to, next);
  consider(of, of.order[middle]!);
  // As far as the plane, or nearer: one as near may come first.
  if (across * across <= worstOf(of))
    search(of, isBelow ? middle + 1 : from, isBelow ? to : middle, next);
}

function worstOf({ found, count }: Search): number {
  return found.length < count ? Infinity : found.at(-1)!.distanceSquared;
}

function consider({ points, position, count, found }: Search, point: number): void {
  let distanceSquared = 0;
  for (let axis = 0; axis < 3; axis += 1)
    distanceSquared += (points[point * 3 + axis]! - position[axis]!) ** 2;
  const isBefore = (other: Near): boolean =>
    distanceSquared < other.distanceSquared ||
    (distanceSquared === other.distanceSquared && point < other.point);
  let place = found.length;
  while (place > 0 && isBefore(found[place - 1]!)) place -= 1;
  if (place === count) return;
  found.splice(place, 0, { point, distanceSquared });
  if (found.length > count) found.pop();
}
