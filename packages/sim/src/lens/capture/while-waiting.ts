// Says now and then that something is still waited for.

/** Sooner, every large file would be told of. */
const FIRST_MS = 3000;
const EVERY_MS = 30_000;

export async function whileWaiting<T>(
  work: () => Promise<T>,
  tell: (waitedMs: number) => void,
): Promise<T> {
  const beganMs = performance.now();
  let timer: NodeJS.Timeout;
  const again = (): void => {
    tell(performance.now() - beganMs);
    timer = setTimeout(again, EVERY_MS);
  };
  timer = setTimeout(again, FIRST_MS);
  try {
    return await work();
  } finally {
    clearTimeout(timer);
  }
}
