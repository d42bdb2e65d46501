// A directory of a Postgres server that is stopped while it is backed up, and runs between two backups: the system's own Postgres,
// with pgbench's transactions on rows that compress about as well as real ones.
import { chmod, chown, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Client } from 'pg';
import { findPeerPrograms } from '../freeze/peer-cluster.ts';
import { fillTables, transactionText } from '../freeze/tables.ts';
import { run, type Place } from '../place.ts';

export interface Database extends AsyncDisposable {
  /** Runs so many transactions at random; the server is stopped again afterwards. */
  change(transactions: number): Promise<void>;
}

const settings = {
  listen_addresses: '',
  shared_buffers: '256MB',
  max_wal_size: '256MB',
  min_wal_size: '80MB',
  full_page_writes: 'on',
  // What is measured is what lies on the disk, and that is synced when it stops.
  synchronous_commit: 'off',
} as const;
/** The lock of a freeze that nobody takes here. */
const lockKey = 1n;

/** In `directory`, which is made. */
export async function createDatabase(
  place: Place,
  directory: string,
  rows: number,
): Promise<Database> {
  const programs = await findPeerPrograms();
  if (programs === undefined) {
    throw new Error('a Postgres of the system is needed: apt-get install postgresql');
  }
  const owner = await unprivileged();
  const sockets = path.join(place.directory, 'sockets');
  for (const made of [directory, sockets]) {
    await mkdir(made, { recursive: true });
    await chmod(made, 0o700);
    if (owner !== undefined) await chown(made, owner.uid, owner.gid);
  }
  const as = { cwd: sockets, ...owner };
  const initdb = ['-D', directory, '-U', 'postgres', '--auth=trust', '--encoding=UTF8'];
  await run(path.join(programs, 'initdb'), [...initdb, '--no-locale', '-k'], as);
  const lines = Object.entries(settings).map(([name, value]) => `${name} = '${value}'\n`);
  const configuration = [...lines, `unix_socket_directories = '${sockets}'\n`].join('');
  await writeFile(path.join(directory, 'postgresql.auto.conf'), configuration);

  const control = (args: readonly string[]): Promise<string> =>
    run(path.join(programs, 'pg_ctl'), ['-D', directory, '--wait', ...args], as);
  const whileRunning = async (work: (client: Client) => Promise<void>): Promise<void> => {
    await control(['start', '--log', path.join(sockets, 'log')]);
    try {
      const client = new Client({ host: sockets, user: 'postgres', database: 'postgres' });
      await client.connect();
      await work(client);
      await client.end();
    } finally {
      await control(['stop', '--mode=fast']);
    }
  };

  await whileRunning((client) => fillTables(client, rows, place.signal));
  return {
    change: (transactions) =>
      whileRunning(async (client) => {
        for (let done = 0; done < transactions; done++) {
          place.signal.throwIfAborted();
          await client.query(transactionText(rows, lockKey));
        }
      }),
    // It is only there while `whileRunning` waits.
    async [Symbol.asyncDispose]() {},
  };
}

/** No server runs as root. */
async function unprivileged(): Promise<{ uid: number; gid: number } | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const [uid, gid] = await Promise.all([
    run('id', ['-u', 'postgres']),
    run('id', ['-g', 'postgres']),
  ]);
  return { uid: Number(uid), gid: Number(gid) };
}
