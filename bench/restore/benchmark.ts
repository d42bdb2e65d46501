// The restore benchmark from end to end: a project of several sources, snapshots with changes between them, the oldest one
// restored in place and looked at, the way back, and the peer.
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { SnapshotSummary, Stillpoint } from '@stillpoint/engine';
import { MEMBERS } from '../freeze/members.ts';
import { fillTables } from '../freeze/tables.ts';
import type { Metric } from '../metric.ts';
import { connected, openStillpoint, type OpenedStillpoint } from '../open-stillpoint.ts';
import { openPlace, settleDisk, type Place, type PlaceOptions } from '../place.ts';
import { changeProject, fillProject, SQLITE_FILE, UPLOADS } from './content.ts';
import { fingerprint, requireSame, type Fingerprint } from './digest.ts';
import { measurePeer } from './peer.ts';
import { watchPhases } from './phases.ts';
import { reportOf, type Restored } from './report.ts';
import { fullSizes, quickSizes, type Sizes } from './sizes.ts';

export interface RestoreBenchmarkOptions extends Omit<PlaceOptions, 'neededBytes'> {
  readonly quick: boolean;
}

export async function benchmarkRestore(
  options: RestoreBenchmarkOptions,
): Promise<readonly Metric[]> {
  const sizes = options.quick ? quickSizes : fullSizes;
  await using place = await openPlace({ ...options, neededBytes: sizes.neededBytes });
  const project = path.join(place.directory, sizes.label);
  const ours = await measureOurs(place, project, sizes);
  return reportOf({ ...ours, sizes, peer: await measurePeer(place, project, sizes) });
}

interface Ours {
  readonly snapshots: readonly SnapshotSummary[];
  readonly restored: Restored;
  readonly undone: Restored;
}

async function measureOurs(place: Place, project: string, sizes: Sizes): Promise<Ours> {
  await mkdir(project, { recursive: true });
  await fillProject(project, sizes, place.say);
  await using opened = await openStillpoint(place, project, {
    members: [...MEMBERS],
    sources: {
      db: { driver: 'postgres' },
      shop: { driver: 'sqlite', file: SQLITE_FILE },
      uploads: { driver: 'files', path: UPLOADS },
    },
  });
  place.say(`${sizes.postgresRows} rows of Postgres`);
  await connected(opened, (client) => fillTables(client, sizes.postgresRows, place.signal));
  const look = (): Promise<Fingerprint> =>
    connected(opened, (client) => fingerprint(project, client));
  const oldest = await look();
  const snapshots = await takeSnapshots(place, project, opened, sizes);
  const newest = await look();
  const first = snapshots[0]!.id;
  const restored = await measure(place, `restoring the oldest of ${snapshots.length}`, (options) =>
    opened.stillpoint.restore(first, options),
  );
  requireSame('the oldest snapshot', oldest, await look());
  const undone = await measure(place, 'undo', (options) => opened.stillpoint.undo(options));
  requireSame('what the restore replaced', newest, await look());
  return { snapshots, restored, undone };
}

async function takeSnapshots(
  place: Place,
  project: string,
  opened: OpenedStillpoint,
  sizes: Sizes,
): Promise<readonly SnapshotSummary[]> {
  const taken: SnapshotSummary[] = [];
  for (let round = 0; round < sizes.snapshots; round += 1) {
    place.signal.throwIfAborted();
    if (round > 0)
      await connected(opened, (client) => changeProject(project, client, sizes, round));
    const summary = await opened.stillpoint.snapshot({ signal: place.signal });
    taken.push(summary);
    const seconds = (summary.durationMs / 1000).toFixed(1);
    place.say(`snapshot ${round + 1} of ${sizes.snapshots}: ${seconds} s`);
  }
  return taken;
}

async function measure(
  { say, signal }: Place,
  what: string,
  work: (options: Parameters<Stillpoint['undo']>[0]) => ReturnType<Stillpoint['undo']>,
): Promise<Restored> {
  await settleDisk();
  say(what);
  const phases = watchPhases(say);
  const { durationMs, closedMs } = await work({ signal, onProgress: phases.progress });
  say(`${what}: ${(durationMs / 1000).toFixed(1)} s`);
  return { durationMs, closedMs, phases: phases.end() };
}
