// One capture: begin() makes sure of a base and catches up with the WAL, the mark is taken in the freeze, capture() streams
// the rest up to the mark and writes the record. The slot is advanced only when the snapshot is sealed: whatever dies
// before, the next capture finds all WAL since the last sealed one.
import {
  canonicalBytes,
  digestOf,
  failure,
  type Json,
  type ProgressListener,
} from '@stillpoint/core';
import type { BeginOptions, Captured, CaptureSession } from '../contract.ts';
import type { Cluster } from './cluster/contract.ts';
import { collect, findFooting, lookAtLive, type Footing, type Live } from './footing.ts';
import { formatLsn, historyFileName, parseLsn, type Lsn } from './lsn.ts';
import { openMarker, type Mark, type Marker } from './marks.ts';
import { currentArch, RECORD_VERSION, type PostgresRecord } from './record.ts';
import { advanceSlot } from './replication/slot.ts';
import { isWalMissing } from './replication/wal-stream.ts';
import { writeSequences } from './sequences.ts';
import { withControl } from './session.ts';
import { writeWalList } from './wal-list.ts';

export const STRATEGY = 'base+wal';

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
    const file = `pg_wal/${historyFileName(timeline)}`;
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
