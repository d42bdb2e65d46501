// Writers' sessions. A writer that finds a chunk in the index does not store it: from then until its manifest is there, nobody may
// delete that chunk, though no manifest names it. So a writer puts a session before it looks at marks and index, and deletes it
// after the seal; prune waits for every session that may not have seen its mark. No clock decides: a session ends when its writer ends it,
// when its process is known to be dead, or when a person says so. A writer whose session was ended by a person does not seal.
import {
  canonicalBytes,
  failure,
  hasEnded,
  isFailure,
  newUuid,
  ownIdentity,
  ownMachine,
  type Clock,
  type Json,
} from '@stillpoint/core';
import os from 'node:os';
import * as z from 'zod';
import type { OpenSession, Store } from '../contract.ts';
import { SESSION_PREFIX, sessionKey, sessionOfKey } from '../format/layout.ts';

export interface Registration {
  readonly id: string;
  /** Rejects with SESSION_ENDED when somebody ended it. */
  ensureOpen(): Promise<void>;
  end(): Promise<void>;
}

const identity = z.looseObject({
  machine: z.looseObject({ host: z.string(), installation: z.string(), processes: z.string() }),
  process: z.looseObject({ pid: z.int(), startedAt: z.string(), boot: z.string() }),
});
const shape = identity.extend({ openedAt: z.string(), user: z.string() });

type Content = z.infer<typeof shape>;

/** A store that cannot be reached is not asked for long again. */
const TAKE_BACK_MS = 5000;

export interface RegistrationParts {
  readonly store: Store;
  /** Goes on for a moment when the writer has given up. */
  readonly cleaning: Store;
  readonly clock: Clock;
}

/** Durable before it resolves: whoever deletes from now on knows of this writer. */
export async function openRegistration({
  store,
  cleaning,
  clock,
}: RegistrationParts): Promise<Registration> {
  const id = newUuid();
  const key = sessionKey(id);
  try {
    await store.put(key, canonicalBytes(ownContent(clock)));
  } catch (error) {
    // It may be there all the same, and prune would wait for it.
    await cleaning.delete(key, { signal: AbortSignal.timeout(TAKE_BACK_MS) }).catch(() => {});
    throw error;
  }
  return {
    id,
    async ensureOpen() {
      if ((await store.stat(key)) === undefined) {
        throw failure('SESSION_ENDED', { vault: store.description });
      }
    },
    end: () => cleaning.delete(key),
  };
}

/** Those that are open, oldest first as their clocks say. */
export async function listSessions(store: Store): Promise<readonly OpenSession[]> {
  const found: OpenSession[] = [];
  for await (const { key } of store.list(SESSION_PREFIX)) {
    const id = sessionOfKey(key);
    if (id === undefined) continue;
    const content = await readContent(store, key);
    if (content === 'gone') continue;
    found.push(describe(id, content));
  }
  return found.toSorted((a, b) => ((a.openedAt ?? '') < (b.openedAt ?? '') ? -1 : 1));
}

/** Ends those whose process is certainly dead: it will never seal anything. `own`: is alive, no need to look. */
export async function endDeadSessions(store: Store, own?: string): Promise<void> {
  for await (const { key } of store.list(SESSION_PREFIX)) {
    const id = sessionOfKey(key);
    if (id === undefined || id === own) continue;
    const content = await readContent(store, key);
    if (content !== 'gone' && describe(id, content).dead) await store.delete(key);
  }
}

/** A person says that its writer is dead. SESSION_UNKNOWN. */
export async function endSession(store: Store, id: string): Promise<void> {
  const key = sessionKey(id);
  const known = sessionOfKey(key) !== undefined && (await store.stat(key)) !== undefined;
  if (!known) throw failure('SESSION_UNKNOWN', { vault: store.description, id });
  await store.delete(key);
}

function ownContent(clock: Clock): Json {
  const openedAt = clock.now().toISOString();
  const machine = { ...ownMachine() };
  return { format: 1, openedAt, user: userName(), machine, process: { ...ownIdentity() } };
}

async function readContent(store: Store, key: string): Promise<Content | undefined | 'gone'> {
  try {
    const text = Buffer.from(await store.get(key)).toString('utf8');
    const parsed = shape.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : undefined;
  } catch (error) {
    if (isFailure(error, 'OBJECT_MISSING')) return 'gone';
    // Whatever it says: that it is there counts.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function describe(id: string, content: Content | undefined): OpenSession {
  if (content === undefined) {
    return { id, openedAt: null, user: null, host: null, pid: null, dead: false };
  }
  const { openedAt, user, machine, process } = content;
  const dead = hasEnded(content, { machine: ownMachine(), process: ownIdentity() });
  return { id, openedAt, user, host: machine.host, pid: process.pid, dead };
}

/** A container may run as a user that has no name. */
function userName(): string {
  try {
    return os.userInfo().username;
  } catch {
    return '';
  }
}
