// Makes the reported lines of what was measured. Targets are those of the acceptance; lines without one explain.
import { atLeast, atMost, metricOf, type Metric, type Peer } from '../metric.ts';
import { largest, median } from '../statistics.ts';
import type { BaseSpeed, Pair } from './base-speed.ts';
import type { DumpDowntime } from './dump.ts';
import type { Cost } from './next-snapshot.ts';
import type { Sample } from './rounds.ts';

export interface Measured {
  /** Small before large. */
  readonly labels: readonly [string, string];
  readonly costs: readonly [Cost, Cost];
  readonly samples: readonly Sample[];
  readonly peers: { readonly dump: DumpDowntime; readonly base: BaseSpeed } | undefined;
}

const limits = {
  markMs: 10,
  totalMs: 100,
  growth: 1.5,
  growthMs: 5,
  nextBytes: 0.2,
  nextTime: 0.3,
  /** Our own aim; nobody asked for a number. */
  baseSpeed: 0.9,
} as const;

const MEGABYTE = 1_000_000;

export function reportOf(measured: Measured): readonly Metric[] {
  const { samples, peers, labels } = measured;
  const downtime: Peer | undefined =
    peers === undefined
      ? undefined
      : { name: 'pg_dump, application stopped', value: peers.dump.stallMs };
  return [
    ...freezeLines(samples, downtime),
    growthLine(samples, labels),
    ...costLines(measured.costs),
    ...(peers === undefined ? [] : baseLines(peers.base)),
    ...labels.flatMap((label) => sizeLines(samples, label)),
    ...heldLines(samples),
    ...commandLines(samples),
    ...labels.flatMap((label, at) => rawCostLines(label, measured.costs[at]!)),
  ];
}

const byLibrary = (samples: readonly Sample[]): readonly Sample[] =>
  samples.filter(({ byCommand }) => !byCommand);

function freezeLines(all: readonly Sample[], downtime: Peer | undefined): readonly Metric[] {
  const samples = byLibrary(all);
  const marks = samples.map(({ databaseMarkMs }) => databaseMarkMs);
  const markMs = median(marks);
  const totalMs = median(samples.map(({ freezeMs }) => freezeMs));
  const stallMs = largest(samples.map((sample) => sample.stallMs));
  return [
    metricOf(['freeze.mark.p50', markMs, 'ms'], { judged: atMost(limits.markMs, markMs) }),
    metricOf(['freeze.mark.max', largest(marks), 'ms']),
    metricOf(['freeze.total.p50', totalMs, 'ms'], {
      peer: downtime,
      judged: atMost(limits.totalMs, totalMs),
    }),
    metricOf(['freeze.stall.max', stallMs, 'ms'], { peer: downtime }),
  ];
}

function growthLine(all: readonly Sample[], [small, large]: readonly [string, string]): Metric {
  const medianOf = (label: string): number =>
    median(byLibrary(all).flatMap((one) => (one.label === label ? [one.freezeMs] : [])));
  const [smallMs, largeMs] = [medianOf(small), medianOf(large)];
  const growth = largeMs / smallMs;
  const ok = growth <= limits.growth || largeMs - smallMs <= limits.growthMs;
  const target = `<= ${limits.growth} or ${limits.growthMs} ms`;
  return metricOf(['freeze.growth', growth, 'ratio'], {
    peer: {
      name: `${large} ${largeMs.toFixed(1)} ms, ${small} ${smallMs.toFixed(1)} ms`,
      value: 1,
    },
    judged: { target, ok },
  });
}

/** The worse of both sizes counts. */
function costLines(costs: readonly Cost[]): readonly Metric[] {
  const bytes = largest(costs.map(({ nextBytes, firstBytes }) => nextBytes / firstBytes));
  const time = largest(costs.map(({ nextMs, firstMs }) => nextMs / firstMs));
  const peer = { name: 'the first snapshot', value: 1 };
  return [
    metricOf(['snapshot.next.bytes', bytes, 'ratio'], {
      peer,
      judged: atMost(limits.nextBytes, bytes),
    }),
    metricOf(['snapshot.next.time', time, 'ratio'], {
      peer,
      judged: atMost(limits.nextTime, time),
    }),
  ];
}

function baseLines({ bytes, files, discarded, kept }: BaseSpeed): readonly Metric[] {
  const ratio = files.theirsS / files.oursS;
  const rate = (seconds: number): number => bytes / MEGABYTE / seconds;
  const line = (name: string, how: string, { oursS, theirsS }: Pair): Metric =>
    metricOf([name, rate(oursS), 'MB/s'], {
      peer: { name: `pg_basebackup, ${how}`, value: rate(theirsS) },
    });
  return [
    metricOf(['base.speed', ratio, 'ratio'], {
      peer: { name: 'pg_basebackup', value: 1 },
      judged: atLeast(limits.baseSpeed, ratio),
    }),
    line('base.files', 'plain files, synced', files),
    line('base.discarded', 'tar to /dev/null', discarded),
    line('base.vault', 'tar with client-zstd:1', kept),
  ];
}

function sizeLines(all: readonly Sample[], label: string): readonly Metric[] {
  const samples = byLibrary(all).filter((sample) => sample.label === label);
  const free = samples.filter(({ held }) => !held);
  const of = (key: 'freezeMs' | 'databaseMarkMs' | 'memberMarkMs' | 'stallMs' | 'durationMs') =>
    free.map((sample) => sample[key]);
  const idle = samples.map(({ idleStallMs }) => idleStallMs);
  return [
    metricOf([`freeze.total.p50.${label}`, median(of('freezeMs')), 'ms']),
    metricOf([`freeze.total.max.${label}`, largest(of('freezeMs')), 'ms']),
    metricOf([`freeze.mark.p50.${label}`, median(of('databaseMarkMs')), 'ms']),
    metricOf([`freeze.members.p50.${label}`, median(of('memberMarkMs')), 'ms']),
    metricOf([`freeze.stall.p50.${label}`, median(of('stallMs')), 'ms'], {
      peer: { name: 'without a snapshot', value: median(idle) },
    }),
    metricOf([`freeze.stall.max.${label}`, largest(of('stallMs')), 'ms'], {
      peer: { name: 'without a snapshot', value: largest(idle) },
    }),
    metricOf([`snapshot.duration.p50.${label}`, median(of('durationMs')), 'ms']),
  ];
}

/** Snapshots that met a long transaction: the drain waits for it, the mark must not be slower. */
function heldLines(all: readonly Sample[]): readonly Metric[] {
  const held = all.filter((sample) => sample.held);
  const free = byLibrary(all).filter((sample) => !sample.held);
  if (held.length === 0) return [];
  const drains = (samples: readonly Sample[]): number =>
    median(samples.map(({ drainMs }) => drainMs));
  const marks = (samples: readonly Sample[]): number =>
    median(samples.map(({ databaseMarkMs }) => databaseMarkMs));
  const other = 'nobody holds the lock';
  return [
    metricOf(['freeze.held.drain.p50', drains(held), 'ms'], {
      peer: { name: other, value: drains(free) },
    }),
    metricOf(['freeze.held.mark.p50', marks(held), 'ms'], {
      peer: { name: other, value: marks(free) },
    }),
    metricOf(['freeze.held.stall.max', largest(held.map(({ stallMs }) => stallMs)), 'ms']),
  ];
}

/** A command is a new process each time: nothing of it is warm. */
function commandLines(all: readonly Sample[]): readonly Metric[] {
  const samples = all.filter(({ byCommand }) => byCommand);
  if (samples.length === 0) return [];
  const totalMs = median(samples.map(({ freezeMs }) => freezeMs));
  const markMs = median(samples.map(({ databaseMarkMs }) => databaseMarkMs));
  return [
    metricOf(['freeze.command.total.p50', totalMs, 'ms']),
    metricOf(['freeze.command.mark.p50', markMs, 'ms']),
  ];
}

function rawCostLines(label: string, cost: Cost): readonly Metric[] {
  return [
    metricOf([`snapshot.first.bytes.${label}`, cost.firstBytes / MEGABYTE, 'MB']),
    metricOf([`snapshot.next.bytes.${label}`, cost.nextBytes / MEGABYTE, 'MB']),
    metricOf([`snapshot.first.time.${label}`, cost.firstMs, 'ms']),
    metricOf([`snapshot.next.time.${label}`, cost.nextMs, 'ms']),
  ];
}
