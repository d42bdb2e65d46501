// One process writes a run. The lock is a Unix socket in the directory of the run that somebody listens on: the kernel answers whether
// its process lives, on this machine and across containers, however it ended, and without any clock.
//
// Why two can never hold it: each shows its socket under a name of its own, already listening, and looks for others only then. Of two
// that come at once the one that shows itself last sees the other and gives way; at worst both do, and try again. A socket under such
// a name that nobody listens on is dead for certain, since it was shown after it listened: anybody may remove it.
import { randomBytes, randomInt } from 'node:crypto';
import { once } from 'node:events';
import { readdir, rename, unlink } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { withShortPath } from './short-path.ts';

export interface RunLock {
  [Symbol.asyncDispose](): Promise<void>;
}

const PREFIX = '.lock-';
/** Not shown yet. */
const HIDDEN = '.tmp';
const ATTEMPTS = 5;
const PAUSE_MS = 40;

/** Undefined where another process, or this one, has it. */
export async function takeRunLock(runDirectory: string): Promise<RunLock | undefined> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const shown = await show(runDirectory);
    if (shown !== undefined) {
      if (!(await othersListen(runDirectory, shown.name))) return lockOf(shown);
      await shown.end();
    }
    // Where two gave way to each other, one comes first next time.
    await setTimeout(randomInt(PAUSE_MS));
  }
  return undefined;
}

/** Whether some process has it at this moment. */
export async function isRunLocked(runDirectory: string): Promise<boolean> {
  return await othersListen(runDirectory, undefined);
}

interface Shown {
  readonly name: string;
  readonly end: () => Promise<void>;
}

function lockOf({ end }: Shown): RunLock {
  return { [Symbol.asyncDispose]: end };
}

/** Undefined where a holder has cleared it away before it could be shown. */
async function show(runDirectory: string): Promise<Shown | undefined> {
  const name = `${PREFIX}${randomBytes(6).toString('hex')}`;
  const server = net.createServer((socket) => socket.destroy());
  await withShortPath(runDirectory, async (short) => {
    server.listen({ path: path.join(short, `${name}${HIDDEN}`), exclusive: true });
    await once(server, 'listening');
  });
  // It keeps no process alive.
  server.unref();
  const at = path.join(runDirectory, name);
  const close = async (): Promise<void> => {
    server.close();
    await once(server, 'close');
  };
  try {
    await rename(`${at}${HIDDEN}`, at);
  } catch (error) {
    await close();
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  return {
    name,
    // First the name, so that nobody sees one that is dead.
    end: async () => {
      await unlink(at).catch(ignoreMissing);
      await close();
    },
  };
}

async function othersListen(runDirectory: string, own: string | undefined): Promise<boolean> {
  const names = await readdir(runDirectory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  for (const name of names) {
    if (!name.startsWith(PREFIX) || name.endsWith(HIDDEN) || name === own) continue;
    if (await isListening(runDirectory, name)) return true;
    if (own !== undefined) await unlink(path.join(runDirectory, name)).catch(ignoreMissing);
  }
  return false;
}

/** Where it is not certain that nobody does, somebody does. */
async function isListening(runDirectory: string, name: string): Promise<boolean> {
  return await withShortPath(runDirectory, async (short) => {
    const socket = net.connect({ path: path.join(short, name) });
    try {
      await once(socket, 'connect');
      return true;
    } catch (error) {
      return !['ECONNREFUSED', 'ENOENT'].includes((error as NodeJS.ErrnoException).code ?? '');
    } finally {
      socket.destroy();
    }
  });
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}
