// One migration of a database at a time. The lock belongs to a session, and everything is done on that session: who loses the lock
// has lost its transaction with it.
import { silent, type ProgressListener } from '@stillpoint/core';
import type { Database, Queryable, Session } from '../database/contract.ts';

/** Any number will do that nobody else takes. */
const MIGRATION_LOCK = 357_896_375_374n;

export interface Locked extends Queryable {
  readonly transaction: Database['transaction'];
}

interface Waiting {
  readonly progress?: ProgressListener | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Waits for its turn, until the signal. */
export async function withMigrationLock<T>(
  database: Database,
  waiting: Waiting,
  work: (locked: Locked) => Promise<T>,
): Promise<T> {
  // PGlite is in this process alone.
  if (database.facts.connections === 'one') return await inTurn(database, () => work(database));
  await using session = await database.session('stillpoint migrate');
  await takeLock(session, waiting);
  return await work(session);
}

async function takeLock(session: Session, { progress = silent, signal }: Waiting): Promise<void> {
  signal?.throwIfAborted();
  const { rows } = await session.query<{ taken: boolean }>(
    `SELECT pg_try_advisory_lock('${MIGRATION_LOCK}'::bigint) AS taken`,
  );
  if (rows[0]?.taken === true) return;
  const text = 'Waiting for another migration of this database to end.';
  progress({ type: 'note:said', level: 'info', text });
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal?.reason as Error);
  signal?.addEventListener('abort', onAbort, { once: true });
  // Given up, it ends with the session.
  const coming = session.query(`SELECT pg_advisory_lock('${MIGRATION_LOCK}'::bigint)`);
  coming.catch(() => {});
  try {
    await Promise.race([coming, aborted]);
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
}

const turns = new WeakMap<Database, Promise<unknown>>();

async function inTurn<T>(database: Database, work: () => Promise<T>): Promise<T> {
  const mine = (turns.get(database) ?? Promise.resolve()).then(work);
  turns.set(
    database,
    mine.catch(() => {}),
  );
  return await mine;
}
