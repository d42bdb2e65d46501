// Which snapshots stay when rules decide, each with the reasons why. Pure: whoever asks forgets the others.
// The newest of each hour, day, week (from Monday), month and year counts, in local time, as its people live: when clocks go back, the
// hour that comes twice is one. No rule asks what time it is now, so a vault that nobody writes to keeps what it has.
import type { SnapshotId } from '@stillpoint/core';
import type { ResolvedRetention } from '../config/index.ts';
import type { Known } from './outline.ts';

export type KeepReason = (typeof periods)[number] | 'last' | 'within' | 'held' | 'undo point';

const periods = ['hourly', 'daily', 'weekly', 'monthly', 'yearly'] as const;
type Period = (typeof periods)[number];

export interface Judged<One> {
  readonly one: One;
  /** Empty: no rule keeps it. */
  readonly reasons: readonly KeepReason[];
}

export interface RetentionFacts {
  readonly held: ReadonlySet<SnapshotId>;
  /** What undo would go back to. */
  readonly undo?: SnapshotId | undefined;
  /** IANA name; the system's when left out. */
  readonly timeZone?: string;
}

export function hasRules(policy: ResolvedRetention): boolean {
  return Object.values(policy).some((value) => value !== undefined);
}

/** Of one project, in any order; oldest first in the answer. Undo points are judged by the same rules, in a list of their own. */
export function judgeSnapshots<One extends Known>(
  snapshots: readonly One[],
  policy: ResolvedRetention,
  facts: RetentionFacts,
): readonly Judged<One>[] {
  const newestFirst = snapshots.toSorted((a, b) => (keyOf(a) < keyOf(b) ? 1 : -1));
  const reasons = new Map<One, KeepReason[]>(newestFirst.map((one) => [one, []]));
  for (const kind of ['snapshot', 'undo']) {
    const ofKind = newestFirst.filter(({ manifest }) => manifest.kind === kind);
    for (const [one, reason] of keptByRules(ofKind, policy, facts)) reasons.get(one)?.push(reason);
  }
  return newestFirst.toReversed().map((one) => {
    const { id } = one.manifest;
    const kept = [...(reasons.get(one) ?? [])];
    if (facts.held.has(id)) kept.push('held');
    if (facts.undo === id) kept.push('undo point');
    return { one, reasons: kept };
  });
}

function* keptByRules<One extends Known>(
  newestFirst: readonly One[],
  policy: ResolvedRetention,
  { timeZone }: RetentionFacts,
): Generator<readonly [One, KeepReason]> {
  for (const one of newestFirst.slice(0, policy.last ?? 0)) yield [one, 'last'];
  const local = localTime(timeZone);
  for (const period of periods) {
    let left = policy[period] ?? 0;
    let last: string | undefined;
    for (const one of newestFirst) {
      if (left === 0) break;
      const bucket = bucketOf[period](local(new Date(one.manifest.createdAt)));
      if (bucket === last) continue;
      yield [one, period];
      last = bucket;
      left--;
    }
  }
  const [newest] = newestFirst;
  if (newest === undefined || policy.withinMs === undefined) return;
  const since = Date.parse(newest.manifest.createdAt) - policy.withinMs;
  for (const one of newestFirst) {
    if (Date.parse(one.manifest.createdAt) >= since) yield [one, 'within'];
  }
}

interface LocalTime {
  readonly year: number;
  /** From 1. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
}

function localTime(timeZone: string | undefined): (date: Date) => LocalTime {
  const format = new Intl.DateTimeFormat('en-US', {
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    hourCycle: 'h23',
    ...(timeZone === undefined ? {} : { timeZone }),
  });
  return (date) => {
    const parts = new Map(format.formatToParts(date).map(({ type, value }) => [type, value]));
    const number = (type: Intl.DateTimeFormatPartTypes): number => Number(parts.get(type));
    return {
      year: number('year'),
      month: number('month'),
      day: number('day'),
      hour: number('hour'),
    };
  };
}

const bucketOf: Readonly<Record<Period, (time: LocalTime) => string>> = {
  hourly: ({ year, month, day, hour }) => `${year}-${month}-${day}-${hour}`,
  daily: ({ year, month, day }) => `${year}-${month}-${day}`,
  /** The Monday before or on that day names the week, also across the turn of the year. */
  weekly({ year, month, day }) {
    const date = new Date(Date.UTC(year, month - 1, day));
    date.setUTCDate(date.getUTCDate() - ((date.getUTCDay() + 6) % 7));
    return date.toISOString().slice(0, 10);
  },
  monthly: ({ year, month }) => `${year}-${month}`,
  yearly: ({ year }) => `${year}`,
};

function keyOf({ manifest }: Known): string {
  return `${manifest.createdAt} ${manifest.id}`;
}
