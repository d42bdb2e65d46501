// A benchmark project: members, a managed Postgres with a database of a given size, a writing client. Snapshots are taken
// through the library in this process, and through the command where that is asked.
import type { SnapshotSummary, Stillpoint } from '@stillpoint/engine';
import { Client } from 'pg';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { openStillpoint } from '../open-stillpoint.ts';
import { run, type Place } from '../place.ts';
import { createMembers, MEMBERS } from './members.ts';
import type { DatabaseSize } from './sizes.ts';
import { fillTables } from './tables.ts';
import { startWriter, type Writer } from './writer.ts';

export interface BenchProject extends AsyncDisposable {
  readonly label: string;
  readonly directory: string;
  readonly rows: number;
  readonly lockKey: bigint;
  readonly url: string;
  readonly stillpoint: Stillpoint;
  readonly writer: Writer;
  /** One snapshot by the command, in a process of its own. */
  snapshotByCommand(): Promise<SnapshotSummary>;
}

export interface ProjectOptions {
  readonly size: DatabaseSize;
  readonly filesPerMember: number;
}

const command = fileURLToPath(new URL('../../node_modules/.bin/stillpoint', import.meta.url));

export async function createProject(
  place: Place,
  { size, filesPerMember }: ProjectOptions,
): Promise<BenchProject> {
  const { signal, say } = place;
  const directory = path.join(place.directory, size.label);
  await mkdir(directory, { recursive: true });
  say(`${size.label}: ${MEMBERS.length} members of ${filesPerMember} files`);
  await createMembers(directory, filesPerMember);
  await using cleanup = new AsyncDisposableStack();
  const opened = await openStillpoint(place, directory, {
    members: [...MEMBERS],
    sources: { db: { driver: 'postgres' } },
  });
  const { stillpoint, config, url, cache } = cleanup.use(opened);
  say(`${size.label}: ${size.rows} rows`);
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await fillTables(client, size.rows, signal);
  } finally {
    await client.end();
  }
  const { lockKey } = config.freeze;
  const writer = cleanup.use(
    await startWriter({
      connection: { connectionString: url },
      rows: size.rows,
      lockKey: String(lockKey),
    }),
  );
  const { XDG_RUNTIME_DIR: _runtime, ...inherited } = process.env;
  const resources = cleanup.move();
  return {
    label: size.label,
    directory,
    rows: size.rows,
    lockKey,
    url,
    stillpoint,
    writer,
    async snapshotByCommand() {
      // The same places as in this process, or it would look for the server elsewhere.
      const env = { ...inherited, XDG_CACHE_HOME: cache };
      const stdout = await run(command, ['snapshot', '--json'], { cwd: directory, env, signal });
      return JSON.parse(stdout) as SnapshotSummary;
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}
