// Which pieces of WAL a snapshot rests on: one span for each incarnation (and timeline) its history ran through, each
// span an append-only list of pieces. The next snapshot appends to it, so only new WAL is stored again. The list is stored in
// leaves of a fixed number of pieces: the full ones are the same bytes in every later snapshot, so that a list costs its end only.
// INVARIANTS: within a span the pieces follow each other without a gap; a span ends where the next one begins or
// later; a piece never crosses a multiple of PIECE_BYTES.
import { canonicalBytes } from '@stillpoint/core';
import * as z from 'zod';
import {
  streamRefSchema,
  type ObjectSink,
  type ObjectSource,
  type StreamRef,
} from '../contract.ts';
import { formatLsn, isLsnText, lsnAfter, parseLsn, type Lsn } from './lsn.ts';
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

/** Divides a segment, and is small enough to be one chunk most of the time. */
export const PIECE_BYTES = 1024 * 1024;
export const LEAF_PIECES = 64;

const lsn = z.string().refine(isLsnText, 'an LSN');
const storedPieces = z.array(z.tuple([lsn, streamRefSchema]));
const stored = z.object({
  version: z.literal(1),
  history: z.string().nullable(),
  spans: z.array(
    z.object({
      incarnation: z.uuid(),
      timeline: z.int().min(1),
      from: lsn,
      forkLsn: lsn.nullable(),
      /** Of LEAF_PIECES pieces each; `pieces` are those after them. */
      leaves: z.array(streamRefSchema),
      pieces: storedPieces,
    }),
  ),
});

export function spanEnd({ from, pieces }: WalSpan): Lsn {
  const last = pieces.at(-1);
  return last === undefined ? from : lsnAfter(last.start, last.ref.bytes);
}

export async function writeWalList(sink: ObjectSink, list: WalList): Promise<StreamRef> {
  const spans: z.infer<typeof stored>['spans'] = [];
  for (const { incarnation, timeline, from, forkLsn, pieces } of list.spans) {
    const leaves: StreamRef[] = [];
    let at = 0;
    for (; pieces.length - at >= LEAF_PIECES; at += LEAF_PIECES) {
      const leaf = pieces.slice(at, at + LEAF_PIECES);
      leaves.push(await sink.writeBytes(canonicalBytes(formatPieces(leaf))));
    }
    spans.push({
      incarnation,
      timeline,
      from: formatLsn(from),
      forkLsn: forkLsn === undefined ? null : formatLsn(forkLsn),
      leaves,
      pieces: formatPieces(pieces.slice(at)),
    });
  }
  return sink.writeBytes(canonicalBytes({ version: 1, history: list.history, spans }));
}

export async function readWalList(source: ObjectSource, ref: StreamRef): Promise<WalList> {
  const { history, spans } = await readHead(source, ref);
  return {
    history,
    spans: await Promise.all(
      spans.map(async ({ leaves, pieces, ...span }) => {
        const read = await Promise.all(leaves.map((leaf) => readLeaf(source, leaf)));
        return {
          ...span,
          from: parseLsn(span.from),
          forkLsn: span.forkLsn === null ? undefined : parseLsn(span.forkLsn),
          pieces: [...read.flat(), ...parsePieces(pieces)],
        };
      }),
    ),
  };
}

/** Everything that the list is stored in, and every piece: all of them, not only those up to a mark. */
export async function* walStreams(source: ObjectSource, ref: StreamRef): AsyncGenerator<StreamRef> {
  yield ref;
  for (const { leaves, pieces } of (await readHead(source, ref)).spans) {
    for (const leaf of leaves) {
      yield leaf;
      for (const piece of await readLeaf(source, leaf)) yield piece.ref;
    }
    for (const [, piece] of pieces) yield piece;
  }
}

async function readHead(source: ObjectSource, ref: StreamRef): Promise<z.infer<typeof stored>> {
  return parseStored(stored, await readJson(source, ref));
}

async function readLeaf(source: ObjectSource, ref: StreamRef): Promise<readonly WalPiece[]> {
  return parsePieces(parseStored(storedPieces, await readJson(source, ref)));
}

async function readJson(source: ObjectSource, ref: StreamRef): Promise<unknown> {
  return JSON.parse(Buffer.from(await source.readBytes(ref)).toString('utf8'));
}

function formatPieces(pieces: readonly WalPiece[]): z.infer<typeof storedPieces> {
  return pieces.map(({ start, ref }) => [formatLsn(start), ref]);
}

function parsePieces(pieces: z.infer<typeof storedPieces>): readonly WalPiece[] {
  return pieces.map(([start, ref]) => ({ start: parseLsn(start), ref }));
}
