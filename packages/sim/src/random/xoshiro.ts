// The stream of contract.ts: xoshiro128** 1.1 by David Blackman and Sebastiano Vigna (public domain,
// https://prng.di.unimi.it/xoshiro128starstar.c), over four words of a set.
import { canonicalBytes, digestHex, digestOf } from '@stillpoint/core';
import type { RandomStream } from './contract.ts';
import { belowOf, floatOf, normalOf } from './distributions.ts';

/** The stream whose state is `words[offset]` to `words[offset + 3]`. Made once a set: it has no state of its own. */
export function streamOver(words: Uint32Array, offset: number): RandomStream {
  if (offset < 0 || offset + 4 > words.length) throw new RangeError(`no four words at ${offset}`);
  return new Xoshiro(words, offset);
}

/** Gives a stream its first state: from the seed of the run and the stream's name, so that a new stratum moves no other's numbers. */
export function seedStream(words: Uint32Array, offset: number, seed: string, name: string): void {
  const hex = digestHex(digestOf(canonicalBytes(['xoshiro128**', seed, name])));
  for (let index = 0; index < 4; index += 1)
    words[offset + index] = Number.parseInt(hex.slice(8 * index, 8 * index + 8), 16);
  // From four zeros the generator never gets away.
  if (words.subarray(offset, offset + 4).every((word) => word === 0)) words[offset] = 1;
}

class Xoshiro implements RandomStream {
  readonly #words: Uint32Array;
  readonly #at: number;

  constructor(words: Uint32Array, offset: number) {
    this.#words = words;
    this.#at = offset;
  }

  uint32(): number {
    const words = this.#words;
    const at = this.#at;
    const s0 = words[at] as number;
    const s1 = words[at + 1] as number;
    const s2 = (words[at + 2] as number) ^ s0;
    const s3 = (words[at + 3] as number) ^ s1;
    const scrambled = Math.imul(s1, 5);
    words[at] = s0 ^ s3;
    words[at + 1] = s1 ^ s2;
    words[at + 2] = s2 ^ (s1 << 9);
    words[at + 3] = (s3 << 11) | (s3 >>> 21);
    return Math.imul((scrambled << 7) | (scrambled >>> 25), 9) >>> 0;
  }

  float(): number {
    return floatOf(this.uint32(), this.uint32());
  }

  normal(): number {
    return normalOf(this.float(), this.float());
  }

  below(bound: number): number {
    return belowOf(this, bound);
  }
}
