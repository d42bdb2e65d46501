// exp and expm1.
//
// Ported from fdlibm (FreeBSD's msun), whose notice is:
// Copyright (C) 1993 by Sun Microsystems, Inc. All rights reserved.
// Developed at SunPro, a Sun Microsystems, Inc. business. Permission to use, copy, modify, and distribute this software is freely
// granted, provided that this notice is preserved.
import { highWord, powerOfTwo, scaled } from './words.ts';

const LN2_UPPER = 6.9314718036912381649e-1;
const LN2_LOWER = 1.90821492927058770002e-10;
const INVERSE_LN2 = 1.442695040888963387;

const P1 = 1.66666666666666019037e-1;
const P2 = -2.77777777770155933842e-3;
const P3 = 6.61375632143793436117e-5;
const P4 = -1.6533902205465251539e-6;
const P5 = 4.13813679705723846039e-8;

/** e to the x. */
export function exp(x: number): number {
  const word = highWord(x);
  const size = word & 0x7fffffff;
  if (size >= 0x40862e42) {
    if (Number.isNaN(x)) return x;
    if (x > 7.09782712893383973096e2) return Infinity;
    if (x < -7.4513321910194110842e2) return 0;
  }
  if (size < 0x3e300000) return 1 + x;
  let k = 0;
  let upper = x;
  let lower = 0;
  let r = x;
  if (size > 0x3fd62e42) {
    if (size < 0x3ff0a2b2) {
      if (x === 1) return Math.E;
      k = word < 0 ? -1 : 1;
    } else k = Math.trunc(INVERSE_LN2 * x + (word < 0 ? -0.5 : 0.5));
    upper = x - k * LN2_UPPER;
    lower = k * LN2_LOWER;
    r = upper - lower;
  }
  const t = r * r;
  const c = r - t * (P1 + t * (P2 + t * (P3 + t * (P4 + t * P5))));
  if (k === 0) return 1 - ((r * c) / (c - 2) - r);
  const y = 1 - (lower - (r * c) / (2 - c) - upper);
  return k >= -1021 ? scaled(y, k) : y * powerOfTwo(k + 1000) * powerOfTwo(-1000);
}

const Q1 = -3.33333333333331316428e-2;
const Q2 = 1.58730158725481460165e-3;
const Q3 = -7.93650757867487942473e-5;
const Q4 = 4.00821782732936239552e-6;
const Q5 = -2.01099218183624371326e-7;

/** e to the x, less 1: exact also where x is near 0. */
export function expm1(x: number): number {
  const word = highWord(x);
  const size = word & 0x7fffffff;
  if (size >= 0x4043687a) {
    if (Number.isNaN(x)) return x;
    if (word < 0) return -1;
    if (x > 7.09782712893383973096e2) return Infinity;
  }
  if (size < 0x3c900000) return x;
  let k = 0;
  let r = x;
  /** What r lacks. */
  let c = 0;
  if (size > 0x3fd62e42) {
    if (size < 0x3ff0a2b2) k = word < 0 ? -1 : 1;
    else k = Math.trunc(INVERSE_LN2 * x + (word < 0 ? -0.5 : 0.5));
    const upper = x - k * LN2_UPPER;
    const lower = k * LN2_LOWER;
    r = upper - lower;
    c = upper - r - lower;
  }
  const half = 0.5 * r;
  const z = r * half;
  const r1 = 1 + z * (Q1 + z * (Q2 + z * (Q3 + z * (Q4 + z * Q5))));
  const t = 3 - r1 * half;
  const e = z * ((r1 - t) / (6 - r * t));
  if (k === 0) return r - (r * e - z);
  return times2(k, r, r * (e - c) - c - z);
}

/** 2^k (1 + r - e) - 1 */
function times2(k: number, r: number, e: number): number {
  if (k === -1) return 0.5 * (r - e) - 0.5;
  if (k === 1) return r < -0.25 ? -2 * (e - (r + 0.5)) : 1 + 2 * (r - e);
  if (k <= -2 || k > 56) {
    const y = 1 - (e - r);
    return (k === 1024 ? y * 2 * powerOfTwo(1023) : y * powerOfTwo(k)) - 1;
  }
  const small = powerOfTwo(-k);
  if (k < 20) return (1 - small - (e - r)) * powerOfTwo(k);
  return (r - (e + small) + 1) * powerOfTwo(k);
}
