// Which pieces of WAL a snapshot rests on: one span for each incarnation (and timeline) its history ran through, each
// span an append-only list of pieces. The next snapshot appends to it, so only new WAL is stored again.
// INVARIANTS: within a span the pieces follow each other without a gap; a span ends where the next one begins or
// later; a piece never crosses a multiple of PIECE_BYTES.
import { canonicalBytes } from '@stillpoint/core';
import { z } from 'zod';
import {
  streamRefSchema,
  type ObjectSink,
  type ObjectSource,
  type StreamRef,
} from '../contract.ts';
import { bytesBetween, formatLsn, isLsnText, lsnAfter, parseLsn, type Lsn } from './lsn.ts';
import { parseStored } from './record.ts';

export interface WalPiece {
  readonly start: Lsn;
  readonly ref: StreamRef;
}

export interface WalSpan {
  readonly incarnation: string;
  readonly timeline: number;
  readonly from: Lsn;
  /** Where the next incarnation forked; undefined for the last span. */
  readonly forkLsn: Lsn | undefined;
  readonly pieces: readonly WalPiece[];
}

export interface WalList {
  readonly spans: readonly WalSpan[];
  /** Content of the last timeline's history file; null on timeline 1. It names all timelines before it, too. */
  readonly history: string | null;
}

export const PIECE_BYTES = 2 * 1024 * 1024;

const lsn = z.string().refine(isLsnText, 'an LSN');
const stored = z.object({
  version: z.literal(1),
  history: z.string().nullable(),
  spans: z.array(
    z.object({
      incarnation: z.uuid(),
      timeline: z.int().min(1),
      from: lsn,
      forkLsn: lsn.nullable(),
      pieces: z.array(z.tuple([lsn, streamRefSchema])),
    }),
  ),
});

export function spanEnd({ from, pieces }: WalSpan): Lsn {
  const last = pieces.at(-1);
  return last === undefined ? from : lsnAfter(last.start, last.ref.bytes);
}

export async function writeWalList(sink: ObjectSink, list: WalList): Promise<StreamRef> {
  const json: z.infer<typeof stored> = {
    version: 1,
    history: list.history,
    spans: list.spans.map(({ incarnation, timeline, from, forkLsn, pieces }) => ({
      incarnation,
      timeline,
      from: formatLsn(from),
      forkLsn: forkLsn === undefined ? null : formatLsn(forkLsn),
      pieces: pieces.map(({ start, ref }) => [formatLsn(start), ref]),
    })),
  };
  return sink.writeBytes(canonicalBytes(json));
}

export async function readWalList(source: ObjectSource, ref: StreamRef): Promise<WalList> {
  const text = Buffer.from(await source.readBytes(ref)).toString('utf8');
  const { spans, history } = parseStored(stored, JSON.parse(text));
  return {
    history,
    spans: spans.map((span) => ({
      ...span,
      from: parseLsn(span.from),
      forkLsn: span.forkLsn === null ? undefined : parseLsn(span.forkLsn),
      pieces: span.pieces.map(([start, piece]) => ({ start: parseLsn(start), ref: piece })),
    })),
  };
}

export interface WalCollector {
  readonly position: Lsn;
  readonly pieces: readonly WalPiece[];
  /** Takes over a copy of `bytes`, which must begin at `position`. */
  write(start: Lsn, bytes: Uint8Array): Promise<void>;
  /** Stores what is pending: the list ends at `position` now. */
  flush(): Promise<void>;
}

/** How many pieces may be on their way into the sink at once. */
const PIECES_IN_FLIGHT = 3;

/** Cuts a stream of WAL into pieces. What is not yet a whole piece waits in memory, so that two short reads make one piece. */
export function createWalCollector(sink: ObjectSink, from: Lsn): WalCollector {
  const pieces: WalPiece[] = [];
  const inFlight = new Set<Promise<void>>();
  let position = from;
  let start = from;
  let pending: Uint8Array[] = [];
  let failed: { readonly error: unknown } | undefined;

  const store = async (): Promise<void> => {
    if (position === start) return;
    const index =
      pieces.push({ start, ref: { digest: '', bytes: bytesBetween(start, position), depth: 0 } }) -
      1;
    const piece = { start, content: Buffer.concat(pending) };
    start = position;
    pending = [];
    const work: Promise<void> = sink
      .writeBytes(piece.content)
      .then((ref) => void (pieces[index] = { start: piece.start, ref }))
      .catch((error: unknown) => void (failed ??= { error }))
      .finally(() => inFlight.delete(work));
    inFlight.add(work);
    while (inFlight.size >= PIECES_IN_FLIGHT) await Promise.race(inFlight);
    if (failed !== undefined) throw failed.error;
  };

  return {
    get position() {
      return position;
    },
    pieces,
    async write(at, bytes) {
      if (at !== position) throw new TypeError('WAL must be collected without a gap');
      let rest = bytes;
      while (rest.length > 0) {
        const room = PIECE_BYTES - Number(position % BigInt(PIECE_BYTES));
        const part = rest.subarray(0, room);
        // A copy: the part is a view of a socket chunk that it would otherwise keep alive whole.
        pending.push(Uint8Array.from(part));
        position = lsnAfter(position, part.length);
        rest = rest.subarray(part.length);
        if (part.length === room) await store();
      }
    },
    async flush() {
      await store();
      await Promise.all(inFlight);
      if (failed !== undefined) throw failed.error;
    },
  };
}
