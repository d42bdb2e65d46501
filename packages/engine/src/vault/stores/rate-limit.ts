// A store that sends and fetches no more than so many bytes a second, so that a snapshot leaves room on the line for others. Calls are let
// through one after the other by the bytes they move: on average over some seconds it holds, one large object still goes in one go.
import { setTimeout as delay } from 'node:timers/promises';
import { systemClock, type Clock } from '@stillpoint/core';
import type { Store } from '../contract.ts';

export interface RateLimitOptions {
  readonly bytesPerSecond: number;
  readonly clock?: Clock;
  /** Rejects when the signal aborts. */
  readonly wait?: (ms: number, signal: AbortSignal | undefined) => Promise<void>;
}

export function createRateLimitedStore(store: Store, options: RateLimitOptions): Store {
  const { bytesPerSecond, clock = systemClock, wait = pause } = options;
  if (!(bytesPerSecond > 0)) throw new TypeError(`not a rate: ${bytesPerSecond}`);
  /** When all that was let through is paid for. */
  let freeAtMs = clock.monotonicMs();

  const owe = (bytes: number): void => {
    freeAtMs = Math.max(freeAtMs, clock.monotonicMs()) + (bytes / bytesPerSecond) * 1000;
  };
  const untilFree = async (signal: AbortSignal | undefined): Promise<void> => {
    signal?.throwIfAborted();
    const ms = freeAtMs - clock.monotonicMs();
    if (ms > 0) await wait(ms, signal);
    signal?.throwIfAborted();
  };

  return {
    description: store.description,
    supports: store.supports,
    async put(key, content, putOptions) {
      const turn = untilFree(putOptions?.signal);
      // Owed at once, so that the next caller waits for this one too.
      owe(content.length);
      await turn;
      await store.put(key, content, putOptions);
    },
    async get(key, getOptions) {
      await untilFree(getOptions?.signal);
      const content = await store.get(key, getOptions);
      owe(content.length);
      return content;
    },
    stat: (key, call) => store.stat(key, call),
    list: (prefix, call) => store.list(prefix, call),
    delete: (key, call) => store.delete(key, call),
    ensureWritable: (call) => store.ensureWritable(call),
    freeBytes: (call) => store.freeBytes(call),
    close: () => store.close(),
  };
}

async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await delay(ms, undefined, signal === undefined ? {} : { signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}
