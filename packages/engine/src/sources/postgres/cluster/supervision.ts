// Starts and ends the supervisor, from the side of the commands. Callers hold the cluster's lock.
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync } from 'node:fs';
import { getCompileCacheDir } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { failure, isAlive } from '@stillpoint/core';
import { openLog } from './log-file.ts';
import { findPostmaster, stopLimits, stopPostmaster } from './postmaster.ts';
import { readState, writeOrders, type Orders } from './supervision-files.ts';
import { waitUntil } from './wait-until.ts';

const program = fileURLToPath(
  new URL(`./supervisor${path.extname(import.meta.url)}`, import.meta.url),
);

/** Flags of this process that another one needs to load the same code; not those that debug or test it. */
function flagsToPassOn(): readonly string[] {
  const all = process.execArgv;
  return all.flatMap((flag, at) => {
    if (flag === '--conditions' || flag === '-C') return [flag, all[at + 1] ?? ''];
    return /^--(conditions=|no-warnings|disable-warning=)/.test(flag) ? [flag] : [];
  });
}

/** What Node keeps of our sources, so that it need not read them anew; nothing else of ours. */
function environment(): NodeJS.ProcessEnv {
  const cache = getCompileCacheDir();
  const kept = cache === undefined ? {} : { NODE_COMPILE_CACHE: path.dirname(cache) };
  return { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C.UTF-8', ...kept };
}

/** The supervisor outlives us: it holds none of our streams and is not waited for. */
export async function startSupervisor(root: string, orders: Orders): Promise<ChildProcess> {
  await writeOrders(root, orders);
  const log = openLog(orders.supervisorLog);
  const child = spawn(process.execPath, [...flagsToPassOn(), program, root], {
    cwd: '/',
    env: environment(),
    detached: true,
    stdio: ['ignore', log, log],
  });
  // The one who waits for the start asks exitCode; without a listener a failed spawn would end this process.
  child.on('error', () => {});
  child.unref();
  closeSync(log);
  return child;
}

/** Ends the supervisor and the postmaster of this data directory, whoever of them is left. */
export async function stopSupervised(root: string, dataDirectory: string): Promise<void> {
  const supervisor = readState(root)?.supervisor;
  if (supervisor !== undefined) {
    signal(supervisor.pid, 'SIGTERM');
    signal(supervisor.pid, 'SIGCONT');
    const limitMs = stopLimits.fastMs + 2 * stopLimits.immediateMs + 5_000;
    const ended = await waitUntil(() => (isAlive(supervisor) ? undefined : true), { limitMs });
    // It hangs or is stopped itself. The postmaster is ended below.
    if (ended === undefined) signal(supervisor.pid, 'SIGKILL');
    const killed = await waitUntil(() => (isAlive(supervisor) ? undefined : true), {
      limitMs: 5_000,
    });
    if (killed === undefined) throw failure('POSTGRES_STOP_FAILED', { pid: supervisor.pid });
  }
  const left = findPostmaster(dataDirectory);
  if (left !== undefined) await stopPostmaster(left.pid, dataDirectory);
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
