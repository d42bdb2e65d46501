// Clears what a dead postmaster left, so that the next one can start: processes that still compute, and lock
// files that name a pid which now belongs to somebody else. Only to be called when no postmaster of ours serves
// the data directory.
//
// Postgres judges a lock file by whether *some* process of its own user has that pid, and refuses to start if so.
// The file is not removed for that: it also names the shared memory that a last survivor may use, and Postgres
// checks that when it finds the pid dead. So it gets a pid that no process can have.
import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { writeFileAtomic } from '@stillpoint/core';
import { findOrphans, pidFile } from './postmaster.ts';
import type { Owner } from './system-user.ts';
import { waitUntil } from './wait-until.ts';

/** Above every pid_max that a kernel allows. */
const IMPOSSIBLE_PID = 2 ** 22 + 1;
const QUIT_LIMIT_MS = 2_000;
const KILL_LIMIT_MS = 5_000;

export interface StaleOptions {
  readonly dataDirectory: string;
  readonly socketDirectory: string;
  readonly port: number;
  readonly clusterName: string;
  readonly owner: Owner | undefined;
}

export async function clearStale(options: StaleOptions): Promise<void> {
  await endOrphans(options.clusterName, options.owner?.uid ?? process.getuid?.() ?? 0);
  await disarmPidFile(options);
  const socket = path.join(options.socketDirectory, `.s.PGSQL.${options.port}`);
  for (const file of [socket, `${socket}.lock`]) await rm(file, { force: true });
}

async function endOrphans(clusterName: string, uid: number): Promise<void> {
  for (const [name, limitMs] of [
    ['SIGQUIT', QUIT_LIMIT_MS],
    ['SIGKILL', KILL_LIMIT_MS],
  ] as const) {
    const orphans = findOrphans(clusterName, uid);
    if (orphans.length === 0) return;
    for (const pid of orphans) {
      try {
        process.kill(pid, name);
      } catch {
        // Gone meanwhile, which is what we want.
      }
    }
    await waitUntil(() => (findOrphans(clusterName, uid).length === 0 ? true : undefined), {
      limitMs,
    });
  }
}

async function disarmPidFile({ dataDirectory, owner }: StaleOptions): Promise<void> {
  const file = pidFile(dataDirectory);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return;
  }
  const lines = text.split('\n');
  lines[0] = String(IMPOSSIBLE_PID);
  await writeFileAtomic(file, lines.join('\n'), { owner });
}
