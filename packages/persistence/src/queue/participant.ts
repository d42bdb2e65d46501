// How the queue takes part in a freeze. An object of the engine's shape of a participant; the two packages do not know each other,
// and meet in the command. It needs no worker's address: workers and freezer meet in the database.
import { failure } from '@stillpoint/core';
import type { Client } from 'pg';
import { openFreezer, type Freezer } from './freezer.ts';
import { queueKeys } from './keys.ts';

export interface QueueParticipantOptions {
  readonly name: string;
  /** Names of the sources and paths of the members that hold still with it; '*' for all. */
  readonly guards: readonly string[] | '*';
  /** That of the project's freeze lock: the queue's own are derived from it. */
  readonly key: bigint;
  /** A direct connection to the queue's database, not through a pooler: the locks belong to one session. */
  readonly connect: (applicationName: string, signal: AbortSignal) => Promise<Client>;
}

/** As `Participant` of the engine: its freeze/contract.ts has the law. */
export interface QueueParticipant {
  readonly name: string;
  readonly kind: 'queue';
  readonly guards: readonly string[] | '*';
  open(options: { readonly budgetMs: number; readonly signal: AbortSignal }): Promise<QueueHold>;
}

export interface QueueHold extends AsyncDisposable {
  suspend(signal: AbortSignal, limitMs: number): Promise<void>;
  check(): Promise<void>;
  resume(): Promise<'held' | 'lost'>;
}

/** Holds all workers of a queue still: nothing is claimed, and jobs that are to be drained are done. */
export function createQueueParticipant(options: QueueParticipantOptions): QueueParticipant {
  const { name, guards, key, connect } = options;
  return {
    name,
    kind: 'queue',
    guards,
    async open({ signal, budgetMs }) {
      const client = await connect('stillpoint freeze queue', signal);
      return holdOf(name, await openFreezer(client, queueKeys(key), budgetMs));
    },
  };
}

function holdOf(name: string, freezer: Freezer): QueueHold {
  let endsAtMs = 0;
  let held = false;
  let resumed: Promise<'held' | 'lost'> | undefined;
  return {
    async suspend(signal, limitMs) {
      endsAtMs = performance.now() + limitMs;
      signal.throwIfAborted();
      await freezer.suspend(signal, endsAtMs);
      held = true;
    },
    async check() {
      if (held && (await freezer.check(endsAtMs))) return;
      throw failure('FREEZE_LOST', { who: `the server ended the locks of "${name}"` });
    },
    resume: () => (resumed ??= freezer.resume().then((whole) => (held && whole ? 'held' : 'lost'))),
    [Symbol.asyncDispose]: () => freezer.close(),
  };
}
