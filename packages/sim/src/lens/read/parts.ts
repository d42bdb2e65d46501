// The parts of a lens, each with frames of its own: a sealed chunk, or the journal of an open one. Opened when something in them is
// asked for; a few stay open.
import { failure, isFailure } from '@stillpoint/core';
import { openChunk } from '../chunk/index.ts';
import type { ChunkFacts, FieldSamples, LensField, TickRange } from '../contract.ts';
import { readJournalFrom, widthOf } from '../journal/index.ts';
import { parseLensFileName, type LensFileKind } from '../names.ts';
import type { ColumnRange } from '../../zarr/index.ts';
import type { LensPlace } from './contract.ts';

export interface PartFile {
  readonly name: string;
  readonly kind: LensFileKind;
  readonly ticks: TickRange;
}

/** What is asked of a part. Frames are counted from its first. */
export interface Part extends AsyncDisposable {
  readonly facts: Omit<ChunkFacts, 'frames'>;
  readonly ticks: readonly number[];
  timeSeconds(frame: number): Promise<number>;
  samples(field: string, frame: number, signal?: AbortSignal): Promise<FieldSamples>;
  /** Frames `from` to `to`, of each the columns: one run of numbers. */
  series(
    field: LensField,
    from: number,
    to: number,
    columns: ColumnRange,
    signal?: AbortSignal,
  ): Promise<Float64Array | Float32Array>;
}

/** In the order of ticks. Of a chunk that has both files the sealed one counts: it was written from the journal. */
export function partFiles(names: readonly string[]): readonly PartFile[] {
  const parts = new Map<number, PartFile>();
  for (const name of names) {
    const parsed = parseLensFileName(name);
    if (parsed === undefined) continue;
    const { start } = parsed.ticks;
    if (parsed.kind === 'lens' || !parts.has(start)) parts.set(start, { name, ...parsed });
  }
  return [...parts.values()].toSorted((a, b) => a.ticks.start - b.ticks.start);
}

/** Undefined: it is gone, by a prune while we read. */
export async function openPart(
  place: LensPlace,
  file: PartFile,
  signal?: AbortSignal,
): Promise<Part | undefined> {
  try {
    return file.kind === 'lens'
      ? await openSealed(place, file, signal)
      : await openJournal(place, file, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function openSealed(
  place: LensPlace,
  { name }: PartFile,
  signal?: AbortSignal,
): Promise<Part> {
  const source = await place.open(name, signal);
  try {
    const chunk = await openChunk(source, signal);
    return {
      facts: chunk.facts,
      ticks: chunk.ticks,
      timeSeconds: async (frame) => chunk.timesSeconds[frame]!,
      samples: (field, frame, signal) => chunk.samples(field, frame, signal),
      series: (field, from, to, columns, signal) =>
        chunk.series(field.name, from, to, columns, signal),
      [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
    };
  } catch (error) {
    await source[Symbol.asyncDispose]();
    throw error;
  }
}

async function openJournal(
  place: LensPlace,
  { name }: PartFile,
  signal?: AbortSignal,
): Promise<Part> {
  const journal = await readJournalFrom(await place.open(name, signal));
  const frameAt = async (frame: number, signal?: AbortSignal) =>
    await journal.read(journal.frames[frame]!, signal);
  /** Positions are written where they change: the newest that were, up to a frame. */
  const positionsAt = async (field: string, frame: number, count: number, signal?: AbortSignal) => {
    for (let at = frame; at >= 0; at -= 1) {
      const { positions } = (await frameAt(at, signal)).fields.get(field)!;
      if (positions !== null) return positions.subarray(0, count * 3);
    }
    return null;
  };
  return {
    facts: journal.facts,
    ticks: journal.frames.map(({ tick }) => tick),
    timeSeconds: async (frame) => (await frameAt(frame)).simTimeSeconds,
    async samples(field, frame, signal) {
      const found = (await frameAt(frame, signal)).fields.get(field);
      if (found === undefined) throw unknown(place, journal.facts.fields, field);
      if (found.positions !== null) return found;
      return { ...found, positions: await positionsAt(field, frame, found.count, signal) };
    },
    async series(field, from, to, columns, signal) {
      const width = widthOf(field);
      const across = (columns.to - columns.from) * width;
      const Numbers = field.precision.type === 'float64' ? Float64Array : Float32Array;
      const out = new Numbers((to - from) * across).fill(Number.NaN);
      for (let frame = from; frame < to; frame += 1) {
        const { values } = (await frameAt(frame, signal)).fields.get(field.name)!;
        out.set(values.subarray(columns.from * width, columns.to * width), (frame - from) * across);
      }
      return out;
    },
    [Symbol.asyncDispose]: () => journal[Symbol.asyncDispose](),
  };
}

export function unknown(place: LensPlace, fields: readonly LensField[], field: string): Error {
  return failure('LENS_FIELD_UNKNOWN', {
    path: place.name,
    field,
    known: fields.map(({ name }) => name).join(', '),
  });
}

/** Damage of a part's content; anything else is thrown on. */
export function damageIn(error: unknown): string {
  if (isFailure(error) && ['LENS_DAMAGED', 'LENS_FOREIGN'].includes(error.code))
    return error.message;
  throw error;
}
