// A count in shared memory that one thread raises and others wait for: no message, no turn of an event loop.

/** So far it is to have come before somebody goes on. Goes into messages between threads. */
export interface WatermarkGoal {
  readonly buffer: SharedArrayBuffer;
  readonly count: number;
}

export interface Watermark {
  readonly buffer: SharedArrayBuffer;
  readonly count: number;
  /** Up to here it is done. */
  raise(count: number): void;
  /** This one is given up: whoever waits for it goes on without. */
  giveUp(count: number): void;
  /** Nobody raises it any more. */
  end(): void;
}

const WORDS = { changes: 0, reached: 1, givenUp: 2, ended: 3 } as const;

export function createWatermark(): Watermark {
  return watermarkOver(new SharedArrayBuffer(Object.keys(WORDS).length * 4));
}

/** The same one, in another thread. */
export function watermarkOver(buffer: SharedArrayBuffer): Watermark {
  const words = new Int32Array(buffer);
  const put = (word: number, value: number): void => {
    Atomics.store(words, word, value);
    Atomics.add(words, WORDS.changes, 1);
    Atomics.notify(words, WORDS.changes);
  };
  return {
    buffer,
    get count() {
      return Atomics.load(words, WORDS.reached);
    },
    raise: (count) => put(WORDS.reached, count),
    giveUp: (count) => put(WORDS.givenUp, count),
    end: () => put(WORDS.ended, 1),
  };
}

/** False where it was given up, will not come, or takes longer. Blocks its thread: never on the simulation's. */
export function waitForWatermark({ buffer, count }: WatermarkGoal, limitMs: number): boolean {
  const words = new Int32Array(buffer);
  const untilMs = performance.now() + limitMs;
  for (;;) {
    const changes = Atomics.load(words, WORDS.changes);
    if (isReached(Atomics.load(words, WORDS.givenUp), count)) return false;
    if (isReached(Atomics.load(words, WORDS.reached), count)) return true;
    const leftMs = untilMs - performance.now();
    if (Atomics.load(words, WORDS.ended) === 1 || leftMs <= 0) return false;
    Atomics.wait(words, WORDS.changes, changes, leftMs);
  }
}

/** Counts go round after 2^31: what is less than half of that ahead has come. */
function isReached(here: number, wanted: number): boolean {
  return ((here - wanted) | 0) >= 0;
}
