// What people have without a tool: a dump of the database that pg_restore reads, and copies of everything else. Same rows, on
// the system's own Postgres, because its programs refuse a newer server. Both sides end with what they wrote on the disk.
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { MEMBERS } from '../freeze/members.ts';
import { findPeerPrograms, startPeerCluster } from '../freeze/peer-cluster.ts';
import { fillTables } from '../freeze/tables.ts';
import { run, settleDisk, timed, type Place } from '../place.ts';
import { SQLITE_FILE, UPLOADS } from './content.ts';
import type { Sizes } from './sizes.ts';

export interface PeerTimes {
  readonly dumpMs: number;
  readonly restoreMs: number;
  readonly copyMs: number;
}

/** undefined where there is no Postgres to compare with. `project` holds the other parts. */
export async function measurePeer(
  place: Place,
  project: string,
  sizes: Sizes,
): Promise<PeerTimes | undefined> {
  const programs = await findPeerPrograms();
  if (programs === undefined) {
    place.say('no Postgres 15 or newer of the system was found: nothing to compare with');
    return undefined;
  }
  await using peer = await startPeerCluster(place, programs);
  const { signal, say } = place;
  say(`peer: Postgres ${peer.version}, ${sizes.postgresRows} rows`);
  const client = await peer.connect();
  try {
    await fillTables(client, sizes.postgresRows, signal);
    await client.query('CREATE DATABASE restored');
  } finally {
    await client.end();
  }
  const { host, user, database } = peer.connection;
  const target = ['-h', host, '-U', user, '--no-password'];
  const file = path.join(place.directory, 'peer.dump');
  const dump = ['-Fc', '-Z', '1', '-d', database!, '-f', file];
  const { ms: dumpMs } = await timed(() =>
    run(path.join(programs, 'pg_dump'), [...target, ...dump], { signal }),
  );
  await settleDisk();
  say('peer: pg_restore');
  const restore = ['-j', '2', '-d', 'restored', file];
  const { ms: restoreMs } = await timed(async () => {
    await run(path.join(programs, 'pg_restore'), [...target, ...restore], { signal });
    await settleDisk();
  });
  say('peer: cp -a');
  const { ms: copyMs } = await timed(() => copyRest(project, path.join(place.directory, 'copy')));
  return { dumpMs, restoreMs, copyMs };
}

async function copyRest(project: string, copy: string): Promise<void> {
  for (const part of [path.dirname(SQLITE_FILE), UPLOADS, ...MEMBERS]) {
    const target = path.join(copy, part);
    await mkdir(path.dirname(target), { recursive: true });
    await run('cp', ['-a', path.join(project, part), target]);
  }
  await settleDisk();
}
