// One read for all who ask for the same at a time. Whoever gives up takes it from nobody else.

export interface Reading<T> {
  readonly result: Promise<T>;
  /** Of who asked first. */
  readonly signal: AbortSignal | undefined;
}

/** The one that is known, or a new one. What failed is read anew by who asks next; and at once where just he who had asked for it gave up. */
export async function readOnce<K, T>(
  known: Map<K, Reading<T>>,
  key: K,
  read: (signal?: AbortSignal) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  for (;;) {
    signal?.throwIfAborted();
    const found = known.get(key);
    const reading = found ?? { result: read(signal), signal };
    if (found === undefined) known.set(key, reading);
    try {
      return await reading.result;
    } catch (error) {
      if (known.get(key) === reading) known.delete(key);
      if (found === undefined || reading.signal?.aborted !== true) throw error;
    }
  }
}
