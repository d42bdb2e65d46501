// One session that holds, or tries to hold, the freeze's lock in one database. Everything here ends within a limit, whatever
// the server does, and close() leaves no backend behind.
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

const lockNotAvailable = '55P03';
/** Longer than any answer takes to a trivial statement. */
const answerTimeoutMs = 2000;
const closeTimeoutMs = 1000;
const abortedGraceMs = 250;

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
  const session = createSession(client);
  try {
    const { rows } = await client.query<{ major: number }>(
      "SELECT current_setting('server_version_num')::int / 10000 AS major",
    );
    const major = rows[0]?.major ?? 0;
    await client.query('SET statement_timeout = 0');
    if (major >= 14) await client.query('SET idle_session_timeout = 0');
    // A try that failed takes its own limits back with it; this one ends its transaction when we are stopped just then.
    const idleMs = Math.ceil(limitMs) + abortedGraceMs;
    await client.query(`SET idle_in_transaction_session_timeout = ${idleMs}`);
    // One that is running already cannot be set anew inside its transaction: the server's own default must not start it.
    if (major >= 17) await client.query('SET transaction_timeout = 0');
    // Not on every system; without it a killed freezer's try ends after 100 ms all the same.
    if (major >= 14)
      await client.query("SET client_connection_check_interval = '50ms'").catch(() => {});
    return lockConnectionOf(session, { database, key, major });
  } catch (error) {
    await session.close();
    throw error;
  }
}

interface Session {
  readonly isLost: () => boolean;
  /** Rejects also when there is no answer in time; the session is destroyed then. */
  ask(sql: string, timeoutMs: number): Promise<string>;
  destroy(): void;
  close(): Promise<void>;
}

function createSession(client: Client): Session {
  let lost = false;
  // Without a listener a connection that the server ends would end this process.
  client.on('error', () => (lost = true));
  client.on('end', () => (lost = true));
  const destroy = (): void => {
    lost = true;
    const { connection } = client as unknown as { connection: { stream: { destroy(): void } } };
    connection.stream.destroy();
  };
  return {
    isLost: () => lost,
    destroy,
    async ask(sql, timeoutMs) {
      if (lost) throw new Error('the server ended the connection');
      const timer = setTimeout(destroy, timeoutMs);
      try {
        // Several statements give several results; the last one tells the outcome.
        const result: unknown = await client.query(sql);
        const last = (Array.isArray(result) ? result.at(-1) : result) as { command: string };
        return last.command;
      } finally {
        clearTimeout(timer);
      }
    },
    async close() {
      const timer = setTimeout(destroy, closeTimeoutMs);
      await client.end().catch(() => {});
      clearTimeout(timer);
    },
  };
}

function lockConnectionOf(
  session: Session,
  {
    database,
    key,
    major,
  }: { readonly database: string; readonly key: bigint; readonly major: number },
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
        ...limits(major, endsAtMs),
        `SELECT pg_advisory_xact_lock('${key}'::bigint)`,
      ].join('; ');
      try {
        await session.ask(sql, timeoutMs + answerTimeoutMs);
        locked = true;
        return true;
      } catch (error) {
        if ((error as { code?: string }).code === lockNotAvailable) return false;
        throw error;
      }
    },
    async check(endsAtMs) {
      if (!locked || session.isLost()) return false;
      const [idle = ''] = limits(0, endsAtMs);
      return session.ask(idle, answerTimeoutMs).then(
        (command) => command === 'SET',
        () => false,
      );
    },
    async commit() {
      if (!inTransaction || session.isLost()) return false;
      const outcome = await session.ask('COMMIT', answerTimeoutMs).catch(() => 'none');
      inTransaction = false;
      // A transaction that had failed answers COMMIT with ROLLBACK.
      return locked && outcome === 'COMMIT';
    },
    async rollback() {
      if (!inTransaction || session.isLost()) return;
      await session.ask('ROLLBACK', answerTimeoutMs).catch(() => {});
      inTransaction = false;
      locked = false;
    },
    destroy: () => session.destroy(),
    close: () => session.close(),
  };
}

/** Settings that make the server end the transaction at `endsAtMs` whatever becomes of us. The idle one comes first. */
function limits(major: number, endsAtMs: number): string[] {
  const remainingMs = Math.max(1, Math.ceil(endsAtMs - performance.now()));
  const idle = `SET LOCAL idle_in_transaction_session_timeout = ${remainingMs}`;
  return major >= 17 ? [idle, `SET LOCAL transaction_timeout = ${remainingMs}`] : [idle];
}
