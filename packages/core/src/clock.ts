// Time enters through this, so that tests can hold it in the hand.

export interface Clock {
  /** Wall clock, for what people read. */
  now(): Date;
  /** Milliseconds since some fixed moment, never going back, for durations. */
  monotonicMs(): number;
}

export const systemClock: Clock = {
  now: () => new Date(),
  monotonicMs: () => performance.now(),
};
