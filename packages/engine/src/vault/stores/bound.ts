// A store whose every call ends when one signal aborts, beside the signal that the call itself may have: who waits for a store that says
// nothing can be told to stop, wherever it is.
import type { StoreCallOptions, Store } from '../contract.ts';

/**
 * Closing it leaves the store open. `graceMs`: its calls, but for list(), go on for so long after the signal has aborted, for what must be put
 * in order.
 */
export function createBoundStore(store: Store, signal: AbortSignal, graceMs = 0): Store {
  const within = async <T>(
    options: StoreCallOptions | undefined,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> => {
    const own = options?.signal;
    const all = own === undefined || own === signal ? signal : AbortSignal.any([own, signal]);
    return graceMs === 0 ? await work(all) : await withGrace(all, graceMs, work);
  };

  return {
    description: store.description,
    supports: store.supports,
    put: (key, content, options) =>
      within(options, (all) => store.put(key, content, { ...options, signal: all })),
    get: (key, options) => within(options, (all) => store.get(key, { ...options, signal: all })),
    stat: (key, options) => within(options, (all) => store.stat(key, { signal: all })),
    list: (prefix, options) =>
      store.list(prefix, {
        signal: options?.signal ? AbortSignal.any([options.signal, signal]) : signal,
      }),
    delete: (key, options) => within(options, (all) => store.delete(key, { signal: all })),
    ensureWritable: (options) => within(options, (all) => store.ensureWritable({ signal: all })),
    freeBytes: (options) => within(options, (all) => store.freeBytes({ signal: all })),
    close: async () => {},
  };
}

async function withGrace<T>(
  signal: AbortSignal,
  graceMs: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const end = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const wait = (): void => {
    timer = setTimeout(() => end.abort(signal.reason), graceMs);
  };
  if (signal.aborted) wait();
  else signal.addEventListener('abort', wait, { once: true });
  try {
    return await work(end.signal);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', wait);
  }
}
