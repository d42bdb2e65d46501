// A postmaster that only we can reach, for recovery and proof: no TCP, its socket in a directory of mode 0700.
// It is our child and dies with us as far as a process can see to that; one that a killed process left behind
// is stopped before its incarnation is used or dropped.
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { failure, removeFileDurable, writeFileAtomic } from '@stillpoint/core';
import { connectTo, type Endpoint } from './connection.ts';
import type { ConnectOptions, PrivateServer, PrivateStartOptions } from './contract.ts';
import { openLog, tailOf } from './log-file.ts';
import { findPostmaster, stopPostmaster } from './postmaster.ts';
import {
  clusterNameOf,
  serverArguments,
  serverProcess,
  type ServerDoor,
} from './server-command.ts';
import { privateHbaRules } from './server-config.ts';
import { clearStale } from './stale-files.ts';
import type { Owner } from './system-user.ts';
import { waitUntil } from './wait-until.ts';

export interface PrivatePlace {
  readonly program: string;
  readonly incarnation: string;
  readonly dataDirectory: string;
  readonly socketDirectory: string;
  readonly log: string;
  readonly owner: Owner | undefined;
}

const PORT = 5432;

export async function startPrivateServer(
  place: PrivatePlace,
  options: PrivateStartOptions,
): Promise<PrivateServer> {
  options.signal.throwIfAborted();
  const { dataDirectory, socketDirectory, incarnation, owner } = place;
  const door: ServerDoor = {
    dataDirectory,
    incarnation,
    socketDirectory,
    port: PORT,
    listens: false,
  };
  await clearStale({ ...door, clusterName: clusterNameOf(incarnation), owner });
  await removeFileDurable(place.log);
  const rules = path.join(path.dirname(dataDirectory), 'private_hba.conf');
  await writeFileAtomic(rules, privateHbaRules, { owner });
  const child = spawnServer(place, serverArguments(door, { ...options.settings, hba_file: rules }));
  const endpoint: Endpoint = { socketDirectory, port: PORT, password: '', listens: false };
  const stop = async (): Promise<void> => {
    if (child.pid !== undefined) await stopPostmaster(child.pid, dataDirectory);
    await exitOf(child);
    await rm(socketDirectory, { recursive: true, force: true });
  };
  try {
    await waitUntilOpen(place, child, endpoint, options);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    connect: (wanted: ConnectOptions) => connectTo(endpoint, wanted),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

function spawnServer(place: PrivatePlace, args: readonly string[]): ChildProcess {
  const log = openLog(place.log);
  // Its own session: on Ctrl-C we end it ourselves, in order.
  const child = spawn(place.program, args, {
    ...serverProcess(place.owner),
    detached: true,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  child.on('error', () => {});
  const endWithUs = (): void => void child.kill('SIGINT');
  process.once('exit', endWithUs);
  child.once('exit', () => process.off('exit', endWithUs));
  return child;
}

async function waitUntilOpen(
  place: PrivatePlace,
  child: ChildProcess,
  endpoint: Endpoint,
  options: PrivateStartOptions,
): Promise<void> {
  const limitMs = options.timeoutMs ?? Number.POSITIVE_INFINITY;
  const fail = (reason: string, cause?: unknown): Error =>
    failure(
      'POSTGRES_RECOVERY_FAILED',
      { reason: `${reason}; its last words:\n${tailOf(place.log)}\n`, log: place.log },
      cause,
    );
  const open = await waitUntil(
    async () => {
      if (hasEnded(child))
        throw fail(`it ended with ${child.signalCode ?? `status ${child.exitCode}`}`);
      const state = findPostmaster(place.dataDirectory)?.state;
      if (state !== 'ready' && state !== 'standby') return undefined;
      return tryConnect(endpoint, options.signal);
    },
    { limitMs, signal: options.signal },
  );
  if (open === undefined) throw fail(`it was not open after ${limitMs / 1000} seconds`);
}

/** `ready` in the pid file is a promise of the server; a session that opens is the proof. */
export async function tryConnect(
  endpoint: Endpoint,
  signal: AbortSignal,
): Promise<true | undefined> {
  try {
    const client = await connectTo(endpoint, { applicationName: 'stillpoint start', signal });
    await client.end();
    return true;
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
}

function exitOf(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (hasEnded(child)) resolve();
    else child.once('exit', () => resolve());
  });
}
