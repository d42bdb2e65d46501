// What must be known of a journal before its chunk can be written: how many samples each frame has, and where positions change.
import type { Journal } from '../journal/index.ts';

export interface FieldOutline {
  readonly counts: readonly number[];
  /** Frames that brought positions along. */
  readonly positionSets: readonly number[];
  /** For each frame the index into `positionSets`; -1: none. */
  readonly positionsOf: readonly number[];
}

export interface Outline {
  readonly ticks: readonly number[];
  readonly timesSeconds: readonly number[];
  readonly fields: ReadonlyMap<string, FieldOutline>;
}

export async function outlineOf(journal: Journal, signal?: AbortSignal): Promise<Outline> {
  const fields = new Map(
    journal.facts.fields.map(({ name }) => [
      name,
      { counts: [] as number[], positionSets: [] as number[], positionsOf: [] as number[] },
    ]),
  );
  const timesSeconds: number[] = [];
  for (const [number, place] of journal.frames.entries()) {
    signal?.throwIfAborted();
    const frame = await journal.read(place);
    timesSeconds.push(frame.simTimeSeconds);
    for (const [name, { count, positions }] of frame.fields) {
      const field = fields.get(name)!;
      field.counts.push(count);
      if (positions !== null) field.positionSets.push(number);
      field.positionsOf.push(field.positionSets.length - 1);
    }
  }
  return { ticks: journal.frames.map(({ tick }) => tick), timesSeconds, fields };
}
