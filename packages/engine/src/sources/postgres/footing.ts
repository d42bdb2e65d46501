// What a capture stands on before its mark: the base and WAL of an earlier snapshot, continued up to now, or a new base.
// A new base is owed only when there is nothing to continue, when the vault or the server has lost what was, or when there is much of
// it; each time it is said. How much is much: docs/decisions/0017-keep-alive-what-is-restored.md.
import type { ProgressListener } from '@stillpoint/core';
import type { BeginOptions } from '../contract.ts';
import { storeBase } from './base.ts';
import { findPast, type Predecessor } from './chain.ts';
import type { Cluster } from './cluster/contract.ts';
import { readServerFacts, readTotalBytes, refuseTablespaces, type ServerFacts } from './facts.ts';
import { readNote } from './incarnation.ts';
import { bytesBetween, parseLsn, segmentStart, type Lsn } from './lsn.ts';
import type { BaseRef } from './record.ts';
import { identifySystem } from './replication/connection.ts';
import { ensureSlot } from './replication/slot.ts';
import { isWalMissing, streamWal } from './replication/wal-stream.ts';
import { withControl } from './session.ts';
import { createWalCollector, type WalCollector } from './wal-collector.ts';

/** WAL since the base that makes a new base the better deal: for whoever restores, and for what one snapshot keeps alive. */
const WAL_BYTES_PER_BASE = 256 * 1024 ** 2;
const WAL_PER_BASE_BYTE = 0.5;

export interface Live {
  readonly incarnation: string;
  readonly timeline: number;
  readonly systemId: string;
  /** When it was looked at. */
  readonly flushLsn: Lsn;
  readonly facts: ServerFacts;
  readonly bytesTotal: number;
}

/** Everything before the mark: a base, and the WAL since it up to now. */
export interface Footing extends Pick<Predecessor, 'base' | 'spans'> {
  readonly walFrom: Lsn;
  readonly collector: WalCollector;
}

export async function lookAtLive(cluster: Cluster, signal: AbortSignal): Promise<Live> {
  const incarnation = await cluster.currentIncarnation();
  const identity = await identifySystem(cluster, signal);
  return withControl(cluster, signal, async (client) => {
    await refuseTablespaces(client);
    await ensureSlot(client, incarnation);
    const facts = await readServerFacts(client);
    return { ...identity, incarnation, facts, bytesTotal: await readTotalBytes(client) };
  });
}

/** Continues an earlier snapshot if there is one and its WAL goes on without a gap; otherwise makes a base, and says why. */
export async function findFooting(
  cluster: Cluster,
  live: Live,
  options: BeginOptions,
): Promise<Footing> {
  const { history, progress } = options;
  const say = (level: 'info' | 'warn', text: string): void =>
    progress({ type: 'note:said', level, text });
  const origin = await readNote(cluster, live.incarnation, 'origin');
  const past = await findPast(history, { ...live, origin }, options);
  const { predecessor, base: previous } = past;
  if (predecessor === undefined) {
    if (past.lost) {
      say(
        'warn',
        'The database is captured whole: the vault has lost a part of what its last snapshot rests on. stillpoint verify says what is lost.',
      );
    } else {
      say(
        'info',
        'The database is captured whole: no earlier snapshot of this cluster can be continued.',
      );
    }
    return makeFooting(cluster, live, options, previous);
  }
  // What nobody has read yet counts too: it need not be stored at all then.
  const unreadBytes = Math.max(bytesBetween(predecessor.position, live.flushLsn), 0);
  const walBytes = predecessor.walBytes + unreadBytes;
  if (owesBase({ walBytes, baseBytes: predecessor.base.bytes }) && options.forUndo !== true) {
    say('info', 'The database is captured whole again: much was written since the last time.');
    return makeFooting(cluster, live, options, previous);
  }
  const collector = createWalCollector(options.sink, predecessor.position);
  try {
    await catchUp(cluster, live, collector, options);
  } catch (error) {
    if (!isWalMissing(error)) throw error;
    say(
      'warn',
      `The database is captured whole: its write-ahead log since the last snapshot is gone (${(error as Error).message}).`,
    );
    return makeFooting(cluster, live, options, previous);
  }
  const { base, spans } = predecessor;
  return { base, spans, walFrom: spans[0]!.from, collector };
}

/** A restore that waits for its undo point is not made to wait for a base: the next snapshot makes it. */
export function owesBase(held: { readonly walBytes: number; readonly baseBytes: number }): boolean {
  return held.walBytes > Math.max(WAL_BYTES_PER_BASE, WAL_PER_BASE_BYTE * held.baseBytes);
}

async function makeFooting(
  cluster: Cluster,
  live: Live,
  options: BeginOptions,
  previous?: BaseRef,
): Promise<Footing> {
  const { incarnation, timeline, facts, bytesTotal } = live;
  const { snapshot, sink, source, signal, progress } = options;
  progress({ type: 'phase:started', phase: 'base', detail: 'database' });
  const label = `stillpoint ${snapshot}`;
  const { pageBytes } = facts;
  const storing = { label, incarnation, sink, source, previous, pageBytes, bytesTotal };
  const base = await storeBase(cluster, { ...storing, signal, progress });
  // A server checks the first page of each segment it opens: the list begins where a segment does. A base begins in a new one, so
  // that nothing of it is in an earlier list.
  const walFrom = segmentStart(parseLsn(base.startLsn), facts.walSegmentBytes);
  const collector = createWalCollector(sink, walFrom);
  await catchUp(cluster, live, collector, options);
  const span = { incarnation, timeline, from: walFrom, forkLsn: undefined, pieces: [] };
  return { base, spans: [span], walFrom, collector };
}

/** Streams up to what the server has flushed now. */
async function catchUp(
  cluster: Cluster,
  live: Live,
  collector: WalCollector,
  { signal, progress }: { readonly signal: AbortSignal; readonly progress: ProgressListener },
): Promise<void> {
  const { flushLsn } = await identifySystem(cluster, signal);
  // Behind what we hold already: this server has forgotten, so it is another history. The server words it like this itself.
  if (flushLsn < collector.position)
    throw new Error('ahead of the WAL flush position of this server');
  await collect(cluster, live, collector, { until: flushLsn, signal, progress });
}

export async function collect(
  cluster: Cluster,
  { timeline }: Live,
  collector: WalCollector,
  options: {
    readonly until: Lsn;
    readonly signal: AbortSignal;
    readonly progress: ProgressListener;
  },
): Promise<void> {
  const { until, signal, progress } = options;
  const from = collector.position;
  const totalBytes = bytesBetween(from, until);
  await streamWal(cluster, {
    timeline,
    from,
    until,
    signal,
    async onWal(start, bytes) {
      await collector.write(start, bytes);
      const doneBytes = bytesBetween(from, collector.position);
      progress({ type: 'bytes:advanced', phase: 'wal', doneBytes, totalBytes });
    },
  });
}
