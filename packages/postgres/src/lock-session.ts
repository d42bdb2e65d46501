// One session that holds locks for a freeze, or waits for them. The SERVER ends it when its process died or was stopped: a closed
// connection at once, a silent one by the limits that are set here. Everything here ends within a limit of our own, whatever the
// server does, and close() leaves no backend behind.
import type { Client } from 'pg';

/** The lock of every project's freeze that has no key of its own (STILLPOINT_LOCK_KEY): "STILL" in ASCII, read as a number. */
export const DEFAULT_FREEZE_LOCK_KEY = 0x53_54_49_4c_4cn; // 357896375372

export interface LockSession {
  isLost(): boolean;
  /**
   * The last statement's command, and the `value` of its first row. Rejects also when there is no answer in time, which is longer by
   * `waitsMs` than any answer takes to a trivial statement; the session is destroyed then.
   */
  ask(text: string, waitsMs?: number): Promise<{ command: string; value: unknown }>;
  /** Asks for a lock. False: it was not to be had within the session's lock_timeout, which is `waitsMs`. */
  attempt(text: string, waitsMs: number): Promise<boolean>;
  /** For the beginning of a transaction: the server ends it at `endsAtMs`, whatever becomes of us. */
  limits(endsAtMs: number): string;
  /** The session and its transaction are still there. Also starts the server's idle timer anew, up to the same end. */
  renew(endsAtMs: number): Promise<boolean>;
  /** Ends the session without a word to the server. */
  destroy(): void;
  /** Never rejects. */
  close(): Promise<void>;
}

const lockNotAvailable = '55P03';
/** Longer than any answer takes to a trivial statement. */
const answerMs = 2000;
const closeMs = 1000;
/** A server that does not even answer a try is left behind so long after the signal. */
const silentServerMs = 300;
const abortedGraceMs = 250;

/** Takes the client over, also when it rejects. `limitMs`: how long the freeze may last at most. */
export async function openLockSession(client: Client, limitMs: number): Promise<LockSession> {
  const link = linkOf(client);
  try {
    const version = await link.ask(
      "SELECT current_setting('server_version_num')::int / 10000 AS value",
    );
    const major = Number(version.value);
    await link.ask('SET statement_timeout = 0');
    if (major >= 14) await link.ask('SET idle_session_timeout = 0');
    // A try that failed takes its own limits back with it; this one ends its transaction when we are stopped just then.
    const idleMs = Math.ceil(limitMs) + abortedGraceMs;
    await link.ask(`SET idle_in_transaction_session_timeout = ${idleMs}`);
    // One that is running already cannot be set anew inside its transaction: the server's own default must not start it.
    if (major >= 17) await link.ask('SET transaction_timeout = 0');
    // Not on every system; without it a killed freezer's try ends by its lock_timeout all the same.
    if (major >= 14)
      await link.ask("SET client_connection_check_interval = '50ms'").catch(() => {});
    return sessionOf(link, major);
  } catch (error) {
    await link.close();
    throw error;
  }
}

/** `leave` is called when the wait that `signal` ended goes on: a try ends by itself, so the server hangs. */
export function leaveSilentServer(signal: AbortSignal, leave: () => void): Disposable {
  let silent: NodeJS.Timeout | undefined;
  const onAbort = (): void => {
    silent = setTimeout(leave, silentServerMs);
  };
  signal.addEventListener('abort', onAbort, { once: true });
  return {
    [Symbol.dispose]() {
      signal.removeEventListener('abort', onAbort);
      clearTimeout(silent);
    },
  };
}

/** How long it is until then; at least one, for 0 means for ever to the server. */
export function remainingMs(endsAtMs: number): number {
  return Math.max(1, Math.ceil(endsAtMs - performance.now()));
}

type Link = Pick<LockSession, 'isLost' | 'ask' | 'destroy' | 'close'>;

function linkOf(client: Client): Link {
  let lost = false;
  // Without a listener a connection that the server ends would end this process.
  client.on('error', () => (lost = true));
  client.on('end', () => (lost = true));
  const destroy = (): void => {
    lost = true;
    client.connection.stream.destroy();
  };
  return {
    isLost: () => lost,
    destroy,
    async ask(text, waitsMs = 0) {
      if (lost) throw new Error('the server ended the connection');
      const timer = setTimeout(destroy, waitsMs + answerMs);
      try {
        // Several statements give several results; the last one tells the outcome.
        const result: unknown = await client.query(text);
        const last = (Array.isArray(result) ? result.at(-1) : result) as {
          readonly command: string;
          readonly rows: readonly { readonly value?: unknown }[];
        };
        return { command: last.command, value: last.rows[0]?.value };
      } finally {
        clearTimeout(timer);
      }
    },
    async close() {
      const timer = setTimeout(destroy, closeMs);
      await client.end().catch(() => {});
      clearTimeout(timer);
    },
  };
}

function sessionOf(link: Link, major: number): LockSession {
  const limit = (name: string, endsAtMs: number): string =>
    `SET LOCAL ${name} = ${remainingMs(endsAtMs)}`;
  const idle = (endsAtMs: number): string => limit('idle_in_transaction_session_timeout', endsAtMs);
  return {
    ...link,
    async attempt(text, waitsMs) {
      try {
        await link.ask(text, waitsMs);
        return true;
      } catch (error) {
        if ((error as { code?: string }).code !== lockNotAvailable) throw error;
        return false;
      }
    },
    limits: (endsAtMs) =>
      [idle(endsAtMs), ...(major >= 17 ? [limit('transaction_timeout', endsAtMs)] : [])].join('; '),
    renew: (endsAtMs) =>
      link.ask(idle(endsAtMs)).then(
        () => true,
        () => false,
      ),
  };
}
