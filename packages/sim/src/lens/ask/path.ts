// Positions along a line: straight in a plane or in space, and on a sphere along the great circle.
import type { LensField } from '../contract.ts';

/**
 * `count` positions through the corners, evenly by the way between the first and the last, both of them among them. Two corners of a
 * sphere that lie opposite have no one circle through them: the way over the pole is taken.
 */
export function pathBetween(
  { topology }: Pick<LensField, 'topology'>,
  corners: Float64Array,
  count: number,
): Float64Array {
  if (corners.length < 6 || corners.length % 3 !== 0 || !Number.isSafeInteger(count) || count < 2)
    throw new TypeError('a path has two corners and two positions, or more');
  const legs = legsOf(corners, topology.kind === 'sphere' ? arcOf : lineOf);
  const whole = legs.reduce((sum, { length }) => sum + length, 0);
  const out = new Float64Array(count * 3);
  for (let at = 0; at < count; at += 1) out.set(placeOn(legs, (whole * at) / (count - 1)), at * 3);
  return out;
}

type Position = readonly [number, number, number];

interface Leg {
  readonly length: number;
  /** 0 is its first corner, 1 its last. */
  readonly at: (share: number) => Position;
}

function legsOf(corners: Float64Array, leg: (from: Position, to: Position) => Leg): readonly Leg[] {
  const positions = Array.from(
    { length: corners.length / 3 },
    (_, at) => [...corners.subarray(at * 3, at * 3 + 3)] as unknown as Position,
  );
  return positions.slice(1).map((to, at) => leg(positions[at]!, to));
}

function placeOn(legs: readonly Leg[], way: number): Position {
  let left = way;
  for (const [at, leg] of legs.entries()) {
    if (left <= leg.length || at === legs.length - 1)
      return leg.at(leg.length === 0 ? 0 : Math.min(left / leg.length, 1));
    left -= leg.length;
  }
  throw new TypeError('a path has a leg');
}

function lineOf(from: Position, to: Position): Leg {
  return {
    length: Math.hypot(...from.map((one, axis) => to[axis]! - one)),
    at: (share) => mixed(from, 1 - share, to, share),
  };
}

function arcOf(from: Position, to: Position): Leg {
  const [a, b] = [unit(from), unit(to)];
  const cosine = a.reduce((sum, one, axis) => sum + one * b[axis]!, 0);
  // Of the part of `to` that stands upright on `from`: right also where the two are close.
  const upright = mixed(b, 1, a, -cosine);
  const sine = Math.hypot(...upright);
  const side = sine > 1e-12 ? unit(upright) : beside(a);
  const length = Math.atan2(sine, cosine);
  return {
    length,
    at: (share) => mixed(a, Math.cos(share * length), side, Math.sin(share * length)),
  };
}

/** A direction that stands upright on another: towards the north pole, or from a pole towards longitude 0. */
function beside(a: Position): Position {
  const towards: Position = Math.abs(a[2]) > 1 - 1e-9 ? [1, 0, 0] : [0, 0, 1];
  return unit(mixed(towards, 1, a, -(a[0] * towards[0] + a[1] * towards[1] + a[2] * towards[2])));
}

function unit(one: Position): Position {
  const length = Math.hypot(...one);
  return [one[0] / length, one[1] / length, one[2] / length];
}

function mixed(a: Position, s: number, b: Position, t: number): Position {
  return [a[0] * s + b[0] * t, a[1] * s + b[1] * t, a[2] * s + b[2] * t];
}
