// Turns WAL pieces back into the segment files that a recovery asks for: whole 16 MiB files with a zero-filled tail, named
// for the timeline the server will look for them under, plus the history file.
// The segment in which a timeline begins belongs to that timeline, and its bytes before the fork are the ancestor's: just
// what Postgres itself leaves in pg_wal at a promotion. Nothing of a sibling history ever gets here: two restores from one
// base have the same system id and timeline number, and only the list of this snapshot tells them apart.
import { open } from 'node:fs/promises';
import path from 'node:path';
import { failure } from '@stillpoint/core';
import type { ObjectSource } from '../contract.ts';
import {
  bytesBetween,
  formatLsn,
  historyFileName,
  lsnAfter,
  segmentFileName,
  segmentNumber,
  segmentStart,
  type Lsn,
} from './lsn.ts';
import type { WalList, WalPiece, WalSpan } from './wal-list.ts';

export interface MaterialiseOptions {
  readonly list: WalList;
  /** From the start of this position's segment ... */
  readonly from: Lsn;
  /** ... up to here exactly. */
  readonly to: Lsn;
  readonly segmentBytes: number;
  readonly directory: string;
  readonly source: ObjectSource;
  readonly signal: AbortSignal;
}

/** A part of a piece that goes into one segment. */
interface Part {
  readonly piece: WalPiece;
  readonly from: Lsn;
  readonly to: Lsn;
}

export async function materialiseWal(options: MaterialiseOptions): Promise<void> {
  const { list, to, segmentBytes, directory, signal } = options;
  const from = segmentStart(options.from, segmentBytes);
  const parts = selectParts(list, from, to);
  for (let start = from; start < to; start = lsnAfter(start, segmentBytes)) {
    signal.throwIfAborted();
    const end = lsnAfter(start, segmentBytes);
    const timeline = timelineOf(list.spans, start, segmentBytes);
    const name = segmentFileName(timeline, segmentNumber(start, segmentBytes), segmentBytes);
    const inSegment = parts.filter((part) => part.from < end && part.to > start);
    await writeSegment(path.join(directory, name), start, inSegment, options);
  }
  const last = list.spans.at(-1);
  if (last !== undefined && list.history !== null) {
    await writeNew(path.join(directory, historyFileName(last.timeline)), Buffer.from(list.history));
  }
}

/** Follows the spans from `from` to `to`; each is left where the next begins. POSTGRES_WAL_LOST for a gap. */
function selectParts(list: WalList, from: Lsn, to: Lsn): readonly Part[] {
  const parts: Part[] = [];
  let position = from;
  for (const [index, span] of list.spans.entries()) {
    const next = list.spans[index + 1]?.from;
    const limit = next === undefined || next > to ? to : next;
    for (const piece of span.pieces) {
      const end = lsnAfter(piece.start, piece.ref.bytes);
      if (end <= position || piece.start >= limit) continue;
      if (piece.start > position) throw gap(position, piece.start);
      const stop = end < limit ? end : limit;
      parts.push({ piece, from: position, to: stop });
      position = stop;
    }
  }
  if (position < to) throw gap(position, to);
  return parts;
}

function gap(from: Lsn, to: Lsn): Error {
  return failure('POSTGRES_WAL_LOST', {
    from: formatLsn(from),
    reason: `the snapshot does not hold the log up to ${formatLsn(to)}`,
  });
}

/** The newest timeline that has begun in this segment or before it. */
function timelineOf(spans: readonly WalSpan[], start: Lsn, segmentBytes: number): number {
  let timeline = spans[0]?.timeline ?? 1;
  for (const [index, span] of spans.entries()) {
    const began = index === 0 ? span.from : (spans[index - 1]?.forkLsn ?? span.from);
    if (segmentStart(began, segmentBytes) <= start) timeline = span.timeline;
  }
  return timeline;
}

async function writeSegment(
  file: string,
  start: Lsn,
  parts: readonly Part[],
  { source, segmentBytes }: MaterialiseOptions,
): Promise<void> {
  const handle = await open(file, 'wx', 0o600);
  try {
    await handle.truncate(segmentBytes);
    const end = lsnAfter(start, segmentBytes);
    for (const part of parts) {
      const { piece } = part;
      const from = part.from > start ? part.from : start;
      const to = part.to < end ? part.to : end;
      const content = await source.readBytes(piece.ref);
      const begin = bytesBetween(piece.start, from);
      const bytes = content.subarray(begin, begin + bytesBetween(from, to));
      let offset = bytesBetween(start, from);
      for (let written = 0; written < bytes.length;) {
        const result = await handle.write(bytes, written, bytes.length - written, offset);
        written += result.bytesWritten;
        offset += result.bytesWritten;
      }
    }
  } finally {
    await handle.close();
  }
}

async function writeNew(file: string, content: Uint8Array): Promise<void> {
  const handle = await open(file, 'wx', 0o600);
  try {
    await handle.writeFile(content);
  } finally {
    await handle.close();
  }
}
