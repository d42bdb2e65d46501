// Random numbers whose state is part of the world's. A stream is four words of the set (xoshiro128**, Blackman and Vigna,
// https://prng.di.unimi.it/xoshiro128starstar.c): what a resumed run draws is what the run without a stop would have drawn.

export interface RandomStream {
  /** 0 to 2^32 - 1. */
  uint32(): number;
  /** 53 bits in [0, 1). */
  float(): number;
  /** Mean 0, deviation 1, from two draws; nothing is kept for the next call. */
  normal(): number;
  /** 0 to bound - 1, without bias. Throws a RangeError above 2^32. */
  below(bound: number): number;
}
