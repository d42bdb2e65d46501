// Reads one `.lens` file, from a disk or from far away: its directory and facts at first, then just the bytes that answer a question.
import { failure } from '@stillpoint/core';
import {
  openArray,
  parseGroupJson,
  readEntry,
  type ArrayReader,
  type ColumnRange,
  type ZarrStore,
} from '../../zarr/index.ts';
import { NotAZip, readZip, type RangeSource } from '../../zip/index.ts';
import { LENS_VERSION, type ChunkFacts, type FieldSamples, type LensField } from '../contract.ts';
import { parsePrecision } from '../precision.ts';
import { pathsOf, TICKS, TIMES } from './arrays.ts';
import { createBlocks, type Blocks } from './blocks.ts';
import type { FrameMemory } from './frame-memory.ts';
import { rowIn, type RowFrom } from './rows.ts';

export interface LensChunk {
  readonly facts: ChunkFacts;
  /** One a frame. */
  readonly ticks: readonly number[];
  readonly timesSeconds: Float64Array;
  /** Into `memory` where there is one: good until the next are read into it. Throws LENS_FIELD_UNKNOWN, LENS_DAMAGED. */
  samples(
    field: string,
    frame: number,
    signal?: AbortSignal,
    memory?: FrameMemory,
  ): Promise<FieldSamples>;
  /** Of frames `from` to `to`, the samples `columns`: each with all of its components, NaN where a frame has fewer samples. */
  series(
    field: string,
    from: number,
    to: number,
    columns: ColumnRange,
    signal?: AbortSignal,
  ): Promise<Float64Array | Float32Array>;
  /** As it is kept, for whoever writes it anew. */
  kept(field: string, signal?: AbortSignal): Promise<KeptField>;
  /** What is damaged, one by one; nothing: it is whole. */
  verify(signal?: AbortSignal): AsyncGenerator<string>;
}

export interface KeptField {
  /** That each row has room for. */
  readonly samples: number;
  readonly counts: readonly number[];
  readonly positionSets: number;
  readonly positionsOf: readonly number[];
  /** Rows, each with room for `samples`. */
  values(from: number, to: number): Promise<Float64Array | Float32Array>;
  positions(from: number, to: number): Promise<Float64Array>;
}

/** Throws LENS_FOREIGN, LENS_VERSION, LENS_DAMAGED. */
export async function openChunk(
  source: RangeSource,
  signal?: AbortSignal,
  blocks: Blocks = createBlocks(),
): Promise<LensChunk> {
  const store = await storeOf(source, signal);
  const damage = (error: unknown): unknown =>
    error instanceof RangeError
      ? failure('LENS_DAMAGED', { path: source.name, reason: error.message }, error)
      : error;
  const guarded = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw damage(error);
    }
  };
  const facts = await guarded(() => factsOf(store, signal));
  const { ticks, timesSeconds } = await guarded(() => framesOf(store, facts.frames, signal));
  const arrays = new Map<string, Promise<ArrayReader | undefined>>();
  const arrayAt = (path: string): Promise<ArrayReader | undefined> => {
    const known = arrays.get(path);
    if (known !== undefined) return known;
    const opened = openUnlessLost(store, path);
    arrays.set(path, opened);
    opened.catch(() => arrays.delete(path));
    return opened;
  };
  const needed = async (path: string): Promise<ArrayReader> => {
    const array = await arrayAt(path);
    if (array === undefined) throw new RangeError(`it has no ${path}`);
    return array;
  };
  const owner = blocks.newOwner();
  const perFrame = new Map<string, Promise<readonly number[] | undefined>>();
  const numbersOf = (path: string): Promise<readonly number[] | undefined> => {
    const found = perFrame.get(path);
    if (found !== undefined) return found;
    const read = (async () => {
      const array = await arrayAt(path);
      return array && Array.from(await array.read(0, facts.frames), Number);
    })();
    perFrame.set(path, read);
    // Not kept: a source that is far away may answer the next time.
    read.catch(() => perFrame.delete(path));
    return read;
  };
  const rowOf = async (
    path: string,
    row: number,
    samples: number,
    how: Pick<RowFrom, 'isAskedAgain' | 'into' | 'signal'>,
  ) => await rowIn(await needed(path), row, samples, { owner, path, blocks, ...how });
  const known = (field: string): ReturnType<typeof pathsOf> => {
    if (!facts.fields.some(({ name }) => name === field))
      throw failure('LENS_FIELD_UNKNOWN', {
        path: source.name,
        field,
        known: facts.fields.map(({ name }) => name).join(', '),
      });
    return pathsOf(field);
  };
  const positionsOf = async (
    path: string,
    set: number,
    count: number,
    signal?: AbortSignal,
    memory?: FrameMemory,
  ): Promise<Float64Array> => {
    const read = async (into?: FrameMemory['values']): Promise<Float64Array> =>
      (await rowOf(path, set, count, { isAskedAgain: true, into, signal })) as Float64Array;
    const name = `${owner.number} ${set} ${count}`;
    return memory === undefined ? await read() : await memory.positions(name, read);
  };
  const samples: LensChunk['samples'] = (field, frame, signal, memory) =>
    guarded(async () => {
      const paths = known(field);
      const count = (await numbersOf(paths.counts))?.[frame];
      if (count === undefined) throw new RangeError(`it has no ${paths.counts}`);
      const into = memory?.values;
      const values = await rowOf(paths.values, frame, count, { isAskedAgain: false, into, signal });
      const set = (await numbersOf(paths.positionsOf))?.[frame] ?? -1;
      if (set < 0) return { count, values, positions: null };
      const positions = await positionsOf(paths.positions, set, count, signal, memory);
      return { count, values, positions };
    });
  return {
    facts,
    ticks,
    timesSeconds,
    samples,
    series: (field, from, to, columns, signal) =>
      guarded(
        async () =>
          (await (
            await needed(known(field).values)
          ).read(from, to, columns, signal)) as Float64Array,
      ),
    kept: (field, signal) =>
      guarded(async () => {
        const paths = known(field);
        const { frames } = facts;
        const values = await needed(paths.values);
        const counts = await (await needed(paths.counts)).read(0, frames, undefined, signal);
        const positionsOf = await arrayAt(paths.positionsOf);
        const positions = positionsOf && (await needed(paths.positions));
        const rows = async (array: ArrayReader, from: number, to: number): Promise<Float64Array> =>
          await guarded(
            async () => (await array.read(from, to, undefined, signal)) as Float64Array,
          );
        return {
          samples: values.array.shape[1]!,
          counts: Array.from(counts, Number),
          positionSets: positions?.array.shape[0] ?? 0,
          positionsOf:
            positionsOf === undefined
              ? Array.from({ length: frames }, () => -1)
              : Array.from(await positionsOf.read(0, frames, undefined, signal), Number),
          values: (from, to) => rows(values, from, to),
          positions: (from, to) => rows(positions!, from, to),
        };
      }),
    async *verify(signal) {
      for (const path of pathsIn(facts.fields)) {
        const found: string[] = [];
        try {
          await (await arrayAt(path))?.verify((reason) => found.push(reason), signal);
        } catch (error) {
          if (!(error instanceof RangeError)) throw error;
          found.push(error.message);
        }
        yield* found;
      }
    },
  };
}

/** Samples may have no positions; but the directory of a zip has no checksum, and where parts of them are listed the array was lost. */
async function openUnlessLost(store: ZarrStore, path: string): Promise<ArrayReader | undefined> {
  const array = await openArray(store, path);
  if (array !== undefined || !/\/position(s|_set)$/.test(path)) return array;
  const beside = path.replace(/(s|_set)$/, '');
  if ([...store.entries.keys()].some((name) => name.startsWith(beside)))
    throw new RangeError(`it has no ${path}`);
  return undefined;
}

function pathsIn(fields: readonly LensField[]): readonly string[] {
  const ofFields = fields.flatMap(({ name }) => {
    const { values, counts, positions, positionsOf } = pathsOf(name);
    return [values, counts, positions, positionsOf];
  });
  return [TICKS, TIMES, ...ofFields];
}

async function storeOf(source: RangeSource, signal?: AbortSignal): Promise<ZarrStore> {
  try {
    return { source, entries: await readZip(source, signal) };
  } catch (error) {
    if (!(error instanceof NotAZip)) throw error;
    throw failure('LENS_FOREIGN', { path: source.name, reason: error.message }, error);
  }
}

async function factsOf(store: ZarrStore, signal?: AbortSignal): Promise<ChunkFacts> {
  const { name: path } = store.source;
  const json = await readEntry(store, 'zarr.json', signal);
  const facts = json && parseGroupJson(new TextDecoder().decode(json))['stillpoint'];
  if (typeof facts !== 'object' || facts === null)
    throw failure('LENS_FOREIGN', { path, reason: 'it is a zip, and not of a lens' });
  const { version, fields } = facts as { readonly version?: unknown; readonly fields?: unknown };
  if (version !== LENS_VERSION)
    throw failure('LENS_VERSION', { path, version: String(version), known: LENS_VERSION });
  if (!Array.isArray(fields)) throw new RangeError('its facts have no fields');
  return { ...(facts as ChunkFacts), fields: fields.map(fieldFrom) };
}

function fieldFrom(
  attributes: Omit<LensField, 'precision'> & { readonly precision: string },
): LensField {
  const precision = parsePrecision(attributes.precision);
  if (precision === undefined) throw new RangeError('its facts name no precision');
  return { ...attributes, precision };
}

async function framesOf(
  store: ZarrStore,
  frames: number,
  signal?: AbortSignal,
): Promise<Pick<LensChunk, 'ticks' | 'timesSeconds'>> {
  const ticks = await openArray(store, TICKS, signal);
  const times = await openArray(store, TIMES, signal);
  if (ticks?.array.shape[0] !== frames || times?.array.shape[0] !== frames)
    throw new RangeError('it has another number of frames than it says');
  return {
    ticks: Array.from((await ticks.read(0, frames, undefined, signal)) as BigInt64Array, Number),
    timesSeconds: (await times.read(0, frames, undefined, signal)) as Float64Array,
  };
}
