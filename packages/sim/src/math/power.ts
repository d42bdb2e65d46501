// pow: x to the y, with 1 to an infinite power NaN as in ECMAScript.
//
// Ported from fdlibm (FreeBSD's msun), whose notice is:
// Copyright (C) 1993 by Sun Microsystems, Inc. All rights reserved.
// Developed at SunPro, a Sun Microsystems, Inc. business. Permission to use, copy, modify, and distribute this software is freely
// granted, provided that this notice is preserved.
import { fromHighWord, highWord, lowWord, powerOfTwo, scaled, upperPart } from './words.ts';

/** log2(e), and 2/(3 ln 2), each with its upper and lower part. */
const INVERSE_LN2 = 1.442695040888963387;
const INVERSE_LN2_UPPER = 1.44269502162933349609;
const INVERSE_LN2_LOWER = 1.92596299112661746887e-8;
const CP = 9.61796693925975554329e-1;
const CP_UPPER = 9.61796700954437255859e-1;
const CP_LOWER = -7.02846165095275826516e-9;
/** log2(1.5) */
const DP_UPPER = 5.84962487220764160156e-1;
const DP_LOWER = 1.35003920212974897128e-8;
/** log2 of the largest double, less 1024 */
const OVERFLOW_TAIL = 8.008566259537294e-17;

/** `x` to the power of `y`, as Math.pow defines its special cases. */
export function pow(x: number, y: number): number {
  if (y === 0) return 1;
  if (Number.isNaN(x) || Number.isNaN(y)) return NaN;
  const size = Math.abs(x);
  if (y === Infinity || y === -Infinity) {
    if (size === 1) return NaN;
    return size > 1 === y > 0 ? Infinity : 0;
  }
  const odd = isOdd(y);
  if (size === 0 || size === Infinity) {
    const value = (size === 0) === y > 0 ? 0 : Infinity;
    return odd && (x < 0 || Object.is(x, -0)) ? -value : value;
  }
  if (y === 1) return x;
  if (y === 2) return x * x;
  if (y === -1) return 1 / x;
  if (x < 0 && !Number.isInteger(y)) return NaN;
  if (y === 0.5) return Math.sqrt(x);
  if (size === 1) return x < 0 && odd ? -1 : 1;
  const value = powOfPositive(size, y);
  return x < 0 && odd ? -value : value;
}

function isOdd(y: number): boolean {
  return Number.isInteger(y) && Math.abs(y) < 2 ** 53 && y % 2 !== 0;
}

/** `x` is finite, above 0 and not 1; `y` finite and not 0. */
function powOfPositive(x: number, y: number): number {
  const xWord = highWord(x);
  const ySize = highWord(y) & 0x7fffffff;
  if (ySize > 0x41e00000) {
    // |y| is above 2^31: only near 1 is there anything between 0 and infinity.
    const grows = x > 1 === y > 0;
    if (ySize > 0x43f00000 || xWord < 0x3fefffff || xWord > 0x3ff00000) return grows ? Infinity : 0;
    logNear1(x);
  } else log2Of(x);
  const upper = logarithm[0] as number;
  const lower = logarithm[1] as number;
  const y1 = upperPart(y);
  const low = (y - y1) * upper + y * lower;
  const high = y1 * upper;
  const z = low + high;
  const word = highWord(z);
  if (word >= 0x40900000) {
    if (word > 0x40900000 || lowWord(z) !== 0 || low + OVERFLOW_TAIL > z - high) return Infinity;
  } else if ((word & 0x7fffffff) >= 0x4090cc00) {
    const below = word !== (0xc090cc00 | 0) || lowWord(z) !== 0;
    if (below || low <= z - high) return 0;
  }
  return twoToThe(high, low, word);
}

/** The base-2 logarithm of the base, as the sum of two, the first of which has a short fraction. */
const logarithm = new Float64Array(2);

function logNear1(x: number): void {
  const t = x - 1;
  const w = t * t * (0.5 - t * (1 / 3 - t * 0.25));
  const u = INVERSE_LN2_UPPER * t;
  const v = t * INVERSE_LN2_LOWER - w * INVERSE_LN2;
  const t1 = upperPart(u + v);
  logarithm[0] = t1;
  logarithm[1] = v - (t1 - u);
}

const L1 = 5.99999999999994648725e-1;
const L2 = 4.28571428578550184252e-1;
const L3 = 3.33333329818377432918e-1;
const L4 = 2.72728123808534006489e-1;
const L5 = 2.30660745775561754067e-1;
const L6 = 2.06975017800338417784e-1;

function log2Of(given: number): void {
  let n = 0;
  let x = given;
  if (highWord(x) < 0x00100000) {
    x *= 2 ** 53;
    n = -53;
  }
  let word = highWord(x);
  let exponent = (word >> 20) - 1023;
  const fraction = word & 0xfffff;
  word = fraction | 0x3ff00000;
  // 1 or 1.5, whichever is nearer.
  const nearOneAndHalf = fraction > 0x3988e && fraction < 0xbb67a;
  if (fraction >= 0xbb67a) {
    exponent += 1;
    word -= 0x00100000;
  }
  n += exponent;
  x *= powerOfTwo(-exponent);
  const base = nearOneAndHalf ? 1.5 : 1;
  const u = x - base;
  const v = 1 / (x + base);
  const s = u * v;
  const sUpper = upperPart(s);
  // x + base, with its upper part made from the words.
  const sumWord = ((word >> 1) | 0x20000000) + 0x00080000 + (nearOneAndHalf ? 1 << 18 : 0);
  const sumUpper = fromHighWord(sumWord);
  const sumLower = x - (sumUpper - base);
  const sLower = v * (u - sUpper * sumUpper - sUpper * sumLower);
  const z = s * s;
  const r =
    z * z * (L1 + z * (L2 + z * (L3 + z * (L4 + z * (L5 + z * L6))))) + sLower * (sUpper + s);
  const square = sUpper * sUpper;
  const tUpper = upperPart(3 + square + r);
  const tLower = r - (tUpper - 3 - square);
  const p = sUpper * tUpper;
  const q = sLower * tUpper + tLower * s;
  const pUpper = upperPart(p + q);
  const pLower = q - (pUpper - p);
  const zUpper = CP_UPPER * pUpper;
  const zLower = CP_LOWER * pUpper + pLower * CP + (nearOneAndHalf ? DP_LOWER : 0);
  const dp = nearOneAndHalf ? DP_UPPER : 0;
  const t1 = upperPart(zUpper + zLower + dp + n);
  logarithm[0] = t1;
  logarithm[1] = zLower - (t1 - n - dp - zUpper);
}

const P1 = 1.66666666666666019037e-1;
const P2 = -2.77777777770155933842e-3;
const P3 = 6.61375632143793436117e-5;
const P4 = -1.6533902205465251539e-6;
const P5 = 4.13813679705723846039e-8;
const LN2 = 6.93147180559945286227e-1;
const LN2_UPPER = 6.93147182464599609375e-1;
const LN2_LOWER = -1.90465429995776804525e-9;

/** 2 to the high + low, whose sum has `word` as its upper half. */
function twoToThe(high: number, low: number, word: number): number {
  let n = 0;
  let whole = high;
  if ((word & 0x7fffffff) > 0x3fe00000) {
    n = Math.trunc(high + low + (word < 0 ? -0.5 : 0.5));
    whole = high - n;
  }
  const t = upperPart(low + whole);
  const u = t * LN2_UPPER;
  const v = (low - (t - whole)) * LN2 + t * LN2_LOWER;
  const z = u + v;
  const w = v - (z - u);
  const square = z * z;
  const t1 = z - square * (P1 + square * (P2 + square * (P3 + square * (P4 + square * P5))));
  const r = (z * t1) / (t1 - 2) - (w + z * w);
  return scaled(1 - (r - z), n);
}
