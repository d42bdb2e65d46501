// sinh, cosh, tanh and their inverses.
//
// Ported from fdlibm (FreeBSD's msun), whose notice is:
// Copyright (C) 1993 by Sun Microsystems, Inc. All rights reserved.
// Developed at SunPro, a Sun Microsystems, Inc. business. Permission to use, copy, modify, and distribute this software is freely
// granted, provided that this notice is preserved.
import { exp, expm1 } from './exponential.ts';
import { log, log1p } from './logarithm.ts';

const LN2 = 6.93147180559945286227e-1;
/** Above it the result is no double, though exp of the half is. */
const OVERFLOW = 710.4758600739439;
const TWO_28 = 2 ** 28;

export function sinh(x: number): number {
  const a = Math.abs(x);
  const half = x < 0 ? -0.5 : 0.5;
  if (a < 22) {
    if (a < 2 ** -28) return x;
    const t = expm1(a);
    if (a < 1) return half * (2 * t - (t * t) / (t + 1));
    return half * (t + t / (t + 1));
  }
  if (a < 709.7822265625) return half * exp(a);
  if (a <= OVERFLOW) {
    const w = exp(0.5 * a);
    return half * w * w;
  }
  return x * Infinity;
}

export function cosh(x: number): number {
  const a = Math.abs(x);
  // ln(2)/2 by its upper half.
  if (a < 0.34657382965087890625) {
    if (a < 2 ** -55) return 1;
    const t = expm1(a);
    const w = 1 + t;
    return 1 + (t * t) / (w + w);
  }
  if (a < 22) {
    const t = exp(a);
    return 0.5 * t + 0.5 / t;
  }
  if (a < 709.7822265625) return 0.5 * exp(a);
  if (a <= OVERFLOW) {
    const w = exp(0.5 * a);
    return 0.5 * w * w;
  }
  return Number.isNaN(x) ? x : Infinity;
}

export function tanh(x: number): number {
  const a = Math.abs(x);
  if (Number.isNaN(x) || a < 2 ** -28) return x;
  let value = 1;
  if (a < 22) {
    const t = expm1(a >= 1 ? 2 * a : -2 * a);
    value = a >= 1 ? 1 - 2 / (t + 2) : -t / (t + 2);
  }
  return x < 0 ? -value : value;
}

export function asinh(x: number): number {
  const a = Math.abs(x);
  if (!(a >= 2 ** -28) || a === Infinity) return x;
  let value: number;
  if (a > TWO_28) value = log(a) + LN2;
  else if (a > 2) value = log(2 * a + 1 / (Math.sqrt(x * x + 1) + a));
  else value = log1p(a + (x * x) / (1 + Math.sqrt(1 + x * x)));
  return x < 0 ? -value : value;
}

export function acosh(x: number): number {
  if (!(x >= 1)) return NaN;
  if (x >= TWO_28) return x === Infinity ? x : log(x) + LN2;
  if (x > 2) return log(2 * x - 1 / (x + Math.sqrt(x * x - 1)));
  const t = x - 1;
  return log1p(t + Math.sqrt(2 * t + t * t));
}

export function atanh(x: number): number {
  const a = Math.abs(x);
  if (!(a <= 1)) return NaN;
  if (a === 1) return x * Infinity;
  if (a < 2 ** -28) return x;
  const t = a + a;
  const value = 0.5 * log1p(a < 0.5 ? t + (t * a) / (1 - a) : t / (1 - a));
  return x < 0 ? -value : value;
}
