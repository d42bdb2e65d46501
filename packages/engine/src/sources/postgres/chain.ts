// What the next snapshot continues: the WAL list of an earlier one, or nothing, and then a new base is made.
// An earlier record serves if it belongs to this incarnation, or is the one this incarnation was restored from. It must be in
// `history`: only what a sealed snapshot of this vault names can be there. Whether it still is, the vault is asked: it may be damaged.
import type { Json } from '@stillpoint/core';
import type { Origin } from './incarnation.ts';
import { bytesBetween, parseLsn, type Lsn } from './lsn.ts';
import { parseRecord, type BaseRef, type PostgresRecord } from './record.ts';
import { canBeContinued, type Vaulted } from './references.ts';
import { readWalList, type WalSpan } from './wal-list.ts';

export interface Predecessor {
  readonly base: BaseRef;
  /** Whole and ended: the new WAL goes into a span of its own or continues the last one. */
  readonly spans: readonly WalSpan[];
  /** The WAL is continued from here. */
  readonly position: Lsn;
  /** Bytes of WAL since the base. */
  readonly walBytes: number;
}

export interface Past {
  readonly predecessor: Predecessor | undefined;
  /** Of the newest snapshot of this cluster, whether it can be continued or not: a new base is much like it. */
  readonly base: BaseRef | undefined;
  /** There is one to continue, but the vault has lost something that it rests on. */
  readonly lost: boolean;
}

export interface LiveState {
  readonly incarnation: string;
  readonly timeline: number;
  readonly systemId: string;
  readonly origin: Origin | undefined;
}

/**
 * History is newest first; a few more than the first that serves are enough even if the wall clock went back between them. Each
 * is a manifest that is read, and there may be thousands.
 */
const RECORDS_COMPARED = 8;

export async function findPast(
  history: AsyncIterable<Json>,
  live: LiveState,
  vault: Vaulted,
): Promise<Past> {
  const originMark =
    live.origin === undefined ? undefined : parseRecord(live.origin.record).mark.name;
  let own: PostgresRecord | undefined;
  let origin: PostgresRecord | undefined;
  let base: BaseRef | undefined;
  let compared = 0;
  for await (const json of history) {
    const record = parseRecord(json);
    if (record.systemId === live.systemId) {
      base ??= record.base;
      const isOwn = record.incarnation === live.incarnation;
      if (isOwn && (own === undefined || parseLsn(record.walTo) > parseLsn(own.walTo)))
        own = record;
      if (record.mark.name === originMark) origin = record;
    }
    if (own !== undefined || origin !== undefined) compared += 1;
    if (compared >= RECORDS_COMPARED) break;
  }
  const chosen = own ?? origin;
  if (chosen === undefined || !isOnTimeline(chosen, live, own !== undefined)) {
    return { base, predecessor: undefined, lost: false };
  }
  if (!(await canBeContinued(chosen, vault))) return { base, predecessor: undefined, lost: true };
  const { spans } = await readWalList(vault.source, chosen.wal);
  const continued =
    own === undefined && live.origin !== undefined
      ? forkSpans(spans, live, live.origin, parseLsn(chosen.walTo))
      : spans;
  return { base, predecessor: continueFrom(chosen, continued), lost: false };
}

/** `isOwn`: of this life; else the one that it was restored from. */
function isOnTimeline(
  record: PostgresRecord,
  { timeline, origin }: LiveState,
  isOwn: boolean,
): boolean {
  return (isOwn ? record.mark.timeline : origin?.timeline) === timeline;
}

function continueFrom(record: PostgresRecord, spans: readonly WalSpan[]): Predecessor {
  const position = parseLsn(record.walTo);
  return {
    base: record.base,
    spans,
    position,
    walBytes: bytesBetween(parseLsn(record.walFrom), position),
  };
}

/**
 * The new life's span begins where the record's WAL ends, which is at its fork or just before (a page header): the
 * server has copied what precedes the fork into the first segment of its new timeline.
 */
function forkSpans(
  spans: readonly WalSpan[],
  live: LiveState,
  origin: Origin,
  position: Lsn,
): readonly WalSpan[] {
  const forkLsn = parseLsn(origin.forkLsn);
  return [
    ...spans.map((span, index) => (index === spans.length - 1 ? { ...span, forkLsn } : span)),
    {
      incarnation: live.incarnation,
      timeline: live.timeline,
      from: position,
      forkLsn: undefined,
      pieces: [],
    },
  ];
}
