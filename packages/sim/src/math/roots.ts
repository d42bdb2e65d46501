// cbrt and hypot.
//
// Ported from fdlibm (FreeBSD's msun), whose notice is:
// Copyright (C) 1993 by Sun Microsystems, Inc. All rights reserved.
// Developed at SunPro, a Sun Microsystems, Inc. business. Permission to use, copy, modify, and distribute this software is freely
// granted, provided that this notice is preserved.
import { fromHighWord, highWord, powerOfTwo, roundedTo23Bits, upperPart } from './words.ts';

const P0 = 1.87595182427177009643;
const P1 = -1.88497979543377169875;
const P2 = 1.62142972010535446614;
const P3 = -7.58397934778766047437e-1;
const P4 = 1.45996192886612446982e-1;

/** The third root, also of a negative number. */
export function cbrt(x: number): number {
  const word = highWord(x);
  const sign = word & 0x80000000;
  const size = word & 0x7fffffff;
  if (size >= 0x7ff00000 || x === 0) return x;
  // A third of the exponent and of the fraction's beginning: 5 bits are right.
  let t: number;
  if (size < 0x00100000) {
    const scaledUp = highWord(x * 2 ** 54) & 0x7fffffff;
    t = fromHighWord(sign | (Math.trunc(scaledUp / 3) + 696219795));
  } else t = fromHighWord(sign | (Math.trunc(size / 3) + 715094163));
  const r = t * t * (t / x);
  t *= P0 + r * (P1 + r * P2) + r * r * r * (P3 + r * P4);
  t = roundedTo23Bits(t);
  // One step of Newton: t * t is exact.
  const quotient = x / (t * t);
  return t + t * ((quotient - t) / (t + t + quotient));
}

/** The length of (x, y), without overflow on the way. */
export function hypot(x: number, y: number): number {
  let a = Math.max(Math.abs(x), Math.abs(y));
  let b = Math.min(Math.abs(x), Math.abs(y));
  if (Math.abs(x) === Infinity || Math.abs(y) === Infinity) return Infinity;
  if (Number.isNaN(a)) return NaN;
  if (b === 0) return a;
  let k = 0;
  if (a > 2 ** 500) k = 600;
  else if (b < 2 ** -500) k = b < 2 ** -1000 ? -1000 : -600;
  // Scaling by a power of two is exact; what is lost of b beside a counts for nothing.
  if (highWord(a) - highWord(b) > 0x3c00000) return a + b;
  if (k !== 0) {
    a *= powerOfTwo(-k);
    b *= powerOfTwo(-k);
  }
  const value = Math.sqrt(sumOfSquares(a, b));
  return k === 0 ? value : value * powerOfTwo(k);
}

/** a^2 + b^2 for a >= b > 0, with the large products exact: the error of the root is below 1 ulp. */
function sumOfSquares(a: number, b: number): number {
  const difference = a - b;
  if (difference > b) {
    const upper = upperPart(a);
    return upper * upper - (b * -b - (a - upper) * (a + upper));
  }
  const twice = a + a;
  const aUpper = upperPart(twice);
  const bUpper = upperPart(b);
  const rest = aUpper * (b - bUpper) + (twice - aUpper) * b;
  return aUpper * bUpper - (difference * -difference - rest);
}
