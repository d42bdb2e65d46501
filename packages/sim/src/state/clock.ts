// What `@clock` holds, as names instead of places.
import { arrayOf } from './create-set.ts';
import type { ClockState, StateSet } from './contract.ts';

const places = { tick: 0, simTimeSeconds: 1, era: 2, eraStartedTick: 3 } as const;

/** The clock of a set as an object that reads and writes through: made once a set. */
export function clockOf(set: StateSet): ClockState {
  const words = arrayOf(set, '@clock', 'f64');
  return new ClockOver(words);
}

class ClockOver implements ClockState {
  readonly #words: Float64Array;
  constructor(words: Float64Array) {
    this.#words = words;
  }
  get tick(): number {
    return this.#words[places.tick] ?? 0;
  }
  set tick(value: number) {
    this.#words[places.tick] = value;
  }
  get simTimeSeconds(): number {
    return this.#words[places.simTimeSeconds] ?? 0;
  }
  set simTimeSeconds(value: number) {
    this.#words[places.simTimeSeconds] = value;
  }
  get era(): number {
    return this.#words[places.era] ?? 0;
  }
  set era(value: number) {
    this.#words[places.era] = value;
  }
  get eraStartedTick(): number {
    return this.#words[places.eraStartedTick] ?? 0;
  }
  set eraStartedTick(value: number) {
    this.#words[places.eraStartedTick] = value;
  }
}
