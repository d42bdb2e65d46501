// What people do today who want code and database to match: stop the application, pg_dump, start it again. The application is
// only told to pause and to go on, so the time that stopping and starting it really takes is left out, in favour of the peer;
// so is copying the code.
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { run, settleDisk, type Place } from '../place.ts';
import type { PeerCluster } from './peer-cluster.ts';
import { startWriter } from './writer.ts';

export interface DumpDowntime {
  /** The longest time between two commits of the application. */
  readonly stallMs: number;
}

const lockKey = '1';

export async function measureDump(
  place: Place,
  peer: PeerCluster,
  rows: number,
): Promise<DumpDowntime> {
  const { signal } = place;
  const target = path.join(place.directory, 'dump');
  await using writer = await startWriter({ connection: peer.connection, rows, lockKey });
  await settleDisk();
  await writer.go();
  const { host, user, database } = peer.connection;
  const what = ['-h', host, '-U', user, '-d', database!, '--no-password'];
  // Directory format, two jobs, fastest compression: the quickest that it offers on two processors.
  const how = ['-Fd', '-j', '2', '-Z', '1', '-f', target];
  try {
    const { felt } = await writer.during(async () => {
      await writer.pause();
      await run(path.join(peer.programs, 'pg_dump'), [...what, ...how], { signal });
      await writer.go();
    });
    place.say(`pg_dump with the application stopped: ${(felt.longestMs / 1000).toFixed(2)} s`);
    return { stallMs: felt.longestMs };
  } finally {
    await rm(target, { recursive: true, force: true });
  }
}
