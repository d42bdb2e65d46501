// The sets of one run, turned once a tick. A checkpoint holds two of them instead of copying anything; see the law in contract.ts.
import { createSet } from './create-set.ts';
import type { HeldPair, Rotation, StateLayout, StateSet } from './contract.ts';

/** Checkpoints that are on their way to the disk at one time. */
const USUAL_SLOTS = 2;

export interface RotationOptions {
  readonly layout: StateLayout;
  /** Pairs held at one time at most. 2 */
  readonly slots?: number;
}

/** Three sets to begin with; each held pair needs two more, made when they are needed and kept. */
export function createRotation({ layout, slots = USUAL_SLOTS }: RotationOptions): Rotation {
  return new TurnedSets(layout, slots);
}

class TurnedSets implements Rotation {
  readonly #layout: StateLayout;
  readonly #slots: number;
  #newest: StateSet;
  #previous: StateSet;
  #target: StateSet;
  /** Neither of the run's three nor held: what the next turns write. */
  readonly #free: StateSet[] = [];
  /** How many pairs hold a set. A set may be the newest of one and the previous of another. */
  readonly #holds = new Map<StateSet, number>();
  #pairs = 0;

  constructor(layout: StateLayout, slots: number) {
    this.#layout = layout;
    this.#slots = slots;
    this.#newest = createSet(layout);
    this.#previous = createSet(layout);
    this.#target = createSet(layout);
  }

  get newest(): StateSet {
    return this.#newest;
  }
  get previous(): StateSet {
    return this.#previous;
  }
  get target(): StateSet {
    return this.#target;
  }

  turn(): void {
    const old = this.#previous;
    // First, so that a set for which there is no memory leaves everything as it was.
    const target = this.#holds.has(old) ? (this.#free.pop() ?? createSet(this.#layout)) : old;
    this.#previous = this.#newest;
    this.#newest = this.#target;
    this.#target = target;
  }

  prepare(pairs: number): void {
    const wanted = 2 * Math.min(pairs, this.#slots) - this.#holds.size;
    while (this.#free.length < wanted) this.#free.push(touched(createSet(this.#layout)));
    // The target of the coming tick is a new one, too.
    touched(this.#target);
  }

  hold(): HeldPair | undefined {
    if (this.#pairs >= this.#slots) return undefined;
    const newest = this.#newest;
    const previous = this.#previous;
    this.#pairs += 1;
    this.#retain(newest);
    this.#retain(previous);
    let held = true;
    const release = (): void => {
      if (!held) return;
      held = false;
      this.#pairs -= 1;
      this.#letGo(newest);
      this.#letGo(previous);
    };
    return { newest, previous, release };
  }

  #retain(set: StateSet): void {
    this.#holds.set(set, (this.#holds.get(set) ?? 0) + 1);
  }

  #letGo(set: StateSet): void {
    const left = (this.#holds.get(set) ?? 0) - 1;
    if (left > 0) {
      this.#holds.set(set, left);
      return;
    }
    this.#holds.delete(set);
    // The run's own sets become free by a turn. The target was never held.
    if (set !== this.#newest && set !== this.#previous) this.#free.push(set);
  }
}

/** The least that a page of memory has. */
const PAGE_BYTES = 4096;

/** What a target holds is old: a zero in each page harms nothing, and makes the system give the page. */
function touched(set: StateSet): StateSet {
  const bytes = new Uint8Array(set.buffer);
  for (let place = 0; place < bytes.length; place += PAGE_BYTES) bytes[place] = 0;
  return set;
}
