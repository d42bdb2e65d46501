// Long synchronous loops that let others work.

/** Lets other work run now and then during a long synchronous loop. */
export function createBreather(signal?: AbortSignal, sliceMs = 12): () => Promise<void> {
  let last = performance.now();
  return async () => {
    if (performance.now() - last < sliceMs) return;
    signal?.throwIfAborted();
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    last = performance.now();
  };
}
