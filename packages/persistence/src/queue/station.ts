// A process's place at the queue: one session, on which all its claims run and which holds its permit. Who the session is
// stands in each row that it claims, and a lock of the session's own says that it lives: whoever sees a claim without its lock
// knows that the claim is void (law 3).
//
// The session ends when it has been silent too long, by the server; and before that by ourselves when the server is silent.
// So a host that vanished, or a process that was stopped, gives its permit back.
import { randomBytes } from 'node:crypto';
import { failure } from '@stillpoint/core';
import type { Database, Queryable, Session } from '../database/contract.ts';
import { enqueuedChannel, type QueueKeys } from './keys.ts';

export interface Station extends AsyncDisposable {
  /** Aborted when the session is gone, with a QUEUE_CLAIM_LOST. */
  readonly lost: AbortSignal;
  readonly session: Pick<Session, 'query' | 'transaction'>;
  /** Takes the permit; false: the gate is closed. */
  tryPermit(): Promise<boolean>;
  releasePermit(): Promise<void>;
  /** Gives the permit back; false: the gate is closed, and the permit is held still. */
  releaseIfOpen(): Promise<boolean>;
  isGateOpen(): Promise<boolean>;
  /** True: this session is the one that looks after the tables, until it ends. */
  tryUpkeep(): Promise<boolean>;
  /** Runs claims so that each row tells whose it is. */
  claim<T>(body: (claiming: Queryable) => Promise<T>): Promise<T>;
}

export interface StationOptions {
  readonly database: Database;
  readonly keys: QueueKeys;
  readonly name: string;
  /** Something happened to the gate or to jobs in flight. */
  readonly onNews: () => void;
  readonly onEnqueued: (queue: string) => void;
}

const times = {
  /** The server ends a session that has said nothing for so long. */
  serverWaitsMs: 15_000,
  /** We give up a server that has not answered for so long: earlier, so that we know first. */
  weWaitMs: 10_000,
  beatMs: 1000,
};

export async function openStation(options: StationOptions): Promise<Station> {
  const { database } = options;
  if (database.facts.connections === 'one') return await openOnlyStation(database);
  const session = await database.session(options.name);
  try {
    return await settle(session, options);
  } catch (error) {
    await session[Symbol.asyncDispose]();
    throw error;
  }
}

async function settle(session: Session, options: StationOptions): Promise<Station> {
  const { keys } = options;
  const me = newWorkerKey();
  await session.query(`SET idle_session_timeout = ${times.serverWaitsMs}`);
  // A claim that a crash of the server forgets was not made: the effect comes after it in the WAL, and no session survives.
  await session.query('SET synchronous_commit = off');
  await session.query('SELECT pg_advisory_lock($1::bigint)', [me]);
  const mark = `${me}:${await epochOf(session)}`;
  await session.query("SELECT set_config('stillpoint.worker', $1, false)", [JSON.stringify(mark)]);
  await session.listen(keys.channel, options.onNews);
  await session.listen(enqueuedChannel, options.onEnqueued);

  const lost = new AbortController();
  const lose = (cause: unknown): void => lost.abort(failure('QUEUE_CLAIM_LOST', {}, cause));
  session.lost.addEventListener('abort', () => lose(session.lost.reason), { once: true });
  if (session.lost.aborted) lose(session.lost.reason);
  const heart = startHeart(session, lose);
  const yes = async (sql: string, ...values: unknown[]): Promise<boolean> => {
    const { rows } = await session.query<{ yes: boolean }>(`SELECT ${sql} AS yes`, values);
    return rows[0]?.yes === true;
  };
  return {
    lost: lost.signal,
    session,
    // The gate's lock ends with the statement: a process that is stopped just here leaves nothing at the gate.
    tryPermit: () =>
      yes(
        'CASE WHEN pg_try_advisory_xact_lock_shared($1::bigint) THEN pg_try_advisory_lock_shared($2::bigint) ELSE false END',
        keys.gate,
        keys.permits,
      ),
    async releasePermit() {
      await yes('pg_advisory_unlock_shared($1::bigint)', keys.permits);
    },
    releaseIfOpen: () =>
      yes(
        'CASE WHEN pg_try_advisory_xact_lock_shared($1::bigint) THEN pg_advisory_unlock_shared($2::bigint) ELSE false END',
        keys.gate,
        keys.permits,
      ),
    isGateOpen: () => yes('pg_try_advisory_xact_lock_shared($1::bigint)', keys.gate),
    tryUpkeep: () => yes('pg_try_advisory_lock($1::bigint)', keys.upkeep),
    claim: (body) => body(session),
    async [Symbol.asyncDispose]() {
      heart.stop();
      await session[Symbol.asyncDispose]();
      lose(undefined);
    },
  };
}

/** PGlite: nobody else is there, so nothing is asked for. Its session is everybody's: each claim says by itself whose it is. */
async function openOnlyStation(database: Database): Promise<Station> {
  const me = newWorkerKey();
  const lost = new AbortController();
  await database.query('SELECT pg_advisory_lock($1::bigint)', [me]);
  const mark = JSON.stringify(`${me}:${await epochOf(database)}`);
  return {
    lost: lost.signal,
    session: database,
    tryPermit: () => Promise.resolve(true),
    releasePermit: () => Promise.resolve(),
    releaseIfOpen: () => Promise.resolve(true),
    isGateOpen: () => Promise.resolve(true),
    tryUpkeep: () => Promise.resolve(true),
    claim: (body) =>
      database.transaction(async (transaction) => {
        await transaction.query("SELECT set_config('stillpoint.worker', $1, true)", [mark]);
        return await body(transaction);
      }),
    async [Symbol.asyncDispose]() {
      if (lost.signal.aborted) return;
      lost.abort(failure('QUEUE_CLAIM_LOST', {}));
      // Whoever closed the PGlite first has ended the lock with it.
      await database.query('SELECT pg_advisory_unlock($1::bigint)', [me]).catch(() => {});
    },
  };
}

/**
 * The history that a claim was made in. A physical restore begins a new timeline, a logical one makes the table anew; a server
 * that was only started again does neither.
 */
export async function epochOf(queryable: Queryable): Promise<string> {
  const { rows } = await queryable.query<{ epoch: string }>(
    "SELECT left(pg_walfile_name(pg_current_wal_lsn()), 8) || '.' || 'queue.job_common'::regclass::oid AS epoch",
  );
  return rows[0]!.epoch;
}

/** A number that no session had before and none will have again. */
function newWorkerKey(): bigint {
  return randomBytes(8).readBigUInt64BE() >> 1n;
}

/** Keeps the server's idle timer from running out, and notices a server that is silent. */
function startHeart(session: Session, lose: (cause: unknown) => void): { stop(): void } {
  let answeredAtMs = performance.now();
  let asking = false;
  const timer = setInterval(() => {
    if (asking) {
      if (performance.now() - answeredAtMs < times.weWaitMs) return;
      lose(new Error(`the server has not answered for ${times.weWaitMs} ms`));
      clearInterval(timer);
      void session[Symbol.asyncDispose]();
      return;
    }
    asking = true;
    answeredAtMs = performance.now();
    const answered = (): void => {
      asking = false;
    };
    // A connection that broke tells `lost`; one that was closed by closing the database is told here.
    session.query('SELECT 1').then(answered, lose);
  }, times.beatMs);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}
