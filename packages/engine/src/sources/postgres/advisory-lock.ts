// The participant for every application that writes to Postgres: one advisory lock per database. Writers take it shared as
// the first statement of their transaction, the freeze takes it exclusively. Whoever waits for it makes new writers queue
// behind, so the wait is made of tries of at most 100 ms, with pauses in which the writers get through. A try takes the locks
// of all databases, sorted by name, or none: writers of one database are never kept out while another still drains.
//
// The SERVER ends a freeze whose process died or was stopped: a closed connection ends its transaction at once, also while
// waiting (client_connection_check_interval); a silent one is ended by idle_in_transaction_session_timeout and, from 17 on,
// transaction_timeout. Only a successful COMMIT proves that the lock was held all the time.
import { randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { failure } from '@stillpoint/core';
import { leaveSilentServer } from '@stillpoint/postgres';
import type { Client } from 'pg';
import type { Hold, HoldOptions, Participant } from '../../freeze/contract.ts';
import { openLockConnection, type LockConnection } from './lock-connection.ts';

export interface AdvisoryLockOptions {
  readonly name: string;
  readonly guards: readonly string[] | '*';
  readonly key: bigint;
  /** The databases whose writers hold still; asked once per freeze, before it. */
  readonly databases: () => Promise<readonly string[]>;
  /** A direct connection, not through a pooler: the lock belongs to one session. */
  readonly connect: (
    database: string,
    applicationName: string,
    signal: AbortSignal,
  ) => Promise<Client>;
}

const tryMs = 100;
const pauseMs = { first: 5, longest: 100 };

export function createAdvisoryLockParticipant(options: AdvisoryLockOptions): Participant {
  const { name, guards } = options;
  return { name, kind: 'lock', guards, open: (hold) => openHold(options, hold) };
}

/** Templates are left out: nobody writes there, and a connection to one keeps CREATE DATABASE from working. */
export async function listLockableDatabases(client: Client): Promise<readonly string[]> {
  const { rows } = await client.query<{ datname: string }>(
    'SELECT datname FROM pg_database WHERE datallowconn AND NOT datistemplate ORDER BY datname COLLATE "C"',
  );
  return rows.map(({ datname }) => datname);
}

async function openHold(
  options: AdvisoryLockOptions,
  { signal, budgetMs }: HoldOptions,
): Promise<Hold> {
  const connections: LockConnection[] = [];
  const closeAll = async (): Promise<void> => {
    await Promise.all(connections.map((connection) => connection.close()));
  };
  try {
    const names = [...new Set(await options.databases())].toSorted();
    for (const database of names) {
      signal.throwIfAborted();
      const client = await options.connect(database, 'stillpoint freeze', signal);
      connections.push(
        await openLockConnection(client, { database, key: options.key, limitMs: budgetMs }),
      );
    }
  } catch (error) {
    await closeAll();
    throw error;
  }
  return holdOf(options.name, connections, closeAll);
}

function holdOf(
  name: string,
  connections: readonly LockConnection[],
  close: () => Promise<void>,
): Hold {
  let endsAtMs = 0;
  let held = false;
  let resumed: Promise<'held' | 'lost'> | undefined;

  const commitAll = async (): Promise<'held' | 'lost'> => {
    const committed = await Promise.all(connections.map((connection) => connection.commit()));
    return held && committed.every(Boolean) ? 'held' : 'lost';
  };
  return {
    async suspend(signal, limitMs) {
      endsAtMs = performance.now() + limitMs;
      await waitForLocks(connections, signal, endsAtMs);
      held = true;
    },
    async check() {
      const alive = await Promise.all(connections.map((connection) => connection.check(endsAtMs)));
      if (held && alive.every(Boolean)) return;
      throw failure('FREEZE_LOST', { who: `the server ended the lock of "${name}"` });
    },
    resume: () => (resumed ??= commitAll()),
    [Symbol.asyncDispose]: close,
  };
}

async function waitForLocks(
  connections: readonly LockConnection[],
  signal: AbortSignal,
  endsAtMs: number,
): Promise<void> {
  // A try ends by itself within 100 ms, so the signal is looked at between tries; this is for a server that hangs.
  using _patience = leaveSilentServer(signal, () => connections.forEach((one) => one.destroy()));
  for (let pause = pauseMs.first; ; pause = Math.min(pause * 2, pauseMs.longest)) {
    signal.throwIfAborted();
    if (await tryAll(connections, signal, endsAtMs)) return;
    await delay(randomInt(Math.ceil(pause / 2), pause + 1), undefined, { signal });
  }
}

async function tryAll(
  connections: readonly LockConnection[],
  signal: AbortSignal,
  endsAtMs: number,
): Promise<boolean> {
  const tryEndsAtMs = performance.now() + tryMs;
  let complete = false;
  try {
    for (const connection of connections) {
      const timeoutMs = Math.max(1, Math.ceil(tryEndsAtMs - performance.now()));
      if (!(await connection.tryLock(timeoutMs, endsAtMs))) return false;
    }
    signal.throwIfAborted();
    complete = true;
    return true;
  } finally {
    if (!complete) await Promise.all(connections.map((connection) => connection.rollback()));
  }
}
