// log, log1p, log2 and log10.
//
// Ported from fdlibm (FreeBSD's msun), whose notice is:
// Copyright (C) 1993 by Sun Microsystems, Inc. All rights reserved.
// Developed at SunPro, a Sun Microsystems, Inc. business. Permission to use, copy, modify, and distribute this software is freely
// granted, provided that this notice is preserved.
import { highWord, powerOfTwo, upperPart } from './words.ts';

const LN2_UPPER = 6.9314718036912381649e-1;
const LN2_LOWER = 1.90821492927058770002e-10;
const TWO_54 = 18014398509481984;

const G1 = 6.66666666666673513e-1;
const G2 = 3.999999999940941908e-1;
const G3 = 2.857142874366239149e-1;
const G4 = 2.222219843214978396e-1;
const G5 = 1.818357216161805012e-1;
const G6 = 1.531383769920937332e-1;
const G7 = 1.479819860511658591e-1;

/** What the series of log((1 + s) / (1 - s)) gives beyond 2 s, divided by s; z is s squared. */
function series(z: number): number {
  const w = z * z;
  return z * (G1 + w * (G3 + w * (G5 + w * G7))) + w * (G2 + w * (G4 + w * G6));
}

/** The n that brings x / 2^n between sqrt(1/2) and sqrt(2). Division by a power of two is exact. */
function exponentOf(word: number): number {
  return (word >> 20) - 1023 + ((((word & 0xfffff) + 0x95f64) & 0x100000) >> 20);
}

/** Natural logarithm. */
export function log(x: number): number {
  if (!(x > 0)) return x === 0 ? -Infinity : NaN;
  let word = highWord(x);
  if (word >= 0x7ff00000) return x;
  let k = 0;
  if (word < 0x00100000) {
    k = -54;
    x *= TWO_54;
    word = highWord(x);
  }
  const exponent = exponentOf(word);
  k += exponent;
  word &= 0xfffff;
  const f = x * powerOfTwo(-exponent) - 1;
  if ((0xfffff & (2 + word)) < 3) return logNear1(f, k);
  const s = f / (2 + f);
  const r = series(s * s);
  if (((word - 0x6147a) | (0x6b851 - word)) > 0) {
    const half = 0.5 * f * f;
    if (k === 0) return f - (half - s * (half + r));
    return k * LN2_UPPER - (half - (s * (half + r) + k * LN2_LOWER) - f);
  }
  if (k === 0) return f - s * (f - r);
  return k * LN2_UPPER - (s * (f - r) - k * LN2_LOWER - f);
}

/** |f| is below 2^-20. */
function logNear1(f: number, k: number): number {
  if (f === 0) return k === 0 ? 0 : k * LN2_UPPER + k * LN2_LOWER;
  const r = f * f * (0.5 - (1 / 3) * f);
  return k === 0 ? f - r : k * LN2_UPPER - (r - k * LN2_LOWER - f);
}

/** log(1 + x): exact also where x is near 0. */
export function log1p(x: number): number {
  if (!(x > -1)) return x === -1 ? -Infinity : NaN;
  const word = highWord(x);
  const size = word & 0x7fffffff;
  if (size >= 0x7ff00000) return x;
  let k = 1;
  let f = 0;
  let c = 0;
  let fraction = 1;
  // Below sqrt(2) - 1.
  if (word < 0x3fda827a) {
    if (size < 0x3e200000) return size < 0x3c900000 ? x : x - x * x * 0.5;
    if (word > 0 || word <= (0xbfd2bec4 | 0)) {
      k = 0;
      f = x;
    }
  }
  if (k !== 0) {
    const u = word < 0x43400000 ? 1 + x : x;
    const upper = highWord(u);
    k = (upper >> 20) - 1023;
    if (word < 0x43400000) c = (k > 0 ? 1 - (u - x) : x - (u - 1)) / u;
    fraction = upper & 0xfffff;
    if (fraction >= 0x6a09e) {
      k += 1;
      fraction = (0x100000 - fraction) >> 2;
    }
    f = u * powerOfTwo(-k) - 1;
  }
  const half = 0.5 * f * f;
  if (fraction === 0) {
    if (f === 0) return k === 0 ? 0 : k * LN2_UPPER + (c + k * LN2_LOWER);
    const r = half * (1 - (2 / 3) * f);
    return k === 0 ? f - r : k * LN2_UPPER - (r - (k * LN2_LOWER + c) - f);
  }
  const s = f / (2 + f);
  const z = s * s;
  const r = z * (G1 + z * (G2 + z * (G3 + z * (G4 + z * (G5 + z * (G6 + z * G7))))));
  if (k === 0) return f - (half - s * (half + r));
  return k * LN2_UPPER - (half - (s * (half + r) + (k * LN2_LOWER + c)) - f);
}

/** A number as the sum of two, the first of which has a short fraction: times another such one it is exact. */
interface InTwo {
  readonly upper: number;
  readonly lower: number;
}

const INVERSE_LN2: InTwo = { upper: 1.44269504072144627571, lower: 1.67517131648865118353e-10 };
const LOG2_2: InTwo = { upper: 1, lower: 0 };

/** To the base 2. */
export function log2(x: number): number {
  return toBase(x, INVERSE_LN2, LOG2_2);
}

const INVERSE_LN10: InTwo = { upper: 4.34294481878168880939e-1, lower: 2.50829467116452752298e-11 };
const LOG10_2: InTwo = { upper: 3.01029995663611771306e-1, lower: 3.69423907715893078616e-13 };

/** To the base 10. */
export function log10(x: number): number {
  return toBase(x, INVERSE_LN10, LOG10_2);
}

/** By what log(x) is multiplied, and what the logarithm of 2 is, to that base. */
function toBase(x: number, inverse: InTwo, ofTwo: InTwo): number {
  if (!(x > 0 && x < Infinity) || x === 1) return log(x);
  split(x);
  const k = parts[0] as number;
  const upper = parts[1] as number;
  const lower = parts[2] as number;
  const value = upper * inverse.upper;
  const twos = k * ofTwo.upper;
  const rest = k * ofTwo.lower + (lower + upper) * inverse.lower + lower * inverse.upper;
  const sum = twos + value;
  return rest + (twos - sum + value) + sum;
}

const parts = new Float64Array(3);

/** x is 2^k (1 + f): fills `parts` with k and log(1 + f) as the sum of two, the first of which has a short fraction. */
function split(x: number): void {
  let word = highWord(x);
  let k = 0;
  if (word < 0x00100000) {
    k = -54;
    x *= TWO_54;
    word = highWord(x);
  }
  const exponent = exponentOf(word);
  k += exponent;
  const f = x * powerOfTwo(-exponent) - 1;
  const half = 0.5 * f * f;
  const s = f / (2 + f);
  const r = s * (half + series(s * s));
  const upper = upperPart(f - half);
  parts[0] = k;
  parts[1] = upper;
  parts[2] = f - upper - half + r;
}
