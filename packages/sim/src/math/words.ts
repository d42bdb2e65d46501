// Doubles as bits, which is how fdlibm looks at numbers. A number that is put together of two halves costs ten times as much as one
// that is read in halves: the processor waits for both to be written. So what is made here is made in one piece.

const double = new Float64Array(1);
const words = new Int32Array(double.buffer);
const bits = new BigUint64Array(double.buffer);
double[0] = 1;
/** Where the half with sign and exponent lies: that is a matter of the machine. */
const HIGH = words[0] === 0 ? 1 : 0;
const LOW = 1 - HIGH;

/** Sign, exponent and the upper 20 bits of the fraction, as a signed integer. */
export function highWord(x: number): number {
  double[0] = x;
  return words[HIGH] as number;
}

/** The lower 32 bits of the fraction, as a signed integer: it is only ever compared with 0. */
export function lowWord(x: number): number {
  double[0] = x;
  return words[LOW] as number;
}

/** The number with this upper half, and zeros below. */
export function fromHighWord(high: number): number {
  bits[0] = BigInt.asUintN(64, BigInt(high) << 32n);
  return double[0] as number;
}

/** The number with the lower half of its fraction cleared: products of two such are exact. */
export function upperPart(x: number): number {
  double[0] = x;
  bits[0] = (bits[0] as bigint) & 0xffff_ffff_0000_0000n;
  return double[0];
}

/** The number rounded to 23 bits, away from zero. */
export function roundedTo23Bits(x: number): number {
  double[0] = x;
  bits[0] = BigInt.asUintN(64, (bits[0] as bigint) + 0x8000_0000n) & 0xffff_ffff_c000_0000n;
  return double[0];
}

const SMALLEST_POWER = -1074;
const powers = new Float64Array(1024 - SMALLEST_POWER);
powers[0] = Number.MIN_VALUE;
for (let index = 1; index < powers.length; index += 1) powers[index] = 2 * powers[index - 1]!;

/** 2^n, for n from -1074 to 1023. */
export function powerOfTwo(n: number): number {
  return powers[n - SMALLEST_POWER] as number;
}

/** `x` times 2^n, rounded once. `x` is normal, about 1, and n is -1100 to 1024. */
export function scaled(x: number, n: number): number {
  if (n > 1023) return x * 2 * powerOfTwo(1023);
  if (n >= -1022) return x * powerOfTwo(n);
  // Exact in the range of normal numbers, then one rounding below it.
  return x * powerOfTwo(n + 54) * powerOfTwo(-54);
}
