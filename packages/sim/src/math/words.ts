// The two halves of a double as integers, which is how fdlibm looks at numbers.

const double = new Float64Array(1);
const words = new Int32Array(double.buffer);
double[0] = 1;
/** Where the half with sign and exponent lies: that is a matter of the machine. */
const HIGH = words[0] === 0 ? 1 : 0;
const LOW = 1 - HIGH;

/** Sign, exponent and the upper 20 bits of the fraction, as a signed integer. */
export function highWord(x: number): number {
  double[0] = x;
  return words[HIGH] as number;
}

/** The lower 32 bits of the fraction, as a signed integer: it is only ever compared with 0 or put back. */
export function lowWord(x: number): number {
  double[0] = x;
  return words[LOW] as number;
}

export function fromWords(high: number, low: number): number {
  words[HIGH] = high;
  words[LOW] = low;
  return double[0] as number;
}

export function withHighWord(x: number, high: number): number {
  double[0] = x;
  words[HIGH] = high;
  return double[0];
}

/** The number with the lower half of its fraction cleared: products of two such are exact. */
export function upperPart(x: number): number {
  double[0] = x;
  words[LOW] = 0;
  return double[0];
}

/** 2^n of a normal number: -1022 to 1023. */
export function powerOfTwo(n: number): number {
  return fromWords((n + 1023) << 20, 0);
}

/** `x` times 2^n, rounded once. `x` is normal, about 1, and n is -1100 to 1024. */
export function scaled(x: number, n: number): number {
  if (n > 1023) return x * 2 * powerOfTwo(1023);
  if (n >= -1022) return x * powerOfTwo(n);
  // Exact in the range of normal numbers, then one rounding below it.
  return x * powerOfTwo(n + 54) * powerOfTwo(-54);
}
