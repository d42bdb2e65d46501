// Goes through the samples of frames, and writes them as columns.
import { freeMemory } from '@stillpoint/core';
import type { LensField } from '../contract.ts';
import { widthOf } from '../journal/index.ts';
import { positionsOf } from '../reconstruct/index.ts';
import type { FeedFrames } from './messages.ts';
import { placesOf } from './tables.ts';

export type ColumnItems = Float64Array | Float32Array | Int32Array | BigInt64Array;

/** Rows of one frame: `from` and `to` within what is here of it, `first` the first of that among all, `at` where they come in the column. */
interface Stretch {
  readonly frame: number;
  readonly from: number;
  readonly to: number;
  readonly first: number;
  readonly at: number;
}

export interface Cursor {
  /** Rows that are left of the frames. */
  readonly left: number;
  /** From their first sample. */
  start(frames: FeedFrames): void;
  /** The next rows of a column, as `columnsOf` counts them. */
  write(column: number, items: ColumnItems, rows: number): void;
  advance(rows: number): void;
}

/** Of tick, time and sample; then come places, then components. */
export const PLACES_FROM = 3;

export function createCursor(field: LensField, fixedPlaces: () => readonly Float64Array[]): Cursor {
  const places = placesOf(field).length;
  const width = widthOf(field);
  let frames: FeedFrames | undefined;
  let position = { frame: 0, row: 0, first: 0 };
  let left = 0;

  function* stretches(rows: number): Generator<Stretch> {
    const { counts } = frames!;
    let { frame, row, first } = position;
    for (let at = 0; at < rows;) {
      const to = Math.min(counts[frame]!, row + rows - at);
      yield { frame, from: row, to, first, at };
      at += to - row;
      if (to < counts[frame]!) break;
      first += counts[frame]!;
      frame += 1;
      row = 0;
    }
  }

  const writers: readonly ((items: never, rows: number) => void)[] = [
    (items: BigInt64Array, rows) => {
      for (const { frame, from, to, at } of stretches(rows))
        items.fill(BigInt(frames!.ticks[frame]!), at, at + to - from);
    },
    (items: Float64Array, rows) => {
      for (const { frame, from, to, at } of stretches(rows))
        items.fill(frames!.timesSeconds[frame]!, at, at + to - from);
    },
    (items: Int32Array, rows) => {
      for (const { frame, from, to, at } of stretches(rows)) {
        const sample = frames!.firstSamples[frame]!;
        for (let row = from; row < to; row += 1) items[at + row - from] = sample + row;
      }
    },
  ];

  const place = (axis: number, items: Float64Array, rows: number): void => {
    const { positions, firstSamples } = frames!;
    for (const { frame, from, to, first, at } of stretches(rows))
      if (positions === null) {
        const sample = firstSamples[frame]!;
        items.set(fixedPlaces()[axis]!.subarray(sample + from, sample + to), at);
      } else
        for (let row = from; row < to; row += 1)
          items[at + row - from] = positions[(first + row) * 3 + axis]!;
  };

  const component = (number: number, items: Float64Array | Float32Array, rows: number): void => {
    const values = frames!.values!;
    for (const { from, to, first, at } of stretches(rows))
      if (width === 1) items.set(values.subarray(first + from, first + to), at);
      else
        for (let row = from; row < to; row += 1)
          items[at + row - from] = values[(first + row) * width + number]!;
  };

  return {
    get left() {
      return left;
    },
    start(given) {
      // A thread that stands still most of the time collects late.
      for (const numbers of [frames?.values, frames?.positions])
        if (numbers != null) freeMemory(numbers);
      frames = given;
      position = { frame: 0, row: 0, first: 0 };
      left = given.counts.reduce((sum, count) => sum + count, 0);
    },
    write(column, items, rows) {
      if (column < PLACES_FROM) writers[column]!(items as never, rows);
      else if (column < PLACES_FROM + places)
        place(column - PLACES_FROM, items as Float64Array, rows);
      else component(column - PLACES_FROM - places, items as Float64Array, rows);
    },
    advance(rows) {
      for (const { frame, to, first } of stretches(rows))
        position =
          to < frames!.counts[frame]!
            ? { frame, row: to, first }
            : { frame: frame + 1, row: 0, first: first + to };
      left -= rows;
    },
  };
}

/**
 * Of samples that stay where the topology says, one list for each column. On a sphere they are counted, not taken from directions, which
 * have lost the last digits: all of a ring has one latitude, and rows can be grouped by it.
 */
export function fixedPlacesOf(field: LensField): readonly Float64Array[] {
  const { kind, rows = 1, columns = 1 } = field.topology;
  if (kind === 'sphere')
    return [
      Float64Array.from({ length: rows * columns }, (_, at) =>
        centreOf(-180, 360, at % columns, columns),
      ),
      Float64Array.from({ length: rows * columns }, (_, at) =>
        centreOf(-90, 180, Math.floor(at / columns), rows),
      ),
    ];
  const positions = positionsOf(field, { count: 0, positions: null });
  return placesOf(field).map((_, axis) => positions.filter((__, at) => at % 3 === axis));
}

function centreOf(from: number, width: number, cell: number, cells: number): number {
  return from + ((cell + 0.5) * width) / cells;
}
