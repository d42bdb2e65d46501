// The supervisor: a small detached process that keeps one postmaster running. It starts it, starts it again when
// it dies (with growing pauses, and gives up when it only dies), and ends it on SIGTERM. It ends itself when
// the postmaster was stopped on purpose: by a clean shutdown, or with the `closing` file in place.
// A postmaster that already serves the data directory (its supervisor was killed) is adopted: watched, not touched.
// usage: node supervisor.ts CLUSTER_ROOT
import { spawn } from 'node:child_process';
import { appendFileSync, closeSync, existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { ownIdentity } from '@stillpoint/core';
import { tryLock } from './exclusive-lock.ts';
import { openLog, rotateLog } from './log-file.ts';
import { findPostmaster, isPostmaster, pidFile, stopPostmaster } from './postmaster.ts';
import { clusterNameOf, serverArguments, serverProcess } from './server-command.ts';
import { clearStale } from './stale-files.ts';
import { filesOf, isClosing, readOrders, writeState, type Orders } from './supervision-files.ts';
import { waitUntil } from './wait-until.ts';

/** A life shorter than this counts as a quick death. */
const HEALTHY_LIFE_MS = 30_000;
/** So many in a row are the end: of a server that never came up, and of one that did. */
const TRIES_BEFORE_READY = 3;
const TRIES_AFTER_READY = 10;
const LONGEST_PAUSE_MS = 5_000;
const LOCK_LIMIT_MS = 10_000;
const WATCH_MS = 500;
const ROTATE_MS = 60_000;

interface Life {
  readonly pid: number;
  /** Resolves when the postmaster is gone. */
  readonly ended: Promise<{ readonly onPurpose: boolean; readonly text: string }>;
}

const [root] = process.argv.slice(2);
if (root === undefined) throw new TypeError('usage: supervisor CLUSTER_ROOT');
const stop = new AbortController();
for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, () => stop.abort());
process.on('SIGHUP', () => {});
await main(root);

async function main(root: string): Promise<void> {
  // The one before us may be on its way out.
  using held = await waitUntil(() => tryLock(filesOf(root).lock), { limitMs: LOCK_LIMIT_MS });
  if (held === undefined) return;
  const orders = readOrders(root);
  const rotation = setInterval(() => rotateLog(orders.serverLog), ROTATE_MS);
  try {
    await supervise(root, orders);
  } catch (error) {
    say(orders, `failed: ${error instanceof Error ? error.stack : String(error)}`);
    process.exitCode = 1;
  } finally {
    clearInterval(rotation);
  }
}

async function supervise(root: string, orders: Orders): Promise<void> {
  const { dataDirectory, incarnation } = orders.door;
  let quickDeaths = 0;
  let everReady = false;
  await writeState(root, { supervisor: ownIdentity(), incarnation, postmasterPid: null });
  while (!stop.signal.aborted && !isClosing(root)) {
    rotateLog(orders.serverLog);
    rotateLog(orders.supervisorLog);
    const bornAt = performance.now();
    const existing = findPostmaster(dataDirectory);
    const life = existing === undefined ? await begin(orders) : adopt(root, orders, existing.pid);
    await writeState(root, { supervisor: ownIdentity(), incarnation, postmasterPid: life.pid });
    const watch = setInterval(() => {
      everReady ||= findPostmaster(dataDirectory)?.state === 'ready';
    }, WATCH_MS);
    const end = await endOf(life, dataDirectory);
    clearInterval(watch);
    say(orders, `process ${life.pid} ended: ${end.text}`);
    if (end.onPurpose || stop.signal.aborted || isClosing(root)) return;
    await writeState(root, { supervisor: ownIdentity(), incarnation, postmasterPid: null });
    quickDeaths = performance.now() - bornAt < HEALTHY_LIFE_MS ? quickDeaths + 1 : 1;
    if (quickDeaths >= (everReady ? TRIES_AFTER_READY : TRIES_BEFORE_READY)) {
      say(orders, `given up after ${quickDeaths} deaths in a row`);
      process.exitCode = 1;
      return;
    }
    const pauseMs = Math.min(LONGEST_PAUSE_MS, 50 * 2 ** quickDeaths);
    await delay(pauseMs, undefined, { signal: stop.signal }).catch(() => {});
  }
}

/** Waits for the end of a life, and brings it about when we are told to stop. */
async function endOf(life: Life, dataDirectory: string): ReturnType<() => Life['ended']> {
  const told = new Promise<void>((resolve) => {
    if (stop.signal.aborted) resolve();
    stop.signal.addEventListener('abort', () => resolve(), { once: true });
  });
  const first = await Promise.race([life.ended, told]);
  if (first !== undefined) return first;
  await stopPostmaster(life.pid, dataDirectory);
  return life.ended;
}

async function begin(orders: Orders): Promise<Life> {
  const owner = orders.owner ?? undefined;
  const clusterName = clusterNameOf(orders.door.incarnation);
  await clearStale({ ...orders.door, clusterName, owner });
  const log = openLog(orders.serverLog);
  const { promise: ended, resolve } = Promise.withResolvers<Awaited<Life['ended']>>();
  // Its own session: a terminal's Ctrl-C is for commands, not for the database.
  const child = spawn(orders.program, serverArguments(orders.door), {
    ...serverProcess(owner),
    detached: true,
    stdio: ['ignore', log, log],
  });
  child.once('error', (error) => resolve({ onPurpose: false, text: error.message }));
  child.once('exit', (code, signal) => {
    resolve({ onPurpose: code === 0, text: signal ?? `exit status ${code}` });
  });
  closeSync(log);
  say(orders, `started process ${child.pid ?? 'none'} on ${orders.door.dataDirectory}`);
  return { pid: child.pid ?? 0, ended };
}

function adopt(root: string, orders: Orders, pid: number): Life {
  const { dataDirectory } = orders.door;
  say(orders, `adopted process ${pid} on ${dataDirectory}`);
  const gone = waitUntil(() => (isPostmaster(pid, dataDirectory) ? undefined : true), {
    limitMs: Number.POSITIVE_INFINITY,
  });
  // We do not see its exit status, but only a shutdown removes the pid file.
  const ended = gone.then(() => ({
    onPurpose: !existsSync(pidFile(dataDirectory)) || isClosing(root),
    text: 'seen to be gone',
  }));
  return { pid, ended };
}

function say(orders: Orders, text: string): void {
  appendFileSync(orders.supervisorLog, `${new Date().toISOString()} [${process.pid}] ${text}\n`, {
    mode: 0o600,
  });
}
