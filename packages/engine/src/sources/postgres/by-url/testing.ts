// Throwaway servers for tests of databases by URL: Debian's Postgres, its data in a temporary directory, passwords asked for,
// nothing synced to disk. Works as root (the server then runs as an ordinary user) and without.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after } from 'node:test';
import {
  newSnapshotId,
  newUuid,
  silent,
  systemClock,
  type Json,
  type SnapshotId,
} from '@stillpoint/core';
import { clientConfig, parseAddress } from '@stillpoint/postgres';
import { Client, escapeIdentifier } from 'pg';
import type { Captured, PrepareOptions, SourceDriver } from '../../contract.ts';
import { createMemoryObjects, type MemoryObjects } from '../../testkit/memory-objects.ts';
import { chooseFreePort } from '../cluster/port.ts';
import { findUser } from '../cluster/system-user.ts';
import { runDirectory } from '../cluster/testing/run-directory.ts';
import { createPostgresByUrlDriver } from './driver.ts';
import type { PostgresByUrlOptions } from './options.ts';

const BINARIES = '/usr/lib/postgresql';
const ADMINISTRATOR = 'admin';
/** Owns the databases of the tests, and may create others. */
export const OWNER = 'shop';
export const PASSWORD = 'p4ss \'w"ord%';
export const never = new AbortController().signal;

/** The newest that Debian's packages have here; undefined: none, and the tests are skipped. */
export async function findServerPrograms(): Promise<string | undefined> {
  const versions = await readdir(BINARIES).catch(() => []);
  const [newest] = versions.map(Number).toSorted((a, b) => b - a);
  const directory = path.join(BINARIES, String(newest), 'bin');
  return newest !== undefined && existsSync(path.join(directory, 'postgres'))
    ? directory
    : undefined;
}

export interface TestServer extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  /** Of its Unix-domain socket. */
  readonly socketDirectory: string;
  /** For what must lie beside the server's data and be readable by its user. */
  readonly directory: string;
  url(database: string, user?: string, password?: string): string;
  /** As superuser; ended with the server. */
  admin(database?: string): Promise<Client>;
  /** Belongs to OWNER. */
  createDatabase(name: string): Promise<void>;
}

type User = ReturnType<typeof findUser>;

async function makeOwn(directory: string, user: User): Promise<void> {
  await mkdir(directory, { mode: 0o700 });
  if (user !== undefined) await chown(directory, user.uid, user.gid);
}

/** A copy of the one that the first server of the run had: initdb costs three times as much. */
async function makeData(programs: string, data: string, user: User): Promise<void> {
  const run = runDirectory();
  if (run === undefined) return initialise(programs, data, user);
  const made = path.join(run, `cluster${programs.replaceAll('/', '-')}`);
  if (!existsSync(made)) {
    const own = `${made}-${newUuid()}`;
    await makeOwn(own, user);
    await initialise(programs, path.join(own, 'data'), user);
    // Another file's may be there by now.
    await rename(own, made).catch(() => rm(own, { recursive: true }));
  }
  await ended(spawn('cp', ['-a', '--reflink=auto', path.join(made, 'data'), data]), 'cp');
}

async function initialise(programs: string, data: string, user: User): Promise<void> {
  const passwordFile = `${data}-password`;
  await writeFile(passwordFile, `${PASSWORD}\n`, { mode: 0o600 });
  if (user !== undefined) await chown(passwordFile, user.uid, user.gid);
  const access = '-A scram-sha-256 -E UTF8 --locale=C.UTF-8 --no-sync'.split(' ');
  const args = ['-D', data, '-U', ADMINISTRATOR, `--pwfile=${passwordFile}`, ...access];
  const options = { ...user, cwd: path.dirname(data), stdio: 'ignore' } as const;
  await ended(spawn(path.join(programs, 'initdb'), args, options), 'initdb');
}

async function ended(child: ChildProcess, name: string): Promise<void> {
  const [status] = (await once(child, 'close')) as [number];
  if (status !== 0) throw new Error(`${name} failed`);
}

export async function startTestServer(programs: string): Promise<TestServer> {
  const user = process.getuid?.() === 0 ? (findUser('postgres') ?? findUser('nobody')) : undefined;
  const directory = await mkdtemp(path.join(os.tmpdir(), 'stillpoint-url-'));
  await chmod(directory, 0o711);
  const own = path.join(directory, 'server');
  await makeOwn(own, user);
  const data = path.join(own, 'data');
  await makeData(programs, data, user);
  const port = await chooseFreePort(newUuid());
  const start = (name: string, args: readonly string[]) =>
    spawn(path.join(programs, name), args, { ...user, cwd: own, stdio: 'ignore' });
  const settings =
    `fsync=off shared_buffers=32MB max_connections=60 autovacuum_naptime=1h wal_level=logical
    listen_addresses=127.0.0.1 unix_socket_directories=${own}`.split(/\s+/);
  const settingArguments = settings.flatMap((setting) => ['-c', setting]);
  const server = start('postgres', ['-D', data, '-p', String(port), ...settingArguments]);
  const clients: Client[] = [];
  const url = (database: string, name = OWNER, password = PASSWORD): string => {
    const login = `${encodeURIComponent(name)}:${encodeURIComponent(password)}`;
    return `postgresql://${login}@127.0.0.1:${port}/${encodeURIComponent(database)}`;
  };
  const connect = async (database: string): Promise<Client> => {
    const client = new Client({
      host: '127.0.0.1',
      port,
      user: ADMINISTRATOR,
      password: PASSWORD,
      database,
    });
    client.on('error', () => {});
    await client.connect();
    clients.push(client);
    return client;
  };
  const close = async (): Promise<void> => {
    await Promise.all(clients.map((client) => client.end().catch(() => {})));
    if (server.exitCode === null && server.signalCode === null) {
      server.kill('SIGINT');
      await once(server, 'close');
    }
    await rm(directory, { recursive: true, force: true });
  };
  try {
    const admin = await whenUp(() => connect('postgres'));
    await admin.query(
      `CREATE ROLE ${OWNER} LOGIN CREATEDB PASSWORD '${PASSWORD.replaceAll("'", "''")}'`,
    );
  } catch (error) {
    await close();
    throw error;
  }
  return {
    host: '127.0.0.1',
    port,
    socketDirectory: own,
    directory,
    url,
    admin: (database = 'postgres') => connect(database),
    async createDatabase(name) {
      await clients[0]!.query(`CREATE DATABASE ${escapeIdentifier(name)} OWNER ${OWNER}`);
    },
    [Symbol.asyncDispose]: close,
  };
}

/** Tries until the server lets somebody in. */
async function whenUp<T>(connect: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + 60_000;
  for (;;) {
    try {
      return await connect();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

/** Runs statements on an address, as an application does. */
export async function withUrl<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client(clientConfig(parseAddress(url), 'application'));
  client.on('error', () => {});
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => {});
  }
}

export function driverOptions(
  server: Pick<TestServer, 'directory'>,
  url: string,
  more: Partial<PostgresByUrlOptions> = {},
): PostgresByUrlOptions {
  return {
    name: 'db',
    project: 'project-one',
    address: async () => ({ url }),
    searchPath: '',
    cacheDirectory: path.join(server.directory, 'cache', newUuid()),
    clock: systemClock,
    ...more,
  };
}

export interface Taken {
  readonly id: SnapshotId;
  readonly captured: Captured;
}

/** A driver with a vault in memory: what the engine does, in small. */
export interface UrlLife {
  readonly driver: SourceDriver;
  readonly objects: MemoryObjects;
  readonly said: string[];
  capture(hooks?: {
    beforeMark?: () => Promise<void>;
    afterMark?: () => Promise<void>;
    onPhase?: (phase: string) => void;
    signal?: AbortSignal;
  }): Promise<Taken>;
  prepare(taken: Taken): Promise<Json>;
  prepareOptions(snapshot: SnapshotId): PrepareOptions;
  /** The whole restore; resolves to the undo snapshot and what was proved. */
  restore(taken: Taken): Promise<{ readonly undo: Taken; readonly checks: readonly string[] }>;
}

export function beginUrlLife(
  server: Pick<TestServer, 'directory'>,
  options: PostgresByUrlOptions,
  objects = createMemoryObjects(),
): UrlLife {
  const driver = createPostgresByUrlDriver(options);
  const said: string[] = [];
  const life: UrlLife = {
    driver,
    objects,
    said,
    async capture({ beforeMark, afterMark, onPhase, signal = never } = {}) {
      const id = newSnapshotId();
      await using session = await driver.begin({
        snapshot: id,
        history: (async function* () {})(),
        sink: objects,
        source: objects,
        signal,
        progress: (event) => {
          if (event.type === 'note:said') said.push(event.text);
          if (event.type === 'phase:started') onPhase?.(event.phase);
        },
      });
      await beforeMark?.();
      await session.mark(never);
      await afterMark?.();
      return { id, captured: await session.capture() };
    },
    prepareOptions: (snapshot) => ({
      snapshot,
      source: objects,
      workDirectory: path.join(server.directory, 'work', newUuid()),
      signal: never,
      progress: silent,
    }),
    prepare: ({ id, captured }) => driver.prepare(captured.record, life.prepareOptions(id)),
    async restore(taken) {
      const there = await life.prepare(taken);
      const { checks } = await driver.prove(there, never);
      const undo = await life.capture();
      const back = await driver.placementOfUndo(undo.captured.record, life.prepareOptions(undo.id));
      await driver.close({ verifyHeld: async () => {}, undo: undo.id });
      await driver.switch(there, { undo: undo.id, progress: silent });
      await driver.open();
      await driver.finish(there, back);
      return { undo, checks };
    },
  };
  return life;
}

export interface ServerOfTests {
  /** Where the server's programs are; undefined: none is installed, and `skip` says so. */
  readonly programs: string | undefined;
  readonly server: TestServer;
  readonly skip: string | false;
}

/** One server for all tests of a file; it ends with them. */
export async function openServerOfTests(): Promise<ServerOfTests> {
  const programs = await findServerPrograms();
  if (programs === undefined) {
    return { programs, server: undefined!, skip: 'no PostgreSQL server is installed' };
  }
  const server = await startTestServer(programs);
  after(() => server[Symbol.asyncDispose]());
  return { programs, server, skip: false };
}
