// How this process stands when the processors are not enough for all.
import { readdirSync } from 'node:fs';
import { constants, setPriority } from 'node:os';

/** Whoever else wants to run comes first from here on, for good: only root could take it back. Programs that are started inherit it. */
export function yieldToOthers(): void {
  for (const thread of threads()) {
    try {
      setPriority(thread, constants.priority.PRIORITY_BELOW_NORMAL);
    } catch {
      // It has ended, or we were asked to be lower already: nobody is kept waiting by either.
    }
  }
}

/** Linux gives each thread a priority of its own. */
function threads(): readonly number[] {
  if (process.platform !== 'linux') return [process.pid];
  return readdirSync('/proc/self/task').map(Number);
}
