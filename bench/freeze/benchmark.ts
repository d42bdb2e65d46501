// The freeze benchmark from end to end: two projects, their first and next snapshots, the interleaved rounds, the peers.
import type { Metric } from '../metric.ts';
import { openPlace, type PlaceOptions } from '../place.ts';
import { measureBaseSpeed } from './base-speed.ts';
import { measureDump } from './dump.ts';
import { measureCost } from './next-snapshot.ts';
import { findPeerPrograms, startPeerCluster } from './peer-cluster.ts';
import { createProject } from './project.ts';
import { reportOf, type Measured } from './report.ts';
import { runRounds } from './rounds.ts';
import { fullSizes, quickSizes, type Sizes } from './sizes.ts';
import { fillTables } from './tables.ts';

export interface FreezeBenchmarkOptions extends Omit<PlaceOptions, 'neededBytes'> {
  readonly quick: boolean;
}

export async function benchmarkFreeze(options: FreezeBenchmarkOptions): Promise<readonly Metric[]> {
  const sizes = options.quick ? quickSizes : fullSizes;
  const ours = await measureOurs(options, sizes);
  return reportOf({ ...ours, peers: await measurePeers(options, sizes) });
}

async function measureOurs(
  options: FreezeBenchmarkOptions,
  sizes: Sizes,
): Promise<Omit<Measured, 'peers'>> {
  await using place = await openPlace({ ...options, neededBytes: sizes.neededBytes });
  const { filesPerMember } = sizes;
  await using small = await createProject(place, { size: sizes.small, filesPerMember });
  await using large = await createProject(place, { size: sizes.large, filesPerMember });
  place.say('the first snapshot of each, and the next after its transactions');
  const costs = [
    await measureCost(small, sizes, place.signal),
    await measureCost(large, sizes, place.signal),
  ] as const;
  const samples = await runRounds(place, [small, large], sizes);
  return { labels: [small.label, large.label], costs, samples };
}

/** After ours, so that two servers of that size are never there at once. */
async function measurePeers(
  options: FreezeBenchmarkOptions,
  sizes: Sizes,
): Promise<Measured['peers']> {
  const programs = await findPeerPrograms();
  if (programs === undefined) {
    options.say('no Postgres 15 or newer of the system was found: nothing to compare with');
    return undefined;
  }
  await using place = await openPlace({ ...options, neededBytes: sizes.neededBytes });
  await using peer = await startPeerCluster(place, programs);
  const { rows } = sizes.large;
  place.say(`peers: Postgres ${peer.version}, ${rows} rows`);
  const client = await peer.connect();
  try {
    await fillTables(client, rows, place.signal);
  } finally {
    await client.end();
  }
  const dump = await measureDump(place, peer, rows);
  return { dump, base: await measureBaseSpeed(place, peer, sizes.rounds) };
}
