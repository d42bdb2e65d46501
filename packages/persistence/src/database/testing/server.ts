// A throwaway server: a copy of the template in a directory of its own, reached by a Unix socket, nothing synced to disk. It runs as
// an ordinary user also for root. A watcher outside of the test's process ends it and removes everything when that process is gone,
// however it went.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { chown, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { newUuid } from '@stillpoint/core';
import { Client } from 'pg';
import { identifier } from '../identifier.ts';
import {
  ADMINISTRATOR,
  OWNER,
  PASSWORD,
  preparePrograms,
  serverUser,
  type ServerKind,
} from './programs.ts';
import { until } from './until.ts';

const PORT = 5432;
const START_LIMIT_MS = 60_000;

export interface TestServer extends AsyncDisposable {
  readonly kind: ServerKind;
  /** Of the Unix socket. */
  readonly directory: string;
  /** Resolves to the address of a fresh database, owned by an ordinary role that may make roles. */
  createDatabase(): Promise<string>;
  /** The address of a database for another role; that of the administrator unless told. */
  url(database: string, role?: string, password?: string): string;
  /** Statements of the administrator, in database "postgres" unless told. */
  admin(text: string, database?: string): Promise<readonly Record<string, unknown>[]>;
  /** As a power cut does to processes: SIGKILL to the server. What was committed is there after start(). */
  kill(): Promise<void>;
  start(): Promise<void>;
}

export interface StartOptions {
  /** More settings: { fsync: 'on' }. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** Throws what whyNot() says when there are no such programs: ask that first, and skip. */
export async function startServer(
  kind: ServerKind,
  { settings = {} }: StartOptions = {},
): Promise<TestServer> {
  const programs = await preparePrograms(kind);
  const { port = String(PORT) } = settings;
  const user = serverUser();
  const directory = await mkdtemp(path.join(os.tmpdir(), 'stillpoint-pg-'));
  const data = path.join(directory, 'data');
  const watcher = watch(directory, data);
  let server: ChildProcess | undefined;
  const all = {
    fsync: 'off',
    shared_buffers: '32MB',
    max_connections: '100',
    wal_level: 'logical',
    autovacuum_naptime: '1h',
    listen_addresses: '',
    unix_socket_directories: directory,
    ...settings,
  };
  const start = async (): Promise<void> => {
    const args = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    server = await startProcess(path.join(programs.directory, 'postgres'), ['-D', data, ...args], {
      user,
      directory,
    });
  };
  const url = (database: string, role = ADMINISTRATOR, password = PASSWORD): string => {
    const login = `${encodeURIComponent(role)}:${encodeURIComponent(password)}`;
    const host = encodeURIComponent(directory);
    return `postgresql://${login}@localhost:${port}/${encodeURIComponent(database)}?host=${host}`;
  };
  const admin: TestServer['admin'] = async (text, database = 'postgres') => {
    const client = new Client({ connectionString: url(database) });
    client.on('error', () => {});
    await client.connect();
    try {
      const result: unknown = await client.query(text);
      const last: unknown = Array.isArray(result) ? result.at(-1) : result;
      return (last as { readonly rows: Record<string, unknown>[] }).rows;
    } finally {
      await client.end();
    }
  };
  const close = async (): Promise<void> => {
    if (server !== undefined) await endProcess(server, 'SIGQUIT');
    await rm(directory, { recursive: true, force: true });
    watcher.stdin?.end();
  };
  try {
    await run('cp', ['-R', programs.template, data]);
    await run('chmod', ['700', data]);
    if (user !== undefined) {
      await run('chown', ['-R', `${user.uid}:${user.gid}`, data]);
      await chown(directory, user.uid, user.gid);
    }
    await start();
  } catch (error) {
    await close();
    throw error;
  }
  return {
    kind,
    directory,
    url,
    admin,
    async createDatabase() {
      const name = `test_${newUuid().replaceAll('-', '').slice(-16)}`;
      await admin(`CREATE DATABASE ${identifier(name)} OWNER ${OWNER}`);
      return url(name, OWNER);
    },
    async kill() {
      const children = childrenOf(server?.pid);
      if (server !== undefined) await endProcess(server, 'SIGKILL');
      // A backend that is left alone may still answer one statement.
      for (const pid of children) killProcess(pid);
      await until(async () => !children.some(isAlive));
    },
    start,
    [Symbol.asyncDispose]: close,
  };
}

async function startProcess(
  program: string,
  args: readonly string[],
  { user, directory }: { readonly user: object | undefined; readonly directory: string },
): Promise<ChildProcess> {
  const deadline = performance.now() + START_LIMIT_MS;
  for (;;) {
    const child = spawn(program, args, {
      ...user,
      cwd: directory,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const log = await readyOrLog(child);
    if (log === undefined) {
      child.unref();
      return child;
    }
    // The processes of a killed server take a moment to notice.
    if (!/still in use|lock file/.test(log) || performance.now() > deadline)
      throw new Error(`the test server did not start: ${log}`);
  }
}

/** Resolves to undefined when it lets people in, and to what it said when it ended instead. */
async function readyOrLog(child: ChildProcess): Promise<string | undefined> {
  const { stderr } = child;
  if (stderr === null) throw new TypeError('its log is not piped');
  stderr.setEncoding('utf8');
  let log = '';
  const ready = new Promise<boolean>((resolve) => {
    stderr.on('data', (text: string) => {
      if (log.length < 100_000) log += text;
      if (log.includes('ready to accept connections')) resolve(true);
    });
    child.once('close', () => resolve(false));
  });
  const isReady = await ready;
  // It goes on being read, and keeps nobody alive.
  (stderr as unknown as { unref?: () => void }).unref?.();
  return isReady ? undefined : log;
}

async function endProcess(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, 'exit');
  child.ref();
  child.kill(signal);
  await closed;
}

/** Reads until our end of its input is closed, by us or by our death. */
function watch(directory: string, data: string): ChildProcess {
  const script = `read _; pid=$(head -n 1 "$2/postmaster.pid" 2>/dev/null)
    if [ -n "$pid" ] && [ -d "$1" ]; then
      kill -QUIT "$pid" 2>/dev/null
      while [ -e "$2/postmaster.pid" ] && kill -0 "$pid" 2>/dev/null; do sleep 0.05; done
    fi
    rm -rf "$1"`;
  const child = spawn('/bin/sh', ['-c', script, 'watcher', directory, data], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  child.unref();
  (child.stdin as unknown as { unref?: () => void }).unref?.();
  return child;
}

async function run(program: string, args: readonly string[]): Promise<void> {
  const child = spawn(program, args, { stdio: 'ignore' });
  const [status] = (await once(child, 'exit')) as [number | null];
  if (status !== 0) throw new Error(`${program} failed with ${status}`);
}

/** Where the system has no /proc, none are found: they end by themselves when they notice. */
function childrenOf(parent: number | undefined): readonly number[] {
  if (parent === undefined || !existsSync('/proc')) return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => statusOf(Number(pid), 'PPid') === String(parent))
    .map(Number);
}

function killProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It was gone.
  }
}

function isAlive(pid: number): boolean {
  const state = statusOf(pid, 'State');
  return state !== undefined && !state.startsWith('Z');
}

function statusOf(pid: number, field: string): string | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return new RegExp(`^${field}:\\s+(.*)$`, 'm').exec(status)?.[1];
  } catch {
    return undefined;
  }
}
