// Mathematical functions that give the same bits on every runtime. ECMAScript leaves sin, exp, pow and their like to the implementation, and
// V8 has changed them; + - * / and sqrt are exact by IEEE 754. So these are made of nothing else. See docs/decisions/0032.
import { exp, expm1 } from './exponential.ts';
import { acosh, asinh, atanh, cosh, sinh, tanh } from './hyperbolic.ts';
import { acos, asin, atan, atan2 } from './inverse-trigonometric.ts';
import { log, log10, log1p, log2 } from './logarithm.ts';
import { pow } from './power.ts';
import { cbrt, hypot } from './roots.ts';
import { cos, sin, tan } from './trigonometric.ts';

/**
 * What a world uses instead of `Math`: every function gives the same bits for the same argument on every runtime, and lies within 2 ulps
 * (units in the last place) of the true value, most within 1. `Math.abs`, `min`, `floor` and their like are exact as they are, too.
 */
export const det = Object.freeze({
  sin,
  cos,
  tan,
  asin,
  acos,
  atan,
  atan2,
  sinh,
  cosh,
  tanh,
  asinh,
  acosh,
  atanh,
  exp,
  expm1,
  log,
  log1p,
  log2,
  log10,
  pow,
  cbrt,
  hypot,
  // Exact by IEEE 754 and by ECMAScript; here so that a world needs only one name.
  sqrt: Math.sqrt,
  abs: Math.abs,
  floor: Math.floor,
  ceil: Math.ceil,
  trunc: Math.trunc,
  round: Math.round,
  sign: Math.sign,
  min: Math.min,
  max: Math.max,
  fround: Math.fround,
  imul: Math.imul,
});
