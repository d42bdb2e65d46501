// One capture: begin() makes sure of a base and catches up with the WAL, the mark is taken in the freeze, capture() streams
// the rest up to the mark and writes the record. The slot is advanced only when the snapshot is sealed: whatever dies
// before, the next capture finds all WAL since the last sealed one.
import type { Json, ProgressListener } from '@stillpoint/core';
import { digestOf, canonicalBytes, failure } from '@stillpoint/core';
import type { BeginOptions, Captured, CaptureSession } from '../contract.ts';
import { storeBase } from './base.ts';
import { findPredecessor, type Predecessor } from './chain.ts';
import type { Cluster } from './cluster/contract.ts';
import { readServerFacts, readTotalBytes, refuseTablespaces, type ServerFacts } from './facts.ts';
import { readNote } from './incarnation.ts';
import { bytesBetween, formatLsn, parseLsn, segmentStart, type Lsn } from './lsn.ts';
import { openMarker, type Mark, type Marker } from './marks.ts';
import { currentArch, RECORD_VERSION, type PostgresRecord } from './record.ts';
import { identifySystem } from './replication/connection.ts';
import { advanceSlot, ensureSlot } from './replication/slot.ts';
import { isWalMissing, streamWal } from './replication/wal-stream.ts';
import { writeSequences } from './sequences.ts';
import { withControl } from './session.ts';
import { createWalCollector, writeWalList, type WalCollector } from './wal-list.ts';

/** WAL since the base that makes replay so long that a new base is the better deal. */
const WAL_BYTES_PER_BASE = 4 * 1024 ** 3;
const WAL_PER_BASE_BYTE = 2;

export const STRATEGY = 'base+wal';

interface Live {
  readonly incarnation: string;
  readonly timeline: number;
  readonly systemId: string;
  readonly facts: ServerFacts;
  readonly bytesTotal: number;
}

/** Everything before the mark: a base, and the WAL since it up to now. */
interface Footing extends Pick<Predecessor, 'base' | 'spans'> {
  readonly walFrom: Lsn;
  readonly collector: WalCollector;
}

export async function beginCapture(
  cluster: Cluster,
  options: BeginOptions,
): Promise<CaptureSession> {
  const { signal, progress } = options;
  const live = await lookAtLive(cluster, signal);
  progress({ type: 'phase:started', phase: 'catch up', detail: 'database' });
  const footing = await findFooting(cluster, live, options);
  const marker = await openMarker(cluster, options.snapshot, signal);
  let mark: Mark | undefined;
  let end: Lsn | undefined;
  return {
    async mark(freezeSignal) {
      mark = await marker.mark(freezeSignal);
    },
    async capture() {
      if (mark === undefined) throw new TypeError('capture() before mark()');
      const captured = await captureMarked(cluster, live, footing, { marker, mark, options });
      end = mark.lsn;
      return captured;
    },
    async sealed() {
      if (end === undefined) return;
      await releaseWal(cluster, live.incarnation, end, progress);
    },
    [Symbol.asyncDispose]: () => marker[Symbol.asyncDispose](),
  };
}

async function lookAtLive(cluster: Cluster, signal: AbortSignal): Promise<Live> {
  const incarnation = await cluster.currentIncarnation();
  const { systemId, timeline } = await identifySystem(cluster, signal);
  return withControl(cluster, signal, async (client) => {
    await refuseTablespaces(client);
    await ensureSlot(client, incarnation);
    const facts = await readServerFacts(client);
    return { incarnation, timeline, systemId, facts, bytesTotal: await readTotalBytes(client) };
  });
}

/** Continues an earlier snapshot if there is one and its WAL goes on without a gap; otherwise makes a base, and says why. */
async function findFooting(cluster: Cluster, live: Live, options: BeginOptions): Promise<Footing> {
  const { history, source, progress } = options;
  const say = (level: 'info' | 'warn', text: string): void =>
    progress({ type: 'note:said', level, text });
  const origin = await readNote(cluster, live.incarnation, 'origin');
  const predecessor = await findPredecessor(history, { ...live, origin: origin as never }, source);
  if (predecessor === undefined) {
    say(
      'info',
      'The database is captured whole: no earlier snapshot of this cluster can be continued.',
    );
    return makeFooting(cluster, live, options);
  }
  const most = Math.max(WAL_BYTES_PER_BASE, WAL_PER_BASE_BYTE * predecessor.base.bytes);
  if (predecessor.walBytes > most) {
    say('info', 'The database is captured whole again: much was written since the last time.');
    return makeFooting(cluster, live, options);
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
    return makeFooting(cluster, live, options);
  }
  const { base, spans } = predecessor;
  return { base, spans, walFrom: spans[0]!.from, collector };
}

async function makeFooting(cluster: Cluster, live: Live, options: BeginOptions): Promise<Footing> {
  const { incarnation, timeline, facts, bytesTotal } = live;
  const { snapshot, sink, signal, progress } = options;
  progress({ type: 'phase:started', phase: 'base', detail: 'database' });
  const label = `stillpoint ${snapshot}`;
  const base = await storeBase(cluster, { label, incarnation, sink, bytesTotal, signal, progress });
  // A server checks the first page of each segment it opens: the list begins where a segment does.
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

async function collect(
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

async function captureMarked(
  cluster: Cluster,
  live: Live,
  footing: Footing,
  marked: { readonly marker: Marker; readonly mark: Mark; readonly options: BeginOptions },
): Promise<Captured> {
  const { marker, mark } = marked;
  const { sink, signal, progress } = marked.options;
  const { base, collector } = footing;
  // The base is made before the freeze; a restore point before its stop LSN could not be reached with it.
  if (mark.lsn <= parseLsn(base.stopLsn))
    throw new TypeError('the mark lies before the end of its base');
  // Before anybody changes the schema again.
  const { databases, sequences } = await marker.describe();
  try {
    await collect(cluster, live, collector, { until: mark.lsn, signal, progress });
  } catch (error) {
    if (!isWalMissing(error)) throw error;
    const reason = (error as Error).message;
    throw failure('POSTGRES_WAL_LOST', { from: formatLsn(collector.position), reason }, error);
  }
  await collector.flush();
  const spans = footing.spans.map((span, index) =>
    index === footing.spans.length - 1
      ? { ...span, pieces: [...span.pieces, ...collector.pieces] }
      : span,
  );
  const wal = await writeWalList(sink, {
    spans,
    history: await readHistory(cluster, live, signal),
  });
  const record: PostgresRecord = {
    version: RECORD_VERSION,
    incarnation: live.incarnation,
    ancestors: spans.slice(0, -1).map(({ incarnation, timeline, forkLsn }) => {
      return { incarnation, timeline, forkLsn: formatLsn(forkLsn!) };
    }),
    systemId: live.systemId,
    major: cluster.binaries.major,
    versionString: live.facts.versionString,
    arch: currentArch(),
    walSegmentBytes: live.facts.walSegmentBytes,
    pageBytes: live.facts.pageBytes,
    base,
    wal,
    walFrom: formatLsn(footing.walFrom),
    walTo: formatLsn(mark.lsn),
    mark: { name: mark.name, lsn: formatLsn(mark.lsn), timeline: live.timeline },
    databases: [...databases],
    sequences: await writeSequences(sink, sequences),
    createdWith: cluster.binaries.version,
  };
  const digests = databases.map(({ name, schemaDigest }) => ({ name, schemaDigest }));
  const known = digests.every(({ schemaDigest }) => schemaDigest !== null);
  return {
    record: record as unknown as Json,
    strategy: STRATEGY,
    bytesTotal: live.bytesTotal,
    ...(known ? { schemaDigest: digestOf(canonicalBytes(digests)) } : {}),
  };
}

async function readHistory(
  cluster: Cluster,
  { timeline }: Live,
  signal: AbortSignal,
): Promise<string | null> {
  if (timeline === 1) return null;
  return withControl(cluster, signal, async (client) => {
    const file = `pg_wal/${timeline.toString(16).toUpperCase().padStart(8, '0')}.history`;
    const { rows } = await client.query<{ content: string }>('SELECT pg_read_file($1) AS content', [
      file,
    ]);
    return rows[0]!.content;
  });
}

/** Lets the server forget what is sealed. A slot that cannot be moved now is moved after the next snapshot. */
async function releaseWal(
  cluster: Cluster,
  incarnation: string,
  end: Lsn,
  progress: ProgressListener,
): Promise<void> {
  try {
    await withControl(cluster, AbortSignal.timeout(RELEASE_TIMEOUT_MS), (client) =>
      advanceSlot(client, incarnation, end),
    );
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const text = `The database keeps its write-ahead log a little longer: ${reason}`;
    progress({ type: 'note:said', level: 'info', text });
  }
}

const RELEASE_TIMEOUT_MS = 10_000;
