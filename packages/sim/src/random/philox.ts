// Random numbers that depend on no order: the numbers of an instance in a tick follow from its id and the tick alone, whoever was asked
// before. Philox2x32-10 of Salmon, Moraes, Dror and Shaw, "Parallel Random Numbers: As Easy as 1, 2, 3", 2011.
import { canonicalBytes, digestHex, digestOf } from '@stillpoint/core';
import type { RandomStream } from './contract.ts';
import { belowOf, floatOf, normalOf, upperHalf } from './distributions.ts';

const ROUNDS = 10;
const MULTIPLIER = 0xd256d193;
const WEYL = 0x9e3779b9;

/** The two words for a counter of two words under a key. */
export function philox2x32(
  key: number,
  first: number,
  second: number,
): readonly [first: number, second: number] {
  let left = first >>> 0;
  let right = second >>> 0;
  let roundKey = key >>> 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const upper = upperHalf(MULTIPLIER, left);
    const lower = Math.imul(MULTIPLIER, left) >>> 0;
    left = (upper ^ roundKey ^ right) >>> 0;
    right = lower;
    roundKey = (roundKey + WEYL) >>> 0;
  }
  return [left, right];
}

export interface KeyedRandom {
  /** The numbers of one instance in one tick, from their beginning. The same object every time: made for loops. */
  at(id: number, tick: number): RandomStream;
}

/**
 * A source for numbers by id and tick. It has no state, so there is nothing in it that a checkpoint would have to hold: the seed is a
 * constant of the world or made of its parameters.
 */
export function keyedRandom(seed: string | number): KeyedRandom {
  const hex = digestHex(digestOf(canonicalBytes(['philox2x32-10', String(seed)])));
  return new Keyed(Number.parseInt(hex.slice(0, 8), 16));
}

class Keyed implements KeyedRandom, RandomStream {
  readonly #base: number;
  #id = 0;
  #tick = 0;
  #drawn = 0;
  #spare = 0;

  constructor(base: number) {
    this.#base = base;
  }

  at(id: number, tick: number): RandomStream {
    this.#id = id;
    this.#tick = tick;
    this.#drawn = 0;
    return this;
  }

  uint32(): number {
    const drawn = this.#drawn;
    this.#drawn = drawn + 1;
    if (drawn % 2 === 1) return this.#spare;
    // Each pair of words has a key of its own, far from those of the rounds.
    const [key] = philox2x32(this.#base, drawn, 0);
    const [first, second] = philox2x32(key, this.#id, this.#tick);
    this.#spare = second;
    return first;
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
