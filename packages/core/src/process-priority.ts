// How this process stands when the processors are not enough for all.
import { readdirSync, readlinkSync } from 'node:fs';
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

/** As yieldToOthers(), of the calling thread alone: the others of its process come first too. Only where threads have priorities. */
export function yieldThreadToOthers(): void {
  if (process.platform !== 'linux') return;
  try {
    const thread = Number(readlinkSync('/proc/thread-self').split('/').at(-1));
    setPriority(thread, constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // There is no /proc, or we were asked to be lower already.
  }
}

/** Linux gives each thread a priority of its own. */
function threads(): readonly number[] {
  if (process.platform !== 'linux') return [process.pid];
  return readdirSync('/proc/self/task').map(Number);
}
