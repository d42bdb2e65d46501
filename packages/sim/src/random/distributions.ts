// From words of 32 bits to what a world asks for. The same for all generators.
import { det } from '../math/index.ts';

const TWO_32 = 2 ** 32;

/** The upper 27 bits of one word and the upper 26 of the other, as [0, 1). */
export function floatOf(high: number, low: number): number {
  return ((high >>> 5) * 2 ** 26 + (low >>> 6)) * 2 ** -53;
}

/**
 * Box and Muller, "A Note on the Generation of Random Normal Deviates", 1958: one of the two deviates. The other would have to be
 * kept for the next call, and that would be state outside of the set.
 */
export function normalOf(first: number, second: number): number {
  // 1 - [0, 1) is (0, 1]: the logarithm of 0 is never asked for.
  return det.sqrt(-2 * det.log(1 - first)) * det.cos(2 * Math.PI * second);
}

/**
 * Lemire, "Fast Random Integer Generation in an Interval", 2019: the upper half of word x bound, with those words drawn again that
 * would give some results once more than others.
 */
export function belowOf(words: { uint32(): number }, bound: number): number {
  if (!Number.isInteger(bound) || bound < 1 || bound > TWO_32)
    throw new RangeError(`below() takes a whole number from 1 to 2^32, not ${bound}`);
  if (bound === TWO_32) return words.uint32();
  let word = words.uint32();
  if (Math.imul(word, bound) >>> 0 < bound) {
    const unfair = (TWO_32 - bound) % bound;
    while (Math.imul(word, bound) >>> 0 < unfair) word = words.uint32();
  }
  return upperHalf(word, bound);
}

/** The upper 32 of the 64 bits of a product: doubles have 53 bits, so it is done in halves. */
export function upperHalf(a: number, b: number): number {
  const aHigh = a >>> 16;
  const aLow = a & 0xffff;
  const bHigh = b >>> 16;
  const bLow = b & 0xffff;
  const middle = aHigh * bLow + (((aLow * bLow) / 65536) >>> 0);
  const carried = aLow * bHigh + (middle % 65536);
  return (aHigh * bHigh + Math.floor(middle / 65536) + Math.floor(carried / 65536)) >>> 0;
}
