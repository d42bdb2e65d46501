// Waits for something that nobody announces to us: a process that is not our child, a server that opens.
import { setTimeout as delay } from 'node:timers/promises';

export interface WaitOptions {
  readonly limitMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** The first defined value that `look` gives; undefined when the limit has passed. Rejects with the signal's reason. */
export async function waitUntil<T>(
  look: () => T | undefined | Promise<T | undefined>,
  options: WaitOptions,
): Promise<T | undefined> {
  const end = performance.now() + options.limitMs;
  for (let pauseMs = 10; ; pauseMs = Math.min(200, pauseMs * 1.5)) {
    options.signal?.throwIfAborted();
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() >= end) return undefined;
    await delay(pauseMs, undefined, { signal: options.signal }).catch(() => {});
  }
}
