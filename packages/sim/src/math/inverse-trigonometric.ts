// asin, acos, atan and atan2.
//
// Ported from fdlibm (FreeBSD's msun), whose notice is:
// Copyright (C) 1993 by Sun Microsystems, Inc. All rights reserved.
// Developed at SunPro, a Sun Microsystems, Inc. business. Permission to use, copy, modify, and distribute this software is freely
// granted, provided that this notice is preserved.
import { highWord, lowWord, upperPart } from './words.ts';

const HALF_PI = 1.5707963267948966;
const HALF_PI_TAIL = 6.123233995736766e-17;
const QUARTER_PI = 7.85398163397448278999e-1;
const PI = 3.141592653589793;
const PI_TAIL = 1.2246467991473532e-16;

const P0 = 1.66666666666666657415e-1;
const P1 = -3.25565818622400915405e-1;
const P2 = 2.01212532134862925881e-1;
const P3 = -4.00555345006794114027e-2;
const P4 = 7.91534994289814532176e-4;
const P5 = 3.4793310759602116757e-5;
const Q1 = -2.40339491173441421878;
const Q2 = 2.02094576023350569471;
const Q3 = -6.8828397160545329303e-1;
const Q4 = 7.70381505559019352791e-2;

/** (asin(x) - x) / x^3, with t = x^2. */
function asinRest(t: number): number {
  const p = t * (P0 + t * (P1 + t * (P2 + t * (P3 + t * (P4 + t * P5)))));
  const q = 1 + t * (Q1 + t * (Q2 + t * (Q3 + t * Q4)));
  return p / q;
}

export function asin(x: number): number {
  const word = highWord(x);
  const size = word & 0x7fffffff;
  if (size >= 0x3ff00000) {
    if (x === 1 || x === -1) return x * HALF_PI + x * HALF_PI_TAIL;
    return NaN;
  }
  if (size < 0x3fe00000) return size < 0x3e500000 ? x : x + x * asinRest(x * x);
  const t = (1 - Math.abs(x)) * 0.5;
  const r = asinRest(t);
  const s = Math.sqrt(t);
  let value: number;
  if (size >= 0x3fef3333) value = HALF_PI - (2 * (s + s * r) - HALF_PI_TAIL);
  else {
    const w = upperPart(s);
    const c = (t - w * w) / (s + w);
    const p = 2 * s * r - (HALF_PI_TAIL - 2 * c);
    value = QUARTER_PI - (p - (QUARTER_PI - 2 * w));
  }
  return word > 0 ? value : -value;
}

export function acos(x: number): number {
  const word = highWord(x);
  const size = word & 0x7fffffff;
  if (size >= 0x3ff00000) {
    if (x === 1) return 0;
    return x === -1 ? PI + 2 * HALF_PI_TAIL : NaN;
  }
  if (size < 0x3fe00000) {
    if (size <= 0x3c600000) return HALF_PI + HALF_PI_TAIL;
    return HALF_PI - (x - (HALF_PI_TAIL - x * asinRest(x * x)));
  }
  if (word < 0) {
    const z = (1 + x) * 0.5;
    const s = Math.sqrt(z);
    const w = asinRest(z) * s - HALF_PI_TAIL;
    return PI - 2 * (s + w);
  }
  const z = (1 - x) * 0.5;
  const s = Math.sqrt(z);
  const upper = upperPart(s);
  const c = (z - upper * upper) / (s + upper);
  return 2 * (upper + (asinRest(z) * s + c));
}

const A0 = 3.33333333333329318027e-1;
const A1 = -1.99999999998764832476e-1;
const A2 = 1.42857142725034663711e-1;
const A3 = -1.1111110405462355788e-1;
const A4 = 9.09088713343650656196e-2;
const A5 = -7.69187620504482999495e-2;
const A6 = 6.66107313738753120669e-2;
const A7 = -5.83357013379057348645e-2;
const A8 = 4.97687799461593236017e-2;
const A9 = -3.6531572744216915527e-2;
const A10 = 1.62858201153657823623e-2;

/** atan of 0.5, 1, 1.5 and infinity, each with its tail. */
const corners = [
  [4.63647609000806093515e-1, 2.26987774529616870924e-17],
  [7.85398163397448278999e-1, 3.06161699786838301793e-17],
  [9.82793723247329054082e-1, 1.39033110312309984516e-17],
  [1.570796326794896558, 6.12323399573676603587e-17],
] as const;

export function atan(x: number): number {
  const word = highWord(x);
  const size = word & 0x7fffffff;
  if (size >= 0x44100000) {
    if (Number.isNaN(x)) return x;
    return word > 0 ? HALF_PI + HALF_PI_TAIL : -HALF_PI - HALF_PI_TAIL;
  }
  if (size < 0x3fdc0000) return size < 0x3e400000 ? x : x - x * atanRest(x);
  const a = Math.abs(x);
  if (size < 0x3fe60000) return fromCorner(0, (2 * a - 1) / (2 + a), word);
  if (size < 0x3ff30000) return fromCorner(1, (a - 1) / (a + 1), word);
  if (size < 0x40038000) return fromCorner(2, (a - 1.5) / (1 + 1.5 * a), word);
  return fromCorner(3, -1 / a, word);
}

function fromCorner(corner: 0 | 1 | 2 | 3, x: number, word: number): number {
  const [value, tail] = corners[corner];
  const z = value - (x * atanRest(x) - tail - x);
  return word < 0 ? -z : z;
}

/** (x - atan(x)) / x */
function atanRest(x: number): number {
  const z = x * x;
  const w = z * z;
  const odd = z * (A0 + w * (A2 + w * (A4 + w * (A6 + w * (A8 + w * A10)))));
  const even = w * (A1 + w * (A3 + w * (A5 + w * (A7 + w * A9))));
  return odd + even;
}

/** The angle of the point (x, y), -pi to pi. */
export function atan2(y: number, x: number): number {
  if (Number.isNaN(x) || Number.isNaN(y)) return NaN;
  const xWord = highWord(x);
  const yWord = highWord(y);
  if (x === 1) return atan(y);
  if (y === 0) return xWord >= 0 ? y : signed(PI, yWord);
  if (x === 0) return signed(HALF_PI, yWord);
  const xSize = xWord & 0x7fffffff;
  const ySize = yWord & 0x7fffffff;
  if (xSize === 0x7ff00000 && lowWord(x) === 0) {
    if (Math.abs(y) === Infinity) return signed(xWord >= 0 ? QUARTER_PI : 3 * QUARTER_PI, yWord);
    return signed(xWord >= 0 ? 0 : PI, yWord);
  }
  if (Math.abs(y) === Infinity) return signed(HALF_PI, yWord);
  const k = (ySize - xSize) >> 20;
  if (k > 60) return signed(HALF_PI + 0.5 * PI_TAIL, yWord);
  const z = xWord < 0 && k < -60 ? 0 : atan(Math.abs(y / x));
  return signed(xWord >= 0 ? z : PI - (z - PI_TAIL), yWord);
}

function signed(value: number, word: number): number {
  return word < 0 ? -value : value;
}
