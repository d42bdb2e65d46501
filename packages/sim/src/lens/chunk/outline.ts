// What must be known of a journal before its chunk can be written: how many samples each frame has, and where positions change.
import type { Journal, JournalFrame } from '../journal/index.ts';

export interface FieldOutline {
  readonly counts: readonly number[];
  /** Frames that brought positions along. */
  readonly positionSets: readonly JournalFrame[];
  /** For each frame the index into `positionSets`; -1: none. */
  readonly positionsOf: readonly number[];
}

/** Of the field with this number. */
export function outlineOf({ frames }: Journal, field: number): FieldOutline {
  const counts: number[] = [];
  const positionSets: JournalFrame[] = [];
  const positionsOf: number[] = [];
  for (const frame of frames) {
    const { count, hasPositions } = frame.fields[field]!;
    counts.push(count);
    if (hasPositions) positionSets.push(frame);
    positionsOf.push(positionSets.length - 1);
  }
  return { counts, positionSets, positionsOf };
}
