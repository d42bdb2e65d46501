// An old snapshot that holds much WAL, told again with a base that lies just before its mark: its own base and WAL are replayed beside
// the live cluster up to the mark, and what then lies there is copied as the new base, compared with one that is in the vault
// anyway. Mark, timeline and incarnation stay: it is the same moment of the same history, and recovered to like any other.
// What is replayed after the new base is the WAL since the last checkpoint before the mark.
import { newUuid, type Json } from '@stillpoint/core';
import type { RebaseOptions } from '../contract.ts';
import { storeBase } from './base.ts';
import type { Cluster, PrivateServer } from './cluster/contract.ts';
import { readTotalBytes } from './facts.ts';
import { writeNote } from './incarnation.ts';
import { bytesBetween, formatLsn, parseLsn, segmentStart, type Lsn } from './lsn.ts';
import { layOut, refuseOtherMachine } from './prepare.ts';
import { parseRecord, type BaseRef, type PostgresRecord } from './record.ts';
import { startAtMark } from './recovery.ts';
import { withControl } from './session.ts';
import { readWalList, spanEnd, writeWalList, type WalSpan } from './wal-list.ts';

/** Less WAL than this is not worth a recovery. */
const WAL_BYTES_WORTH = 64 * 1024 ** 2;

/** undefined: there is nothing to gain. */
export async function rebase(
  cluster: Cluster,
  json: Json,
  options: RebaseOptions,
): Promise<Json | undefined> {
  const { source, signal, progress, snapshot } = options;
  const record = parseRecord(json);
  if (!worthRebasing(json)) return undefined;
  refuseOtherMachine(cluster, record);
  const list = await readWalList(source, record.wal);
  const incarnation = newUuid();
  // Only to be looked at: whatever dies here, the next look or snapshot drops it.
  await writeNote(cluster, incarnation, 'prepared', { snapshot, view: true });
  try {
    const laidOut = await layOut(cluster, { incarnation, record, list, source, signal, progress });
    progress({ type: 'phase:started', phase: 'recovery', detail: 'database' });
    await using server = await startAtMark(cluster, laidOut);
    if (!(await pays(server, record, signal))) return undefined;
    const base = await storeBaseAtMark(server, record, { ...options, spans: list.spans });
    const from = segmentStart(parseLsn(base.startLsn), record.walSegmentBytes);
    const spans = spansFrom(list.spans, from);
    const rebased: PostgresRecord = {
      ...record,
      ancestors: record.ancestors.slice(record.ancestors.length - (spans.length - 1)),
      base,
      wal: await writeWalList(options.sink, { spans, history: list.history }),
      walFrom: formatLsn(from),
    };
    return rebased;
  } finally {
    await cluster.dropIncarnation(incarnation);
  }
}

export function worthRebasing(json: Json): boolean {
  const record = parseRecord(json);
  return heldBytes(record, parseLsn(record.walFrom)) >= WAL_BYTES_WORTH;
}

function heldBytes({ walTo }: PostgresRecord, from: Lsn): number {
  return bytesBetween(from, parseLsn(walTo));
}

/** The new base begins at the last checkpoint before the mark: does half of the WAL lie before it? */
async function pays(
  server: PrivateServer,
  record: PostgresRecord,
  signal: AbortSignal,
): Promise<boolean> {
  const redo = await withControl(server, signal, async (client) => {
    await client.query('CHECKPOINT');
    const { rows } = await client.query<{ lsn: string }>(
      'SELECT redo_lsn::text AS lsn FROM pg_control_checkpoint()',
    );
    return parseLsn(rows[0]!.lsn);
  });
  return heldBytes(record, redo) <= heldBytes(record, parseLsn(record.walFrom)) / 2;
}

async function storeBaseAtMark(
  server: PrivateServer,
  record: PostgresRecord,
  options: RebaseOptions & { readonly spans: readonly WalSpan[] },
): Promise<BaseRef> {
  const { snapshot, others, spans, sink, source, signal, progress } = options;
  progress({ type: 'phase:started', phase: 'base', detail: 'database' });
  const base = await storeBase(server, {
    label: `stillpoint ${snapshot}`,
    incarnation: record.incarnation,
    sink,
    source,
    previous: await baseLike(record, others),
    pageBytes: record.pageBytes,
    bytesTotal: await withControl(server, signal, readTotalBytes),
    signal,
    progress,
  });
  if (parseLsn(base.stopLsn) > parseLsn(record.mark.lsn)) {
    throw new TypeError('the base ends behind the mark it was taken at');
  }
  const start = parseLsn(base.startLsn);
  const span = spans.findLast(({ from }) => from <= start) ?? spans[0]!;
  return { ...base, incarnation: span.incarnation, timeline: span.timeline };
}

/** One that stays in the vault: of another snapshot of this cluster, the newest. Else the record's own, which has most in common. */
async function baseLike(record: PostgresRecord, others: AsyncIterable<Json>): Promise<BaseRef> {
  for await (const json of others) {
    const other = parseRecord(json);
    if (other.systemId === record.systemId) return other.base;
  }
  return record.base;
}

/** `from` begins a segment, and so a piece. */
function spansFrom(spans: readonly WalSpan[], from: Lsn): readonly WalSpan[] {
  return spans
    .filter((span, at) => at === spans.length - 1 || spans[at + 1]!.from > from)
    .map((span) => {
      if (span.from >= from || spanEnd(span) <= from) return span;
      return { ...span, from, pieces: span.pieces.filter(({ start }) => start >= from) };
    });
}
