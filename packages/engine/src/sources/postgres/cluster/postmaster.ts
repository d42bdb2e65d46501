// Which process, if any, serves a data directory, and how it is ended.
//
// postmaster.pid alone does not say: it stays behind after a crash, and pids are used again, in a container
// almost surely. A process counts as our postmaster only when its command line is `postgres -D <this data
// directory>`, which is readable even where a process's working directory is not, does not depend on clocks,
// and which the server's other processes do not show (they rewrite theirs).
import { execFileSync, type StdioOptions } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { failure } from '@stillpoint/core';
import { waitUntil } from './wait-until.ts';

/** What a pid file says. */
export interface PidFile {
  readonly pid: number;
  readonly port: number;
  readonly socketDirectory: string;
  readonly state: 'starting' | 'stopping' | 'ready' | 'standby';
}

export interface Postmaster extends PidFile {
  /** Open to everybody on the loopback address; a private server is not. */
  readonly listens: boolean;
}

export interface StopLimits {
  /** How long sessions have to end after the fast shutdown request. */
  readonly fastMs: number;
  /** How long the immediate shutdown may take before the process is killed. */
  readonly immediateMs: number;
}

export const stopLimits: StopLimits = { fastMs: 60_000, immediateMs: 10_000 };

/** The living postmaster of this data directory; undefined: there is none. */
export function findPostmaster(dataDirectory: string): Postmaster | undefined {
  const found = readPidFile(dataDirectory);
  if (found === undefined || !isPostmaster(found.pid, dataDirectory)) return undefined;
  return { ...found, listens: commandLine(found.pid).includes('listen_addresses=127.0.0.1') };
}

/** What postmaster.pid says, whether that process lives or not. */
function readPidFile(dataDirectory: string): PidFile | undefined {
  let text: string;
  try {
    text = readFileSync(pidFile(dataDirectory), 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
  const lines = text.split('\n').map((line) => line.trim());
  const pid = Number(lines[0]);
  if (!Number.isInteger(pid) || pid <= 1) return undefined;
  const word = lines[7];
  const state = word === 'ready' || word === 'standby' || word === 'stopping' ? word : 'starting';
  return { pid, port: Number(lines[3] ?? 0), socketDirectory: lines[4] ?? '', state };
}

export function pidFile(dataDirectory: string): string {
  return path.join(dataDirectory, 'postmaster.pid');
}

export function isPostmaster(pid: number, dataDirectory: string): boolean {
  const [program = '', ...args] = commandLine(pid);
  return path.basename(program) === 'postgres' && args[args.indexOf('-D') + 1] === dataDirectory;
}

/** Fast shutdown, then immediate, then kill. Resolves when the process is gone. */
export async function stopPostmaster(
  pid: number,
  dataDirectory: string,
  limits: StopLimits = stopLimits,
): Promise<void> {
  const steps = [
    ['SIGINT', limits.fastMs],
    ['SIGQUIT', limits.immediateMs],
    ['SIGKILL', limits.immediateMs],
  ] as const;
  for (const [name, limitMs] of steps) {
    if (!signalPostmaster(pid, dataDirectory, name)) return;
    if (await isGone(pid, dataDirectory, limitMs)) return;
  }
  throw failure('POSTGRES_STOP_FAILED', { pid });
}

/** False: the process is already gone. */
export function signalPostmaster(
  pid: number,
  dataDirectory: string,
  name: NodeJS.Signals,
): boolean {
  if (!isPostmaster(pid, dataDirectory)) return false;
  try {
    process.kill(pid, name);
    // One that was suspended could not heed it.
    return process.kill(pid, 'SIGCONT');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

async function isGone(pid: number, dataDirectory: string, limitMs: number): Promise<boolean> {
  const gone = await waitUntil(() => (isPostmaster(pid, dataDirectory) ? undefined : true), {
    limitMs,
  });
  return gone === true;
}

/**
 * The server's other processes, recognised by the cluster name in their titles. When a postmaster is killed they
 * notice at their next wait only; a busy one computes on and keeps the next postmaster from starting.
 */
export function findOrphans(clusterName: string, uid: number): readonly number[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => commandLine(pid)[0]?.startsWith(`postgres: ${clusterName}: `) === true)
    .filter((pid) => statSync(`/proc/${pid}`, { throwIfNoEntry: false })?.uid === uid);
}

/** Empty for a process that is gone, a zombie or the kernel's. */
function commandLine(pid: number): readonly string[] {
  try {
    if (process.platform === 'linux')
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    const args = ['-ww', '-o', 'command=', '-p', String(pid)];
    const stdio: StdioOptions = ['ignore', 'pipe', 'ignore'];
    // Without separators: paths with spaces are not recognised here.
    return execFileSync('/bin/ps', args, { encoding: 'utf8', stdio }).trim().split(' ');
  } catch {
    return [];
  }
}
