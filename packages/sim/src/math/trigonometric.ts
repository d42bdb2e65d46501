// sin, cos and tan.
//
// Ported from fdlibm (FreeBSD's msun), whose notice is:
// Copyright (C) 1993 by Sun Microsystems, Inc. All rights reserved.
// Developed at SunPro, a Sun Microsystems, Inc. business. Permission to use, copy, modify, and distribute this software is freely
// granted, provided that this notice is preserved.
import { reduce, rest } from './reduction.ts';
import { highWord, upperPart } from './words.ts';

/** The upper half of pi/4. */
const QUARTER_PI_WORD = 0x3fe921fb;

export function sin(x: number): number {
  const word = highWord(x) & 0x7fffffff;
  if (word <= QUARTER_PI_WORD) return word < 0x3e500000 ? x : sinNearZero(x, 0);
  if (word >= 0x7ff00000) return NaN;
  const turns = reduce(x);
  const first = rest[0] as number;
  const second = rest[1] as number;
  const value = (turns & 1) === 0 ? sinNearZero(first, second) : cosNearZero(first, second);
  return (turns & 2) === 0 ? value : -value;
}

export function cos(x: number): number {
  const word = highWord(x) & 0x7fffffff;
  if (word <= QUARTER_PI_WORD) return word < 0x3e46a09e ? 1 : cosNearZero(x, 0);
  if (word >= 0x7ff00000) return NaN;
  const turns = reduce(x);
  const first = rest[0] as number;
  const second = rest[1] as number;
  const value = (turns & 1) === 0 ? cosNearZero(first, second) : sinNearZero(first, second);
  return turns === 0 || turns === 3 ? value : -value;
}

export function tan(x: number): number {
  const word = highWord(x) & 0x7fffffff;
  if (word <= QUARTER_PI_WORD) return word < 0x3e400000 ? x : tanNearZero(x, 0, false);
  if (word >= 0x7ff00000) return NaN;
  const turns = reduce(x);
  return tanNearZero(rest[0] as number, rest[1] as number, (turns & 1) === 1);
}

const S1 = -1.66666666666666324348e-1;
const S2 = 8.33333333332248946124e-3;
const S3 = -1.98412698298579493134e-4;
const S4 = 2.75573137070700676789e-6;
const S5 = -2.50507602534068634195e-8;
const S6 = 1.58969099521155010221e-10;

/** Of x + y, where |x| is at most pi/4 and y is its tail. */
function sinNearZero(x: number, y: number): number {
  const z = x * x;
  const w = z * z;
  const r = S2 + z * (S3 + z * S4) + z * w * (S5 + z * S6);
  const v = z * x;
  if (y === 0) return x + v * (S1 + z * r);
  return x - (z * (0.5 * y - v * r) - y - v * S1);
}

const C1 = 4.16666666666666019037e-2;
const C2 = -1.38888888888741095749e-3;
const C3 = 2.48015872894767294178e-5;
const C4 = -2.75573143513906633035e-7;
const C5 = 2.0875723212981748279e-9;
const C6 = -1.13596475577881948265e-11;

function cosNearZero(x: number, y: number): number {
  const z = x * x;
  const w = z * z;
  const r = z * (C1 + z * (C2 + z * C3)) + w * w * (C4 + z * (C5 + z * C6));
  const half = 0.5 * z;
  const near = 1 - half;
  return near + (1 - near - half + (z * r - x * y));
}

const T0 = 3.33333333333334091986e-1;
const T1 = 1.33333333333201242699e-1;
const T2 = 5.39682539762260521377e-2;
const T3 = 2.18694882948595424599e-2;
const T4 = 8.8632398235993e-3;
const T5 = 3.59207910759131235356e-3;
const T6 = 1.45620945432529025516e-3;
const T7 = 5.88041240820264096874e-4;
const T8 = 2.46463134818469906812e-4;
const T9 = 7.817944429395570923e-5;
const T10 = 7.14072491382608190305e-5;
const T11 = -1.85586374855275456654e-5;
const T12 = 2.59073051863633712884e-5;
const QUARTER_PI = 7.85398163397448278999e-1;
const QUARTER_PI_TAIL = 3.06161699786838301793e-17;

/** tan of x + y, or -1/tan of it. */
function tanNearZero(x: number, y: number, inverse: boolean): number {
  const word = highWord(x);
  // From 0.67434 on it is done from the other side.
  const large = (word & 0x7fffffff) >= 0x3fe59428;
  if (large) {
    const sign = word < 0 ? -1 : 1;
    x = QUARTER_PI - sign * x + (QUARTER_PI_TAIL - sign * y);
    y = 0;
  }
  const z = x * x;
  const w = z * z;
  const odd = T1 + w * (T3 + w * (T5 + w * (T7 + w * (T9 + w * T11))));
  const even = z * (T2 + w * (T4 + w * (T6 + w * (T8 + w * (T10 + w * T12)))));
  const s = z * x;
  const r = y + z * (s * (odd + even) + y) + T0 * s;
  const value = x + r;
  if (large) {
    const v = inverse ? -1 : 1;
    const mirrored = v - 2 * (x - ((value * value) / (value + v) - r));
    return word < 0 ? -mirrored : mirrored;
  }
  return inverse ? minusInverse(x, r, value) : value;
}

/** -1 / (x + r) to more bits than a division has. */
function minusInverse(x: number, r: number, value: number): number {
  const upper = upperPart(value);
  const lower = r - (upper - x);
  const a = -1 / value;
  const t = upperPart(a);
  return t + a * (1 + t * upper + t * lower);
}
