// The server that other people's tools are measured on: Debian's own Postgres, because its pg_basebackup and pg_dump refuse a
// newer server than themselves. Same rows, same settings where they matter, a socket in a private directory and no port. As
// root it runs as `postgres` (or `nobody`), else as the user who runs the benchmark.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { access, chown, mkdir, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Client, type ClientConfig } from 'pg';
import { run, type Place } from '../place.ts';

export interface PeerCluster extends AsyncDisposable {
  /** Directory of pg_basebackup and pg_dump. */
  readonly programs: string;
  readonly version: string;
  readonly connection: ClientConfig & { readonly host: string; readonly user: string };
  readonly dataDirectory: string;
  connect(): Promise<Client>;
}

interface Identity {
  readonly uid: number;
  readonly gid: number;
}

const START_LIMIT_MS = 60_000;
const settings = {
  listen_addresses: '',
  shared_buffers: '128MB',
  max_wal_size: '1GB',
  wal_level: 'replica',
  max_wal_senders: '8',
  fsync: 'on',
  full_page_writes: 'on',
} as const;

/** undefined where no Postgres with pg_basebackup is installed. */
export async function findPeerPrograms(): Promise<string | undefined> {
  const root = '/usr/lib/postgresql';
  const versions = (await readdir(root).catch(() => [])).map(Number).filter((one) => one >= 15);
  for (const version of versions.toSorted((a, b) => b - a)) {
    const directory = path.join(root, String(version), 'bin');
    const needed = ['initdb', 'postgres', 'pg_basebackup', 'pg_dump'];
    const found = await Promise.all(needed.map((name) => exists(path.join(directory, name))));
    if (found.every(Boolean)) return directory;
  }
  return undefined;
}

export async function startPeerCluster(place: Place, programs: string): Promise<PeerCluster> {
  const directory = path.join(place.directory, 'peer');
  const dataDirectory = path.join(directory, 'data');
  const identity = process.getuid?.() === 0 ? await unprivileged() : undefined;
  await mkdir(directory, { mode: 0o700 });
  if (identity !== undefined) await chown(directory, identity.uid, identity.gid);
  const owner = { cwd: directory, ...identity };
  const initdb = ['-D', dataDirectory, '-U', 'postgres', '--auth=trust', '--encoding=UTF8'];
  await run(path.join(programs, 'initdb'), [...initdb, '--no-locale', '-k'], owner);
  const lines = Object.entries(settings).map(([name, value]) => `${name} = '${value}'\n`);
  const configuration = [...lines, `unix_socket_directories = '${directory}'\n`].join('');
  await writeFile(path.join(dataDirectory, 'postgresql.auto.conf'), configuration);
  const postgres = spawn(path.join(programs, 'postgres'), ['-D', dataDirectory], {
    ...owner,
    stdio: ['ignore', 'ignore', 'ignore'],
  });
  await using cleanup = new AsyncDisposableStack();
  cleanup.defer(() => stop(postgres));
  const connection = { host: directory, port: 5432, user: 'postgres', database: 'postgres' };
  const version = await waitUntilItAnswers(connection, postgres, place.signal);
  const resources = cleanup.move();
  return {
    programs,
    version,
    connection,
    dataDirectory,
    connect: () => connectTo(connection),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

async function connectTo(connection: ClientConfig): Promise<Client> {
  const client = new Client(connection);
  client.on('error', () => {});
  await client.connect();
  return client;
}

async function waitUntilItAnswers(
  connection: ClientConfig,
  postgres: ChildProcess,
  signal: AbortSignal,
): Promise<string> {
  const endsMs = performance.now() + START_LIMIT_MS;
  for (;;) {
    try {
      const client = await connectTo(connection);
      const { rows } = await client.query<{ server_version: string }>('SHOW server_version');
      await client.end();
      return rows[0]!.server_version;
    } catch (error) {
      if (postgres.exitCode !== null || performance.now() > endsMs) throw error;
      await wait(50, undefined, { signal });
    }
  }
}

async function stop(postgres: ChildProcess): Promise<void> {
  if (postgres.exitCode !== null || postgres.signalCode !== null) return;
  const exited = once(postgres, 'exit');
  // Immediate: nothing of it is kept.
  postgres.kill('SIGQUIT');
  await exited;
}

async function unprivileged(): Promise<Identity> {
  for (const name of ['postgres', 'nobody']) {
    try {
      const [uid, gid] = await Promise.all([run('id', ['-u', name]), run('id', ['-g', name])]);
      return { uid: Number(uid), gid: Number(gid) };
    } catch {
      // There is no such user: the next one.
    }
  }
  throw new Error('as root the peer needs a user "postgres" or "nobody" to run as');
}

function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
