// A point in time that a signal stands for. It counts by the clock as well as by its timer: a process that was stopped, or
// whose event loop hung, finds its timers late.
import type { Clock } from '@stillpoint/core';

export interface Deadline extends Disposable {
  /** Aborts when the time is up, or with the outer signal and its reason. */
  readonly signal: AbortSignal;
  /** Rejects when `signal` aborts; never resolves. */
  readonly passed: Promise<never>;
  /** The time is up. */
  isOver(): boolean;
}

export function createDeadline(endsAtMs: number, clock: Clock, outer: AbortSignal): Deadline {
  const timeIsUp = new AbortController();
  const signal = AbortSignal.any([outer, timeIsUp.signal]);
  const timer = setTimeout(
    () => timeIsUp.abort(new DOMException('The time of the freeze is up.', 'TimeoutError')),
    Math.max(0, endsAtMs - clock.monotonicMs()),
  );
  const { promise: passed, reject } = Promise.withResolvers<never>();
  passed.catch(() => {});
  const onAbort = (): void => reject(signal.reason as Error);
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  return {
    signal,
    passed,
    isOver: () => timeIsUp.signal.aborted || clock.monotonicMs() > endsAtMs,
    [Symbol.dispose]() {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
    },
  };
}
