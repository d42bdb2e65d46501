// The freezer's session: it closes the gate, waits until no worker holds a permit any more, and opens the gate again.
//
// The gate is the session's lock and the permits are a transaction's. The SERVER ends both when this process died or stopped: a
// closed connection at once, a silent one by idle_session_timeout before the permits are ours and by
// idle_in_transaction_session_timeout after. Only a successful COMMIT proves that the permits were ours all the time.
import {
  leaveSilentServer,
  openLockSession,
  remainingMs,
  type LockSession,
} from '@stillpoint/postgres';
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

/** A wait ends by itself within so long, so that the signal is looked at; the gate stays closed meanwhile. */
const tryMs = 100;

/** Takes the client over, also when it rejects. */
export async function openFreezer(
  client: Client,
  keys: QueueKeys,
  limitMs: number,
): Promise<Freezer> {
  return freezerOf(await openLockSession(client, limitMs), keys);
}

function freezerOf(session: LockSession, keys: QueueKeys): Freezer {
  let gate = false;
  let permits = false;
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
      gate = await session.attempt(`SELECT pg_advisory_lock('${keys.gate}'::bigint)`, tryMs);
    }
    await tell();
  };
  const takePermits = async (signal: AbortSignal, endsAtMs: number): Promise<void> => {
    for (;;) {
      signal.throwIfAborted();
      const text = `BEGIN READ ONLY; ${session.limits(endsAtMs)}; SELECT pg_advisory_xact_lock('${keys.permits}'::bigint)`;
      if (await session.attempt(text, tryMs)) break;
      await session.ask('ROLLBACK');
    }
    permits = true;
    signal.throwIfAborted();
  };

  return {
    async suspend(signal, endsAtMs) {
      using _patience = leaveSilentServer(signal, () => session.destroy());
      try {
        await closeGate(signal, endsAtMs);
        await takePermits(signal, endsAtMs);
      } catch (error) {
        // A try that was cut short by leaving the server behind is the signal's doing.
        signal.throwIfAborted();
        throw error;
      }
    },
    check: async (endsAtMs) => permits && (await session.renew(endsAtMs)),
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
