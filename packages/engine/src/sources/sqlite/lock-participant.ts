// The participant for every application that writes to a SQLite file: SQLite's own write lock, so that nothing has to be changed
// there. Taking it is made of tries: SQLite has no queue, so waiting keeps nobody out. Writers wait while it is held as they do for
// each other (busy_timeout); readers never do. Where there is no database there is nobody to hold still.
//
// THE RESTORE switches the file while this is held: the driver finds the hold (held-files.ts) and the keeper lends its lock to the
// switch. Held then means: nobody else wrote from suspend() until the switch had the file.
import { failure } from '@stillpoint/core';
import type { Hold, HoldOptions, Participant } from '../../freeze/contract.ts';
import { openHold } from './held-files.ts';

export interface SqliteLockOptions {
  readonly name: string;
  readonly guards: readonly string[] | '*';
  /** Absolute. */
  readonly file: string;
}

export function createSqliteLockParticipant(options: SqliteLockOptions): Participant {
  const { name, guards } = options;
  return { name, kind: 'lock', guards, open: (hold) => open(options, hold) };
}

async function open({ name, file }: SqliteLockOptions, { signal }: HoldOptions): Promise<Hold> {
  const hold = await openHold(file, signal);
  let resumed: Promise<'held' | 'lost'> | undefined;
  return {
    async suspend(until, limitMs) {
      await hold.lock({ waitMs: limitMs, limitMs }, until);
      // Locked just when it was told to stop: resume() follows.
      until.throwIfAborted();
    },
    async check() {
      if (await hold.isHeld()) return;
      throw failure('FREEZE_LOST', { who: `the SQLite lock of "${name}" ended` });
    },
    resume: () => (resumed ??= hold.release().then((held) => (held ? 'held' : 'lost'))),
    [Symbol.asyncDispose]: () => hold[Symbol.asyncDispose](),
  };
}
