// A source that nobody can be closed out of may be written to just as it is switched. Its driver sees that before it replaces
// anything (SQLITE_CHANGED), or meets who was faster and waits for another file that we hold (SQLITE_BUSY). The restore is taken
// back as a whole, and it is worth another try: the gap is short.
import { isFailure } from '@stillpoint/core';
import type { RestoreResult } from '../api.ts';
import type { EngineContext } from '../context.ts';
import { restoreInPlace, type RestoreInPlaceOptions } from './restore.ts';

const tries = 4;

/** Throws what restoreInPlace() throws, in the end. */
export async function restorePatiently(
  engine: EngineContext,
  options: RestoreInPlaceOptions,
): Promise<RestoreResult> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await restoreInPlace(engine, options);
    } catch (error) {
      if (attempt === tries || !wasTakenBackInTime(error) || options.signal.aborted) throw error;
      const text =
        'somebody wrote just as a file was switched; all was taken back, and is tried again';
      options.progress({ type: 'note:said', level: 'info', text });
    }
  }
}

/** RESTORE_FAILED says that all is as it was; the freeze that could not be held may be told around it. */
function wasTakenBackInTime(error: unknown): boolean {
  const causes: unknown[] = [];
  for (let cause = error; cause instanceof Error; cause = cause.cause) causes.push(cause);
  return (
    causes.some((cause) => isFailure(cause, 'RESTORE_FAILED')) &&
    causes.some((cause) => isFailure(cause, 'SQLITE_CHANGED') || isFailure(cause, 'SQLITE_BUSY'))
  );
}
