// Where the socket of a run lies, and how it is found. In the run's directory, which stays as long as the run does; in a short directory
// of this user where the path would be too long for an address. A socket that a dead process left is replaced, a living one never.
import { createHash } from 'node:crypto';
import { chmod, lstat, mkdir, readFile, rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import path from 'node:path';
import { once } from 'node:events';
import { canonicalJson, failure, makeDirectory, writeFileAtomic } from '@stillpoint/core';
import type { ControlFile, ControlOptions } from './contract.ts';

/** Addresses of sockets have 104 to 108 bytes, of which some systems use one themselves. */
const addressBytesMax = 100;

export const CONTROL_FILE = 'control.json';
/** In `socketDirectory`: for each run of this user that may be alive, where its directory is. */
export const RUNS_DIRECTORY = 'runs';

export interface SocketPlace {
  readonly server: Server;
  readonly socket: string;
  /** From here on the server's `connection` has all clients, also those that came before anybody could ask for them. */
  open(): void;
  remove(): Promise<void>;
}

export async function openSocket(options: ControlOptions): Promise<SocketPlace> {
  const { runDirectory, runId, socketDirectory } = options;
  const name = nameOf(runDirectory);
  const own = path.join(runDirectory, '.control', 'socket');
  const socket =
    Buffer.byteLength(own) <= addressBytesMax ? own : path.join(socketDirectory, `${name}.socket`);
  const file = path.join(runDirectory, CONTROL_FILE);
  const listed = path.join(socketDirectory, RUNS_DIRECTORY, `${name}.json`);
  if (socket !== own) await makePrivate(socketDirectory);
  await makePrivate(path.dirname(socket));
  if (await answers(socket)) throw failure('RUN_BUSY', { run: runId, directory: runDirectory });
  await rm(socket, { force: true });
  const early: Socket[] = [];
  const hold = (client: Socket): void => {
    client.on('error', () => {});
    early.push(client);
  };
  const server = await listen(socket, hold);
  const control: ControlFile = {
    format: 1,
    runId,
    pid: process.pid,
    // The directory may be moved while the run goes on.
    socket: socket === own ? path.relative(runDirectory, own) : socket,
  };
  try {
    await writeFileAtomic(file, `${canonicalJson(control)}\n`);
  } catch (error) {
    // Nobody would find it, and it would keep its thread alive, as who has connected would. Its name goes with it.
    server.close();
    for (const client of early) client.destroy();
    throw error;
  }
  // Only for lists of all runs: a run is controlled without it.
  await makePrivate(socketDirectory)
    .then(() => mkdir(path.dirname(listed), { recursive: true, mode: 0o700 }))
    .then(() => writeFileAtomic(listed, `${canonicalJson({ runId, directory: runDirectory })}\n`))
    .catch(() => {});
  return {
    server,
    socket,
    open() {
      server.off('connection', hold);
      for (const client of early) server.emit('connection', client);
    },
    async remove() {
      await rm(file, { force: true });
      await rm(listed, { force: true });
      await rm(socket, { force: true });
      if (socket === own) await rm(path.dirname(own), { recursive: true, force: true });
    },
  };
}

/** Whether a living process listens there. */
export async function answers(socket: string): Promise<boolean> {
  const client = connect(socket);
  try {
    await once(client, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    client.destroy();
  }
}

async function listen(socket: string, hold: (client: Socket) => void): Promise<Server> {
  // A client that has said all closes its half; its answers still come.
  const server = createServer({ allowHalfOpen: true }, hold);
  server.listen(socket);
  await once(server, 'listening');
  await chmod(socket, 0o600);
  return server;
}

/** Ours alone, whatever the umask is; in a directory for all (/tmp) somebody else may have made one of that name. */
async function makePrivate(directory: string): Promise<void> {
  await makeDirectory(directory);
  const found = await lstat(directory);
  if (!found.isDirectory() || found.uid !== process.getuid?.()) {
    const why = `${directory} is not a directory of this user`;
    throw failure('CTL_SOCKET_FAILED', { directory, why });
  }
  if ((found.mode & 0o077) !== 0) await chmod(directory, 0o700);
}

/** Short, the same for the same directory. */
function nameOf(directory: string): string {
  return createHash('sha256').update(directory).digest('hex').slice(0, 16);
}

/** Undefined: there is none, or none that can be read. */
export async function readControlFile(runDirectory: string): Promise<ControlFile | undefined> {
  try {
    const text = await readFile(path.join(runDirectory, CONTROL_FILE), 'utf8');
    const read = JSON.parse(text) as Partial<ControlFile>;
    const { format, runId, pid, socket } = read;
    if (format !== 1 || typeof runId !== 'string' || typeof socket !== 'string') return undefined;
    return { format, runId, pid: Number(pid), socket: path.resolve(runDirectory, socket) };
  } catch {
    return undefined;
  }
}
