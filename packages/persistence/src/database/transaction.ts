// A transaction on a connection of `pg`, from BEGIN to the truth about its end: committed, not committed, or not known.
import { failure, isFailure } from '@stillpoint/core';
import type { Transaction, TransactionOptions } from './contract.ts';
import type { Connection } from './connection.ts';
import { openHandle } from './handle.ts';

/** A statement that was cancelled ends at once; one that does not has a server that hangs. */
const CANCEL_GRACE_MS = 5000;

/** Leaves the connection idle, or such that isIdle() says no. */
export async function runTransaction<T>(
  connection: Connection,
  body: (transaction: Transaction) => Promise<T>,
  options: TransactionOptions,
  freezeLockKey: bigint,
): Promise<T> {
  const { signal } = options;
  signal?.throwIfAborted();
  const handle = openHandle(connection, signal);
  const watch = cancelWhenAborted(connection, signal);
  let result: T;
  try {
    await connection.ask({ text: beginText(options, freezeLockKey) });
    result = await body(handle.transaction);
    await handle.end();
    signal?.throwIfAborted();
  } catch (error) {
    await handle.end();
    await watch.stop();
    await rollback(connection);
    signal?.throwIfAborted();
    // The first error is the answer, whatever became of the rollback.
    throw error;
  }
  // From here on it is committed or not, and a signal is too late.
  await watch.stop();
  await commit(connection, handle.firstFailure());
  return result;
}

/** BEGIN and the lock in one message: the lock is the first statement, and costs no round trip of its own. */
export function beginText(options: TransactionOptions, freezeLockKey: bigint): string {
  const { isolation, readOnly = false, withoutFreezeLock = false } = options;
  const begin = [
    'BEGIN',
    isolation === undefined ? '' : ` ISOLATION LEVEL ${isolation.toUpperCase()}`,
    readOnly ? ' READ ONLY' : '',
  ].join('');
  // A number of ours, not text of a caller's.
  return withoutFreezeLock
    ? begin
    : `${begin}; SELECT pg_catalog.pg_advisory_xact_lock_shared('${freezeLockKey}'::bigint)`;
}

async function commit(connection: Connection, firstFailure: unknown): Promise<void> {
  // It was never sent: the server rolled back when the session ended.
  connection.lost.throwIfAborted();
  let command: string;
  try {
    ({ command } = await connection.ask({ text: 'COMMIT' }));
  } catch (error) {
    // The session is there: the server refused (a deferred constraint, a serialization failure) and rolled back.
    if (!isFailure(error, 'DATABASE_CONNECTION_LOST')) throw error;
    const reason = String(error.data['reason']);
    throw failure('COMMIT_UNKNOWN', { reason }, error);
  }
  // So does Postgres answer the COMMIT of a transaction in which a statement failed.
  if (command === 'ROLLBACK') throw failure('DATABASE_TRANSACTION_ABORTED', {}, firstFailure);
}

/** Never rejects. */
async function rollback(connection: Connection): Promise<void> {
  if (connection.lost.aborted) return;
  const silent = setTimeout(() => connection.destroy(), CANCEL_GRACE_MS);
  await connection.ask({ text: 'ROLLBACK' }).catch(() => {});
  clearTimeout(silent);
}

interface Watch {
  /** Resolves when no cancellation can meet a later statement. */
  stop(): Promise<void>;
}

function cancelWhenAborted(connection: Connection, signal: AbortSignal | undefined): Watch {
  if (signal === undefined) return { stop: async () => {} };
  let told: Promise<void> | undefined;
  let silent: NodeJS.Timeout | undefined;
  const onAbort = (): void => {
    silent = setTimeout(() => connection.destroy(), CANCEL_GRACE_MS);
    told = connection.cancel();
  };
  signal.addEventListener('abort', onAbort, { once: true });
  return {
    async stop() {
      signal.removeEventListener('abort', onAbort);
      await told;
      clearTimeout(silent);
      // The server may act on the cancellation a moment after it was told; another caller's statement must not meet it.
      if (told !== undefined) connection.retire();
    },
  };
}
