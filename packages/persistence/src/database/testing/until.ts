// For what nobody is told of: asked again until it is so, with a turn for everything else in between.
import { setImmediate as turn } from 'node:timers/promises';

const LIMIT_MS = 60_000;

export async function until(isSo: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + LIMIT_MS;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error('it never came to be so');
    await turn();
  }
}
