// The freezer's session: it closes the gate, waits until no worker holds a permit any more, and opens the gate again.
//
// The gate is the session's lock and the permits are a transaction's. The SERVER ends both when this process died or stopped: a
// closed connection at once, a silent one by idle_session_timeout before the permits are ours and by
// idle_in_transaction_session_timeout after. Only a successful COMMIT proves that the permits were ours all the time.
import type { Client } from 'pg';
import type { QueueKeys } from './keys.ts';

export interface Freezer {
  /** Resolves when no job is in flight and none is claimed. Rejects with the signal's reason, or when the session is gone. */
  suspend(signal: AbortSignal, endsAtMs: number): Promise<void>;
  /** The permits are ours still. Also starts the server's idle timer anew, up to the same end. */
  check(endsAtMs: number): Promise<boolean>;
  /** True only if the permits were ours without a gap. Workers go on, whatever it answers. */
  resume(): Promise<boolean>;
  /** Never rejects. */
  close(): Promise<void>;
}

const lockNotAvailable = '55P03';
/** A wait ends by itself within so long, so that the signal is looked at; the gate stays closed meanwhile. */
const tryMs = 100;
/** Longer than any answer takes to a trivial statement. */
const answerMs = 2000;
const closeMs = 1000;
/** A server that does not even answer a try is left behind so long after the signal. */
const silentServerMs = 300;

/** Takes the client over, also when it rejects. */
export async function openFreezer(
  client: Client,
  keys: QueueKeys,
  limitMs: number,
): Promise<Freezer> {
  const session = createSession(client);
  try {
    const version = await session.ask("SELECT current_setting('server_version_num')::int AS value");
    const hasTransactionTimeout = Number(version.value) >= 170_000;
    await session.ask('SET statement_timeout = 0; SET idle_session_timeout = 0');
    // Ends the transaction of a wait that failed, should we be stopped just then.
    await session.ask(`SET idle_in_transaction_session_timeout = ${Math.ceil(limitMs) + 250}`);
    if (hasTransactionTimeout) await session.ask('SET transaction_timeout = 0');
    // Not on every system; without it a killed freezer's wait ends after 100 ms all the same.
    await session.ask("SET client_connection_check_interval = '50ms'").catch(() => {});
    return freezerOf(session, keys, hasTransactionTimeout);
  } catch (error) {
    await session.close();
    throw error;
  }
}

interface Session {
  readonly isLost: () => boolean;
  /** The last statement's command, and the `value` of its first row. Rejects also when there is no answer in time. */
  ask(text: string, timeoutMs?: number): Promise<{ command: string; value: unknown }>;
  destroy(): void;
  close(): Promise<void>;
}

function freezerOf(session: Session, keys: QueueKeys, hasTransactionTimeout: boolean): Freezer {
  let gate = false;
  let permits = false;
  const remainingMs = (endsAtMs: number): number =>
    Math.max(1, Math.ceil(endsAtMs - performance.now()));
  const limits = (endsAtMs: number): string => {
    const names = ['idle_in_transaction_session_timeout'];
    if (hasTransactionTimeout) names.push('transaction_timeout');
    return names.map((name) => `SET LOCAL ${name} = ${remainingMs(endsAtMs)}`).join('; ');
  };
  /** False: not within one try. */
  const attempt = async (text: string): Promise<boolean> => {
    try {
      await session.ask(text, tryMs + answerMs);
      return true;
    } catch (error) {
      if ((error as { code?: string }).code !== lockNotAvailable) throw error;
      return false;
    }
  };
  const tell = async (): Promise<void> => {
    await session.ask(`SELECT pg_notify('${keys.channel}', 'gate')`);
  };

  const closeGate = async (signal: AbortSignal, endsAtMs: number): Promise<void> => {
    // In force before the gate can be ours: we may be stopped at any moment.
    await session.ask(
      `SET idle_session_timeout = ${remainingMs(endsAtMs)}; SET lock_timeout = ${tryMs}`,
    );
    // Others that look at the gate hold it for a moment, another freezer for longer.
    while (!gate) {
      signal.throwIfAborted();
      gate = await attempt(`SELECT pg_advisory_lock('${keys.gate}'::bigint)`);
    }
    await tell();
  };
  const takePermits = async (signal: AbortSignal, endsAtMs: number): Promise<void> => {
    for (;;) {
      signal.throwIfAborted();
      const text = `BEGIN READ ONLY; ${limits(endsAtMs)}; SELECT pg_advisory_xact_lock('${keys.permits}'::bigint)`;
      if (await attempt(text)) break;
      await session.ask('ROLLBACK');
    }
    permits = true;
    signal.throwIfAborted();
  };

  return {
    async suspend(signal, endsAtMs) {
      let silent: NodeJS.Timeout | undefined;
      const onAbort = (): void => {
        silent = setTimeout(() => session.destroy(), silentServerMs);
      };
      signal.addEventListener('abort', onAbort, { once: true });
      try {
        await closeGate(signal, endsAtMs);
        await takePermits(signal, endsAtMs);
      } catch (error) {
        // A try that was cut short by leaving the server behind is the signal's doing.
        signal.throwIfAborted();
        throw error;
      } finally {
        signal.removeEventListener('abort', onAbort);
        clearTimeout(silent);
      }
    },
    async check(endsAtMs) {
      if (!permits || session.isLost()) return false;
      return await session.ask(limits(endsAtMs)).then(
        () => true,
        () => false,
      );
    },
    async resume() {
      if (session.isLost()) return false;
      const outcome = permits
        ? await session.ask('COMMIT').catch(() => undefined)
        : await session.ask('ROLLBACK').catch(() => undefined);
      if (gate) {
        // The connection's end would do it as well: what matters is that it is open, not that this says so.
        await session.ask(`SELECT pg_advisory_unlock('${keys.gate}'::bigint)`).catch(() => {});
        await tell().catch(() => {});
      }
      if (!session.isLost()) await session.ask('SET idle_session_timeout = 0').catch(() => {});
      // A transaction that had failed answers COMMIT with ROLLBACK.
      return permits && outcome?.command === 'COMMIT';
    },
    close: () => session.close(),
  };
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
    async ask(text, timeoutMs = answerMs) {
      if (lost) throw new Error('the server ended the connection');
      const timer = setTimeout(destroy, timeoutMs);
      try {
        // Several statements give several results.
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
