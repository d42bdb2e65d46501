// Starts a controlled process for a test, and asks it.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { askRun } from '../index.ts';
import type { ControlledArguments } from './controlled-process.ts';

export interface Place extends AsyncDisposable {
  readonly directory: string;
  readonly runDirectory: string;
  readonly socketDirectory: string;
  start(options?: Partial<ControlledArguments>): Promise<Controlled>;
}

export interface Controlled {
  readonly socket: string;
  readonly process: ChildProcess;
  ask(method: string, parameters?: object, timeoutMs?: number): Promise<unknown>;
  /** A connection that speaks for itself. */
  client(): Promise<Client>;
  /** What it says at its end. */
  ended(): Promise<unknown>;
  kill(): Promise<void>;
}

export interface Client {
  readonly socket: Socket;
  write(text: string): void;
  /** The next line that comes; undefined when the run has closed the connection. */
  line(): Promise<unknown>;
}

export async function makePlace(runName = 'run'): Promise<Place> {
  const directory = await realpath(await mkdtemp(path.join(tmpdir(), 'stillpoint-control-')));
  const runDirectory = path.join(directory, runName);
  const socketDirectory = path.join(directory, 's');
  await mkdir(runDirectory, { recursive: true });
  const started: Controlled[] = [];
  return {
    directory,
    runDirectory,
    socketDirectory,
    async start(options = {}) {
      const one = await startControlled({
        runDirectory,
        runId: 'test-run',
        socketDirectory,
        synchronous: false,
        ...options,
      });
      started.push(one);
      return one;
    },
    async [Symbol.asyncDispose]() {
      for (const one of started) await one.kill();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function startControlled(options: ControlledArguments): Promise<Controlled> {
  const program = fileURLToPath(new URL('controlled-process.ts', import.meta.url));
  const flags = ['--no-warnings', '--conditions=@stillpoint/source'];
  const child = spawn(process.execPath, [...flags, program, JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(child, 'exit');
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<unknown> => {
    const { value, done } = (await lines.next()) as { value: string; done?: boolean };
    if (done !== true) return JSON.parse(value);
    await exited;
    throw new Error(errors);
  };
  const { socket } = (await next()) as { socket: string };
  const clients: Client[] = [];
  return {
    socket,
    process: child,
    ask: (method, parameters = {}, timeoutMs = 20_000) =>
      askRun({ socket, runId: options.runId, method, parameters, timeoutMs }),
    async client() {
      const client = await openClient(socket);
      clients.push(client);
      return client;
    },
    async ended() {
      const said = await next();
      await exited;
      return said;
    },
    async kill() {
      for (const client of clients) client.socket.destroy();
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      await exited;
    },
  };
}

async function openClient(address: string): Promise<Client> {
  const socket = connect({ path: address, allowHalfOpen: true });
  socket.on('error', () => {});
  await once(socket, 'connect');
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
  return {
    socket,
    write: (text) => socket.write(text),
    async line() {
      const { value, done } = (await lines.next()) as { value: string; done?: boolean };
      return done === true ? undefined : JSON.parse(value);
    },
  };
}
