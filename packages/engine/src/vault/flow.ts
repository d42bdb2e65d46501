// How work is kept bounded: slots (so many at once), a budget (so many bytes at once), a loop with so many iterations at once, runs that
// callers share, and a wait that a signal ends.

export interface Slots {
  acquire(): Promise<void>;
  release(): void;
}

/** First come, first served. */
export function createSlots(count: number): Slots {
  let free = count;
  const waiting: (() => void)[] = [];
  return {
    async acquire() {
      if (free > 0) free--;
      else await new Promise<void>((resolve) => waiting.push(resolve));
    },
    release() {
      const next = waiting.shift();
      if (next === undefined) free++;
      else next();
    },
  };
}

export interface Budget {
  /** Something larger than all of it is let through alone. */
  take(amount: number): Promise<void>;
  give(amount: number): void;
  /** Whether take() would have to wait. */
  isShort(amount: number): boolean;
}

/** Slots of different sizes: first come, first served. */
export function createBudget(total: number): Budget {
  let taken = 0;
  const waiting: { readonly amount: number; readonly resolve: () => void }[] = [];
  const isShort = (amount: number): boolean =>
    waiting.length > 0 || (taken > 0 && taken + amount > total);
  return {
    isShort,
    async take(amount) {
      if (isShort(amount)) {
        await new Promise<void>((resolve) => waiting.push({ amount, resolve }));
      } else taken += amount;
    },
    give(amount) {
      taken -= amount;
      for (;;) {
        const [next] = waiting;
        if (next === undefined || (taken > 0 && taken + next.amount > total)) return;
        waiting.shift();
        taken += next.amount;
        next.resolve();
      }
    },
  };
}

/** Rejects with the first error, after everything that was started has ended. */
export async function forEachConcurrently<T>(
  items: AsyncIterable<T> | Iterable<T>,
  atOnce: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const running = new Set<Promise<void>>();
  let failed: { readonly error: unknown } | undefined;
  const start = (item: T): void => {
    const run: Promise<void> = work(item)
      .catch((error: unknown) => {
        failed ??= { error };
      })
      .finally(() => running.delete(run));
    running.add(run);
  };
  try {
    for await (const item of items) {
      if (failed !== undefined) break;
      start(item);
      if (running.size >= atOnce) await Promise.race(running);
    }
  } finally {
    await Promise.all(running);
  }
  if (failed !== undefined) throw failed.error;
}

/** Waits until the signal aborts, and rejects with its reason then; what is waited for is others' too, and goes on. */
export async function untilAborted<T>(signal: AbortSignal, begin: () => Promise<T>): Promise<T> {
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const stop = (): void => reject(signal.reason);
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await Promise.race([begin(), aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** Callers share runs, but never join one that began before they called: it may have missed what they look for. */
export function joinNext(run: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  let next: Promise<void> | undefined;
  const start = (): Promise<void> => {
    const mine = run().finally(() => {
      if (running === mine) running = undefined;
    });
    running = mine;
    return mine;
  };
  return () => {
    if (running === undefined) return start();
    next ??= running
      .catch(() => {})
      .then(() => {
        next = undefined;
        return start();
      });
    return next;
  };
}
