// One session that holds, or tries to hold, the freeze's lock in one database.
import { openLockSession, type LockSession } from '@stillpoint/postgres';
import type { Client } from 'pg';

export interface LockConnection {
  readonly database: string;
  /** False: not within the timeout, or not before our own waiting was cancelled. Rejects when the session is gone. */
  tryLock(timeoutMs: number, endsAtMs: number): Promise<boolean>;
  /** The session and its transaction are still there. Also starts the server's idle timer anew, up to the same end. */
  check(endsAtMs: number): Promise<boolean>;
  /** True only if the transaction that took the lock was committed. */
  commit(): Promise<boolean>;
  /** Never rejects. */
  rollback(): Promise<void>;
  /** Ends the session without a word to the server. */
  destroy(): void;
  /** Never rejects. */
  close(): Promise<void>;
}

export interface LockConnectionOptions {
  readonly database: string;
  readonly key: bigint;
  /** How long the freeze may last at most. */
  readonly limitMs: number;
}

/** Takes the client over, also when it rejects. */
export async function openLockConnection(
  client: Client,
  { database, key, limitMs }: LockConnectionOptions,
): Promise<LockConnection> {
  return lockConnectionOf(await openLockSession(client, limitMs), { database, key });
}

function lockConnectionOf(
  session: LockSession,
  { database, key }: Pick<LockConnectionOptions, 'database' | 'key'>,
): LockConnection {
  let inTransaction = false;
  let locked = false;
  return {
    database,
    async tryLock(timeoutMs, endsAtMs) {
      inTransaction = true;
      // In force before the lock can be ours: we may be stopped at any moment. A number of our own making, not input.
      const sql = [
        'BEGIN READ ONLY',
        `SET LOCAL lock_timeout = ${timeoutMs}`,
        session.limits(endsAtMs),
        `SELECT pg_advisory_xact_lock('${key}'::bigint)`,
      ].join('; ');
      locked = await session.attempt(sql, timeoutMs);
      return locked;
    },
    check: async (endsAtMs) => locked && (await session.renew(endsAtMs)),
    async commit() {
      if (!inTransaction || session.isLost()) return false;
      const outcome = await session.ask('COMMIT').catch(() => undefined);
      inTransaction = false;
      // A transaction that had failed answers COMMIT with ROLLBACK.
      return locked && outcome?.command === 'COMMIT';
    },
    async rollback() {
      if (!inTransaction || session.isLost()) return;
      await session.ask('ROLLBACK').catch(() => {});
      inTransaction = false;
      locked = false;
    },
    destroy: () => session.destroy(),
    close: () => session.close(),
  };
}
