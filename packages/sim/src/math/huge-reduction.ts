// The same for arguments above 2^20 pi/2, where a double says little of an angle and yet has one. Payne and Hanek, "Radian Reduction
// for Trigonometric Functions", 1983, done with whole numbers: slow, exact, and rarely asked for.

/** 1584 binary places of 2/pi: 1024 for the largest exponent, the rest for what is left. */
export const INVERSE_HALF_PI_PLACES = 1584n;
export const INVERSE_HALF_PI_DIGITS = BigInt(
  '0xA2F9836E4E441529FC2757D1F534DDC0DB6295993C439041FE5163ABDEBBC561B7246E3A424DD2E006492EEA09D1921CFE1DEB1CB129' +
    'A73EE88235F52EBB4484E99C7026B45F7E413991D639835339F49C845F8BBDF9283B1FF897FFDE05980FEF2F118B5A0A6D1F6D367ECF' +
    '27CB09B74F463F669E5FEA2D7527BAC7EBE5F17B3D0739F78A5292EA6BFB5FB11F8D5D08560330' +
    '46FC7B6BABF0CFBC209AF4361DA9E391615EE61B086599855F14A068408DFFD8804D73273106061556CA73A8C960E27BC08C6B',
);

/** 320 binary places of pi/2, and its 1. */
export const HALF_PI_PLACES = 320n;
export const HALF_PI_DIGITS =
  BigInt('0x3243F6A8885A308D313198A2E03707344A4093822299F31D0082EFA98EC4E6C89452821E638D01377') >>
  1n;

const bits = new BigUint64Array(1);
const double = new Float64Array(bits.buffer);

/** Fills `rest` and says how many quarter turns were taken off, modulo 4. `x` is finite, and its absolute value at least 2^20. */
export function reduceHuge(x: number, rest: Float64Array): number {
  double[0] = Math.abs(x);
  const word = bits[0] as bigint;
  const fraction = (word & 0xf_ffff_ffff_ffffn) | 0x10_0000_0000_0000n;
  // |x| is fraction times 2^exponent.
  const exponent = (word >> 52n) - 1075n;
  const product = fraction * INVERSE_HALF_PI_DIGITS;
  const places = INVERSE_HALF_PI_PLACES - exponent;
  const turns = (product + (1n << (places - 1n))) >> places;
  const part = (product - (turns << places)) >> (places - HALF_PI_PLACES);
  const angle = x < 0 ? -part * HALF_PI_DIGITS : part * HALF_PI_DIGITS;
  // From a BigInt to a Number is one rounding to the nearest, everywhere.
  const first = Number(angle);
  rest[0] = first * 2 ** -640;
  rest[1] = Number(angle - BigInt(first)) * 2 ** -640;
  const quarter = Number(turns & 3n);
  return x < 0 ? -quarter & 3 : quarter;
}
