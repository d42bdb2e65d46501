// One holder at a time across processes, kept by the kernel: it ends with its holder, however that dies, so
// there is no stale lock to judge. The means is SQLite's exclusive lock on an empty database file: Node has no
// flock of its own, and SQLite's is right in one process and between many.
import { chmodSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { failure } from '@stillpoint/core';
import { waitUntil } from './wait-until.ts';

const SQLITE_BUSY = 5;
const LONGEST_WAIT_MS = 120_000;

/** undefined: someone else has it. */
export function tryLock(file: string): Disposable | undefined {
  const database = new DatabaseSync(file);
  try {
    chmodSync(file, 0o600);
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if ((error as { errcode?: number }).errcode === SQLITE_BUSY) return undefined;
    throw error;
  }
  return {
    [Symbol.dispose]() {
      database.close();
    },
  };
}

export async function lock(file: string, signal?: AbortSignal): Promise<Disposable> {
  const taken = await waitUntil(() => tryLock(file), { limitMs: LONGEST_WAIT_MS, signal });
  if (taken === undefined) throw failure('POSTGRES_BUSY', { seconds: LONGEST_WAIT_MS / 1000 });
  return taken;
}
