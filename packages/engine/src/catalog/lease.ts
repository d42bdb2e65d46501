// One snapshot or restore of a project at a time. The lease is an exclusive lock on a small SQLite database: the
// kernel drops it when its holder dies, however it dies, so it can never be stale and no clock decides anything. A
// stopped holder keeps it, which is right: it may go on. Every lease gets the next generation, the fencing number that
// later stores use to refuse a holder of the past.
// Not for network file systems, where such locks lie. See docs/decisions/.
import { DatabaseSync } from 'node:sqlite';
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { failure, removeFileDurable, writeFileAtomic, type Clock } from '@stillpoint/core';

export interface LeaseOptions {
  /** The lock database, e.g. `.stillpoint/lease.db`; its directory must exist. */
  readonly file: string;
  /** What the holder does, for the others to read: 'snapshot', 'restore 3f9a1c77b0de'. */
  readonly operation: string;
  /** How long to wait for another holder; 0 fails at once with LEASE_HELD. */
  readonly waitMs: number;
  readonly signal: AbortSignal;
  readonly clock: Clock;
}

export interface Lease extends AsyncDisposable {
  readonly generation: number;
}

const retryMs = 50;

export async function acquireLease(options: LeaseOptions): Promise<Lease> {
  const deadline = options.clock.monotonicMs() + options.waitMs;
  for (;;) {
    options.signal.throwIfAborted();
    const held = tryLock(options.file);
    if (held !== undefined) return describeHolder(held, options);
    if (options.clock.monotonicMs() >= deadline) throw await leaseHeld(options.file);
    await delay(retryMs, undefined, { signal: options.signal });
  }
}

interface Held {
  readonly database: DatabaseSync;
  readonly generation: number;
}

function tryLock(file: string): Held | undefined {
  const database = new DatabaseSync(file, { timeout: 0 });
  try {
    // In exclusive locking mode the lock outlasts the commit: until the connection is closed.
    database.exec(`
      PRAGMA locking_mode = EXCLUSIVE;
      BEGIN EXCLUSIVE;
      CREATE TABLE IF NOT EXISTS lease (generation INTEGER NOT NULL);
      INSERT INTO lease SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM lease);
      UPDATE lease SET generation = generation + 1;
      COMMIT;
    `);
    const row = database.prepare('SELECT generation FROM lease').get();
    return { database, generation: Number(row?.generation) };
  } catch (error) {
    database.close();
    const code = (error as { errcode?: number }).errcode;
    if (code !== undefined && [SQLITE_BUSY, SQLITE_LOCKED].includes(code & 0xff)) return undefined;
    throw error;
  }
}

// https://www.sqlite.org/rescode.html
const SQLITE_BUSY = 5;
const SQLITE_LOCKED = 6;

async function describeHolder(held: Held, options: LeaseOptions): Promise<Lease> {
  const description = holderFile(options.file);
  const since = options.clock.now().toISOString();
  const holder: Holder = { operation: options.operation, pid: process.pid, since };
  try {
    await writeFileAtomic(description, JSON.stringify(holder));
  } catch (error) {
    held.database.close();
    throw error;
  }
  return {
    generation: held.generation,
    async [Symbol.asyncDispose]() {
      try {
        await removeFileDurable(description);
      } finally {
        held.database.close();
      }
    },
  };
}

interface Holder {
  readonly operation: string;
  readonly pid: number;
  readonly since: string;
}

function holderFile(file: string): string {
  return `${file}.holder.json`;
}

async function leaseHeld(file: string): Promise<Error> {
  let holder: Holder = { operation: 'starting', pid: 0, since: 'just now' };
  try {
    holder = JSON.parse(await readFile(holderFile(file), 'utf8')) as Holder;
  } catch {
    // The holder has the lock but has not yet written who it is, or is about to let go.
  }
  return failure('LEASE_HELD', { ...holder });
}
