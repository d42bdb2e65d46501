// What a process has to write before a freeze, jobs or none: as long as something is due it holds a permit like a worker's, and a freeze
// that comes waits until it is written.
import type { Database } from '../database/contract.ts';
import { queueKeys } from './keys.ts';
import { createPermits } from './permits.ts';

export interface BeforeStillOptions {
  readonly freezeLockKey: bigint;
  /** What pg_stat_activity shows. */
  readonly name: string;
  /** Writes what is due. Called when a freeze waits; not forever: the freeze's budget runs. */
  readonly write: () => Promise<void>;
  readonly onError: (error: unknown) => void;
}

export interface BeforeStill extends AsyncDisposable {
  /** From now on something is due, or nothing any more. */
  set(due: boolean): void;
}

/** It needs a session of its own: not for PGlite, which nobody freezes from outside. Opened when something is due for the first time. */
export function createBeforeStill(database: Database, options: BeforeStillOptions): BeforeStill {
  const { name, write, onError } = options;
  const keys = queueKeys(options.freezeLockKey);
  const ended = new AbortController();
  const permits = createPermits({
    database,
    keys,
    name,
    onError,
    onNews: () => {},
    onEnqueued: () => {},
    onSession: () => {},
    beforeStill: write,
  });
  let done = new AbortController();
  done.abort();
  let running: Promise<void> | undefined;

  /** Enters again after each freeze, and after a session that was lost, until nothing is due. */
  const hold = async (): Promise<void> => {
    while (!done.signal.aborted && !ended.signal.aborted) {
      const until = done.signal;
      const enough = AbortSignal.any([until, ended.signal]);
      const permit = await permits.enter(enough).catch(() => undefined);
      if (permit === undefined) continue;
      await aborted(AbortSignal.any([enough, permit.closed, permit.lost]));
      permit[Symbol.dispose]();
    }
    running = undefined;
  };

  return {
    set(due) {
      if (!due) return done.abort();
      if (!done.signal.aborted) return;
      done = new AbortController();
      running ??= hold();
    },
    async [Symbol.asyncDispose]() {
      ended.abort();
      await running;
      await permits[Symbol.asyncDispose]();
    },
  };
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) =>
    signal.addEventListener('abort', () => resolve(), { once: true }),
  );
}
