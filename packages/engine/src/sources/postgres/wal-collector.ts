// Cuts a stream of WAL into pieces at fixed positions and stores them: whoever reads the same stretch again gives the same bytes to
// the vault, which has them already. A flush cuts too, at the mark; the next capture goes on from there.
import type { ObjectSink } from '../contract.ts';
import { bytesBetween, lsnAfter, type Lsn } from './lsn.ts';
import { PIECE_BYTES, type WalPiece } from './wal-list.ts';

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
  // Of a whole piece: WAL is copied once, out of a socket's chunks that it would otherwise keep alive whole.
  let content: Buffer | undefined;
  let failed: { readonly error: unknown } | undefined;

  const store = async (): Promise<void> => {
    if (position === start) return;
    const index =
      pieces.push({ start, ref: { digest: '', bytes: bytesBetween(start, position), depth: 0 } }) -
      1;
    const piece = { start, content: content!.subarray(0, bytesBetween(start, position)) };
    start = position;
    content = undefined;
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
        content ??= Buffer.allocUnsafe(PIECE_BYTES);
        content.set(part, bytesBetween(start, position));
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
