// Which frames a statement can have anything of. Each field is put before DuckDB as pieces one behind the other, each with its range of
// ticks and times; its optimizer drops those that contradict the statement, and its plan says which are left. Then these are cut finer.
// So every condition that DuckDB understands counts, and what it cannot prove is read.
import type { SqlRun } from './messages.ts';

/** Frames `from` to `to` of a run, half-open, of a field. */
export interface Piece {
  readonly run: number;
  readonly field: string;
  readonly from: number;
  readonly to: number;
}

/** Planning takes its time for each of them. */
const MOST_PIECES = 128;
/** So many are packed together: less is not read. */
const FEWEST_FRAMES = 32;

/** `left` says which pieces of those that it is shown are in the plan. */
export async function piecesLeft(
  whole: readonly Piece[],
  left: (shown: readonly Piece[]) => Promise<readonly Piece[]>,
): Promise<readonly Piece[]> {
  let pieces = await left(whole);
  for (;;) {
    const finer = cut(pieces);
    if (finer.length === pieces.length) return pieces;
    const found = await left(finer);
    // Nothing was dropped: it has no condition that helps.
    if (found.length === finer.length) return pieces;
    pieces = joined(found);
  }
}

function cut(pieces: readonly Piece[]): readonly Piece[] {
  const parts = Math.floor(MOST_PIECES / Math.max(pieces.length, 1));
  if (parts < 2) return pieces;
  return pieces.flatMap((piece) => {
    const frames = Math.max(Math.ceil((piece.to - piece.from) / parts), FEWEST_FRAMES);
    const cuts: Piece[] = [];
    for (let { from } = piece; from < piece.to; from += frames)
      cuts.push({ ...piece, from, to: Math.min(from + frames, piece.to) });
    return cuts;
  });
}

/** Those that follow each other are one. */
function joined(pieces: readonly Piece[]): readonly Piece[] {
  const whole: Piece[] = [];
  for (const piece of pieces) {
    const last = whole.at(-1);
    if (last?.run === piece.run && last.field === piece.field && last.to === piece.from)
      whole[whole.length - 1] = { ...last, to: piece.to };
    else whole.push(piece);
  }
  return whole;
}

/** What is true of every row of a piece. */
export function conditionOf({ ticks, timesSeconds }: SqlRun, { from, to }: Piece): string {
  if (from >= to) return 'false';
  const times = timesSeconds.subarray(from, to);
  let [low, high] = [Infinity, -Infinity];
  for (const time of times) {
    if (time < low) low = time;
    if (time > high) high = time;
  }
  const isKnown = times.every(Number.isFinite);
  return `tick between ${ticks[from]} and ${ticks[to - 1]}${isKnown ? ` and time_seconds between ${exact(low)} and ${exact(high)}` : ''}`;
}

/** As a double, digit for digit. */
function exact(number: number): string {
  return `${number < 0 || Object.is(number, -0) ? `(-${-number})` : number}::double`;
}
