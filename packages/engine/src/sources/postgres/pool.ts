// Runs work side by side up to a limit: run() waits for room, not for the work. The first error stops everything: it is
// thrown by the next run() or by drain(), and drain() never leaves work behind.

export interface Pool {
  run(work: () => Promise<void>): Promise<void>;
  drain(): Promise<void>;
}

export function createPool(limit: number): Pool {
  const running = new Set<Promise<void>>();
  let failed: { readonly error: unknown } | undefined;
  const settle = async (): Promise<void> => {
    await Promise.all(running);
    if (failed !== undefined) throw failed.error;
  };
  return {
    async run(work) {
      while (running.size >= limit) await Promise.race(running);
      if (failed !== undefined) await settle();
      const task: Promise<void> = work()
        .catch((error: unknown) => void (failed ??= { error }))
        .finally(() => running.delete(task));
      running.add(task);
    },
    drain: settle,
  };
}
