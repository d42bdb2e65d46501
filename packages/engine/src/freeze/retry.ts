// Trying again with growing pauses, a bounded number of times.
import { setTimeout as delay } from 'node:timers/promises';

export interface RetryOptions {
  /** Pauses before the second, third, ... attempt; as many attempts as pauses and one. */
  readonly pausesMs: readonly number[];
  readonly signal?: AbortSignal;
  /** Called before each pause. */
  readonly onFailure?: (error: unknown, attempt: number) => void;
}

export async function withRetries<T>(attempt: () => Promise<T>, options: RetryOptions): Promise<T> {
  for (let index = 0; ; index += 1) {
    try {
      return await attempt();
    } catch (error) {
      const pauseMs = options.pausesMs[index];
      if (pauseMs === undefined || options.signal?.aborted === true) throw error;
      options.onFailure?.(error, index + 1);
      await delay(pauseMs, undefined, options.signal && { signal: options.signal });
    }
  }
}
