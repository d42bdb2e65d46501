// The parts of a lens, each with frames of its own: a sealed chunk, or the journal of an open one. Opened when something in them is
// asked for; a few stay open.
import { failure, isFailure } from '@stillpoint/core';
import { openChunk, type Blocks, type FrameMemory } from '../chunk/index.ts';
import type { ChunkFacts, FieldSamples, LensField, TickRange } from '../contract.ts';
import { damageOf, readJournalFrom, widthOf, type Journal } from '../journal/index.ts';
import { parseLensFileName, withoutSuperseded, type LensFileKind } from '../names.ts';
import type { ColumnRange } from '../../zarr/index.ts';
import type { LensPlace } from './contract.ts';
import { within } from './within.ts';

export interface PartFile {
  readonly name: string;
  readonly kind: LensFileKind;
  readonly ticks: TickRange;
}

/** What is asked of a part. Frames are counted from its first. */
export interface Part extends AsyncDisposable {
  readonly facts: Omit<ChunkFacts, 'frames'>;
  readonly sizeBytes: number;
  readonly ticks: readonly number[];
  /** Why there may be frames behind its last that cannot be read. */
  readonly damage?: string;
  timeSeconds(frame: number): Promise<number>;
  /** Into `memory` where there is one: good until the next are read into it. */
  samples(
    field: string,
    frame: number,
    signal?: AbortSignal,
    memory?: FrameMemory,
  ): Promise<FieldSamples>;
  /** Frames `from` to `to`, of each the columns: one run of numbers. */
  series(
    field: LensField,
    from: number,
    to: number,
    columns: ColumnRange,
    signal?: AbortSignal,
  ): Promise<Float64Array | Float32Array>;
}

/** In the order of ticks. */
export function partFiles(names: readonly string[]): readonly PartFile[] {
  return withoutSuperseded(
    names.flatMap((name) => {
      const parsed = parseLensFileName(name);
      return parsed === undefined ? [] : [{ name, ...parsed }];
    }),
  );
}

/**
 * What was sealed or merged since its place was listed, or became a journal again when its run was resumed, is read from the file that has
 * its frames now. Undefined: it is gone, by a prune while we read.
 */
export async function openPart(
  place: LensPlace,
  file: PartFile,
  blocks: Blocks,
  signal?: AbortSignal,
): Promise<Part | undefined> {
  const found = await openIfThere(place, file, blocks, signal);
  if (found !== undefined) return found;
  const { start, end } = file.ticks;
  const other = partFiles(await place.list(signal)).find(
    ({ ticks }) => ticks.start <= start && ticks.end >= end,
  );
  const whole = other && (await openIfThere(place, other, blocks, signal));
  return whole && within(whole, file.ticks);
}

async function openIfThere(
  place: LensPlace,
  file: PartFile,
  blocks: Blocks,
  signal?: AbortSignal,
): Promise<Part | undefined> {
  try {
    return file.kind === 'lens'
      ? await openSealed(place, file, blocks, signal)
      : await openJournal(place, file, blocks, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function openSealed(
  place: LensPlace,
  { name }: PartFile,
  blocks: Blocks,
  signal?: AbortSignal,
): Promise<Part> {
  const source = await place.open(name, signal);
  try {
    const chunk = await openChunk(source, signal, blocks);
    return {
      facts: chunk.facts,
      sizeBytes: source.sizeBytes,
      ticks: chunk.ticks,
      timeSeconds: async (frame) => chunk.timesSeconds[frame]!,
      samples: (field, frame, signal, memory) => chunk.samples(field, frame, signal, memory),
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
  blocks: Blocks,
  signal?: AbortSignal,
): Promise<Part> {
  const source = await place.open(name, signal);
  const journal = await readJournalFrom(source, signal);
  const { fields } = journal.facts;
  const damage = damageOf(journal);
  const newest = newestPositions(journal, blocks.newOwner().number);
  return {
    facts: journal.facts,
    sizeBytes: source.sizeBytes,
    ticks: journal.frames.map(({ tick }) => tick),
    ...(damage !== undefined && { damage }),
    timeSeconds: async (frame) => journal.frames[frame]!.timeSeconds,
    async samples(name, frame, signal, memory) {
      const field = fields.findIndex((one) => one.name === name);
      if (field < 0) throw unknown(place, fields, name);
      const written = journal.frames[frame]!;
      if (memory === undefined) {
        const found = await journal.readField(written, field, signal);
        if (found.positions !== null) return found;
        const positions = await newest(field, frame, undefined, signal);
        return { ...found, positions: positions?.subarray(0, found.count * 3) ?? null };
      }
      const { count } = written.fields[field]!;
      const { precision } = fields[field]!;
      const values = memory.values(precision.type, count * widthOf(fields[field]!));
      await journal.readValues(written, field, values, signal);
      const positions = await newest(field, frame, memory, signal);
      return { count, values, positions: positions?.subarray(0, count * 3) ?? null };
    },
    async series(field, from, to, columns, signal) {
      const number = fields.findIndex(({ name }) => name === field.name);
      const width = widthOf(field);
      const across = (columns.to - columns.from) * width;
      const Numbers = field.precision.type === 'float64' ? Float64Array : Float32Array;
      const out = new Numbers((to - from) * across).fill(Number.NaN);
      for (let frame = from; frame < to; frame += 1) {
        const { values } = await journal.readField(journal.frames[frame]!, number, signal);
        out.set(values.subarray(columns.from * width, columns.to * width), (frame - from) * across);
      }
      return out;
    },
    [Symbol.asyncDispose]: () => journal[Symbol.asyncDispose](),
  };
}

/**
 * Positions are written where they change: the newest that were, up to a frame. Those that were read last are kept: who reads a journal
 * from its first frame to its last asks for the same again and again.
 */
function newestPositions(
  journal: Journal,
  owner: number,
): (
  field: number,
  frame: number,
  memory?: FrameMemory,
  signal?: AbortSignal,
) => Promise<Float64Array | null> {
  const written = new Map<number, Int32Array>();
  const kept = new Map<number, { readonly from: number; readonly positions: Float64Array }>();
  return async (field, frame, memory, signal) => {
    const known = written.get(field) ?? positionsWritten(journal, field);
    written.set(field, known);
    const from = known[frame]!;
    if (from < 0) return null;
    const place = journal.frames[from]!;
    const length = place.fields[field]!.count * 3;
    const read = async (positions: Float64Array): Promise<Float64Array> => {
      await journal.readPositions(place, field, positions, signal);
      return positions;
    };
    if (memory !== undefined)
      return await memory.positions(`${owner} ${from}`, (room) =>
        read(room('float64', length) as Float64Array),
      );
    const last = kept.get(field);
    if (last?.from === from) return last.positions;
    const positions = await read(new Float64Array(length));
    kept.set(field, { from, positions });
    return positions;
  };
}

/** For each frame the newest that brought positions along; -1: none did. */
function positionsWritten({ frames }: Journal, field: number): Int32Array {
  let newest = -1;
  return Int32Array.from(frames, ({ fields }, frame) => {
    if (fields[field]!.hasPositions) newest = frame;
    return newest;
  });
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
