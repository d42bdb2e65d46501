// A store that tries again what may help, a bounded number of times, after waits that grow and are no two the same, so that many
// clients which failed together do not come back together.
import { setTimeout as delay } from 'node:timers/promises';
import { isFailure } from '@stillpoint/core';
import type { StoreCallOptions, PutOptions, Store, StoreKey } from '../contract.ts';

export interface RetryOptions {
  /** How often a call is tried in all. */
  readonly attempts?: number;
  /** At most so long is waited after the first failure, twice as long after the next ... */
  readonly firstWaitMs?: number;
  readonly longestWaitMs?: number;
  /** From 0 to 1. */
  readonly random?: () => number;
  /** Rejects when the signal aborts. */
  readonly wait?: (ms: number, signal: AbortSignal | undefined) => Promise<void>;
}

type Schedule = Required<RetryOptions>;

export function createRetryingStore(store: Store, options: RetryOptions = {}): Store {
  const schedule: Schedule = {
    attempts: 6,
    firstWaitMs: 300,
    longestWaitMs: 10_000,
    random: Math.random,
    wait: async (ms, signal) => {
      await delay(ms, undefined, signal === undefined ? {} : { signal });
    },
    ...options,
  };
  return {
    description: store.description,
    supports: store.supports,
    put: (key, content, putOptions) => putAgain(store, schedule, key, content, putOptions ?? {}),
    get: (key, getOptions) => again(schedule, getOptions?.signal, () => store.get(key, getOptions)),
    stat: (key, call) => again(schedule, call?.signal, () => store.stat(key, call)),
    list: (prefix, call) => listAgain(store, schedule, prefix, call),
    delete: (key, call) => again(schedule, call?.signal, () => store.delete(key, call)),
    ensureWritable: (call) => again(schedule, call?.signal, () => store.ensureWritable(call)),
    freeBytes: (call) => again(schedule, call?.signal, () => store.freeBytes(call)),
    close: () => store.close(),
  };
}

/** `work` gets the number of the attempt, from 1. */
async function again<T>(
  schedule: Schedule,
  signal: AbortSignal | undefined,
  work: (attempt: number) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work(attempt);
    } catch (error) {
      await beforeNext(schedule, attempt, error, signal);
    }
  }
}

/** Rejects with the error when it is not worth another attempt, and with the signal's reason when that aborts. */
async function beforeNext(
  { attempts, firstWaitMs, longestWaitMs, random, wait }: Schedule,
  attempt: number,
  error: unknown,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (!isFailure(error) || !error.retryable || attempt >= attempts) throw error;
  const longest = Math.min(longestWaitMs, firstWaitMs * 2 ** (attempt - 1));
  try {
    // Never less than half of it: a server that is overloaded needs the pause.
    await wait(longest * (0.5 + random() / 2), signal);
  } catch (stopped) {
    signal?.throwIfAborted();
    throw stopped;
  }
  signal?.throwIfAborted();
}

/**
 * After an attempt whose answer was lost nobody knows whether it was done: the next one with `ifAbsent` may then find our own
 * object. It is ours if it holds our bytes; hence what is put with `ifAbsent` to decide something must differ from writer to writer.
 */
async function putAgain(
  store: Store,
  schedule: Schedule,
  key: StoreKey,
  content: Uint8Array,
  options: PutOptions,
): Promise<void> {
  await again(schedule, options.signal, async (attempt) => {
    try {
      await store.put(key, content, options);
    } catch (error) {
      if (attempt === 1 || !isFailure(error, 'OBJECT_EXISTS')) throw error;
      const found = await store.get(key, { signal: options.signal });
      if (Buffer.compare(found, content) !== 0) throw error;
    }
  });
}

/** Goes on behind the last key that was given out: keys come in ascending order. Attempts count from there. */
async function* listAgain(
  store: Store,
  schedule: Schedule,
  prefix: string,
  call: StoreCallOptions | undefined,
): AsyncGenerator<{ readonly key: StoreKey; readonly bytes: number }> {
  let last: StoreKey | undefined;
  for (let attempt = 1; ; attempt++) {
    try {
      for await (const entry of store.list(prefix, call)) {
        if (last !== undefined && entry.key <= last) continue;
        last = entry.key;
        attempt = 1;
        yield entry;
      }
      return;
    } catch (error) {
      await beforeNext(schedule, attempt, error, call?.signal);
    }
  }
}
