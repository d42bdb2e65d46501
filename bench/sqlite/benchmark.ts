// The SQLite benchmark from end to end: how long does an application wait while a whole snapshot is taken of its file, does it
// grow with the file, and what do the usual ways cost it? The rounds of ours, of the peers, and of nothing at all take turns.
import { atMost, metricOf, type Metric, type Peer } from '../metric.ts';
import { openPlace, type PlaceOptions } from '../place.ts';
import { largest, median } from '../statistics.ts';
import { findShell, givenUpAfterMs, measurePeer, peers, type PeerName } from './peers.ts';
import { createSqliteProject, type SqliteProject, type SqliteSize } from './project.ts';
import { measure, type Sample } from './sample.ts';

export interface SqliteBenchmarkOptions extends Omit<PlaceOptions, 'neededBytes'> {
  readonly quick: boolean;
}

const megabyte = 1_000_000;
const pauseLimitMs = 10;
/** A busy application: some hundred commits of six rows a second. */
const everyMs = 2;
const small: SqliteSize = { label: '100mb', bytes: 100 * megabyte, journal: 'wal', everyMs };
const large: SqliteSize = { label: '2gb', bytes: 2000 * megabyte, journal: 'wal', everyMs };
/** One that has nothing else to do: it takes a whole processor, and the WAL grows as fast as it can. */
const flatOut: SqliteSize = { ...small, label: '100mb-flat-out', everyMs: 0 };
const rollback: SqliteSize = { ...small, label: '100mb-rollback', journal: 'delete' };
const rounds = { ours: 7, peers: 3 } as const;

interface Measured {
  readonly label: string;
  readonly judged: boolean;
  readonly ours: readonly Sample[];
  /** The application alone, for as long as a snapshot takes. */
  readonly idle: readonly Sample[];
  readonly peers: ReadonlyMap<PeerName, readonly (Sample | undefined)[]>;
  readonly markMs: readonly number[];
}

export async function benchmarkSqlite(options: SqliteBenchmarkOptions): Promise<readonly Metric[]> {
  const sizes = options.quick ? [small, flatOut, rollback] : [small, large, flatOut, rollback];
  const withShell = await findShell();
  if (!withShell) options.say('no sqlite3 of the system was found: nothing to compare with');
  const metrics: Metric[] = [];
  for (const size of sizes) {
    await using place = await openPlace({ ...options, neededBytes: size.bytes * 8 });
    await using project = await createSqliteProject(place, size);
    metrics.push(...reportOf(await measureProject(project, place.say, size, withShell)));
  }
  return metrics;
}

async function measureProject(
  project: SqliteProject,
  say: (text: string) => void,
  { journal, everyMs: pace }: SqliteSize,
  withShell: boolean,
): Promise<Measured> {
  say(`${project.label}: the first snapshot, not counted`);
  const first = await measure(project, () => project.snapshot());
  const ours: Sample[] = [];
  const idle: Sample[] = [];
  const markMs: number[] = [];
  const others = new Map<PeerName, (Sample | undefined)[]>(peers.map((peer) => [peer, []]));
  for (let round = 0; round < rounds.ours; round += 1) {
    say(`${project.label}: round ${round + 1} of ${rounds.ours}`);
    const { promise, resolve } = Promise.withResolvers<void>();
    setTimeout(resolve, first.durationMs);
    idle.push(await measure(project, () => promise));
    ours.push(
      await measure(project, async () => {
        const { freeze } = await project.snapshot();
        markMs.push(freeze.markMs);
      }),
    );
    if (!withShell || round >= rounds.peers) continue;
    for (const peer of peers) others.get(peer)!.push(await measurePeer(project, peer));
  }
  return {
    label: project.label,
    judged: journal === 'wal' && pace > 0,
    ours,
    idle,
    peers: others,
    markMs,
  };
}

function reportOf({ label, judged, ours, idle, peers: others, markMs }: Measured): Metric[] {
  const named = (what: string): string => `sqlite.${what}.${label}`;
  const pauses = (samples: readonly Sample[]): number[] => samples.map(({ pauseMs }) => pauseMs);
  const pauseMs = median(pauses(ours));
  const lines = [
    metricOf([named('pause.p50'), pauseMs, 'ms'], {
      peer: { name: 'the application alone', value: median(pauses(idle)) },
      ...(judged ? { judged: atMost(pauseLimitMs, pauseMs) } : {}),
    }),
    metricOf([named('pause.max'), largest(pauses(ours)), 'ms'], {
      peer: { name: 'the application alone', value: largest(pauses(idle)) },
    }),
    metricOf([named('mark.p50'), median(markMs), 'ms']),
    metricOf([named('snapshot'), median(ours.map(({ durationMs }) => durationMs)) / 1000, 's']),
  ];
  for (const [peer, samples] of others) {
    if (samples.length === 0) continue;
    const ended = samples.filter((sample) => sample !== undefined);
    const name =
      ended.length === samples.length
        ? peer
        : `${peer}, ${ended.length} of ${samples.length} ended`;
    const beside = (value: number): Peer => ({ name, value });
    const theirs = ended.length === 0 ? givenUpAfterMs : median(pauses(ended));
    lines.push(
      metricOf([named(`pause.p50 beside ${peer}`), pauseMs, 'ms'], { peer: beside(theirs) }),
      metricOf(
        [
          named(`duration beside ${peer}`),
          median(ours.map(({ durationMs }) => durationMs)) / 1000,
          's',
        ],
        {
          peer: beside(
            (ended.length === 0
              ? givenUpAfterMs
              : median(ended.map(({ durationMs }) => durationMs))) / 1000,
          ),
        },
      ),
    );
  }
  return lines;
}
