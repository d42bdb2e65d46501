// Takes multiples of pi/2 off an argument, for sin, cos and tan. The rest has more bits than a double: it is given as the sum of two.
//
// Ported from fdlibm (FreeBSD's msun), whose notice is:
// Copyright (C) 1993 by Sun Microsystems, Inc. All rights reserved.
// Developed at SunPro, a Sun Microsystems, Inc. business. Permission to use, copy, modify, and distribute this software is freely
// granted, provided that this notice is preserved.
import { highWord } from './words.ts';
import { reduceHuge } from './huge-reduction.ts';

/** 53 bits of 2/pi. */
const INVERSE_HALF_PI = 6.36619772367581382433e-1;
// pi/2 in pieces of 33 bits, each with the rest that follows it: a multiple of up to 2^20 of a piece is exact.
const HALF_PI_1 = 1.57079632673412561417;
const HALF_PI_1_REST = 6.07710050650619224932e-11;
const HALF_PI_2 = 6.0771005063039659766e-11;
const HALF_PI_2_REST = 2.02226624879595063154e-21;
const HALF_PI_3 = 2.0222662487111664558e-21;
const HALF_PI_3_REST = 8.47842766036889956997e-32;

/** Added and taken off again it leaves the nearest whole number. */
const ROUNDING = 6755399441055744;

/** The upper half of 2^20 times pi/2. */
const HUGE_FROM = 0x413921fb;

/** What is left, as `rest[0] + rest[1]`; one for all, since nothing waits in between. */
export const rest = new Float64Array(2);

/** Fills `rest` and says how many quarter turns were taken off, modulo 4. `x` is finite. */
export function reduce(x: number): number {
  const exponentWord = highWord(x) & 0x7fffffff;
  if (exponentWord >= HUGE_FROM) return reduceHuge(x, rest);
  const turns = x * INVERSE_HALF_PI + ROUNDING - ROUNDING;
  const exponent = exponentWord >> 20;
  let left = x - turns * HALF_PI_1;
  let tail = turns * HALF_PI_1_REST;
  let first = left - tail;
  // Good to 85 bits; where much was cancelled, to 118 and then to 151, which covers all.
  if (lostBits(exponent, first) > 16) {
    const before = left;
    tail = turns * HALF_PI_2;
    left = before - tail;
    tail = turns * HALF_PI_2_REST - (before - left - tail);
    first = left - tail;
    if (lostBits(exponent, first) > 49) {
      const second = left;
      tail = turns * HALF_PI_3;
      left = second - tail;
      tail = turns * HALF_PI_3_REST - (second - left - tail);
      first = left - tail;
    }
  }
  rest[0] = first;
  rest[1] = left - first - tail;
  return turns & 3;
}

function lostBits(exponent: number, left: number): number {
  return exponent - ((highWord(left) >> 20) & 0x7ff);
}
