// Writes a `.lens` file, whatever its frames come from: a journal, or chunks that are merged. Memory holds one block of rows.
import { open, rm } from 'node:fs/promises';
import { groupJson, writeArray } from '../../zarr/index.ts';
import { createZipWriter, type ZipWriter } from '../../zip/index.ts';
import type { ChunkFacts, LensField } from '../contract.ts';
import { widthOf } from '../journal/index.ts';
import {
  fieldAttributes,
  pathsOf,
  perFrameArray,
  positionsArray,
  tickArray,
  TICKS,
  timeArray,
  TIMES,
  valuesArray,
} from './arrays.ts';

export interface ChunkContent {
  readonly ticks: readonly number[];
  readonly timesSeconds: readonly number[];
  field(field: LensField): FieldContent;
}

export interface FieldContent {
  /** Samples of each frame. */
  readonly counts: readonly number[];
  /** How many sets of positions there are, and for each frame which is its own; -1: none. */
  readonly positionSets: number;
  readonly positionsOf: readonly number[];
  /** Puts those of frames `from` to `from + count` into the block, whose rows have room for `samples` each. */
  values(
    block: Float64Array | Float32Array,
    from: number,
    count: number,
    samples: number,
  ): Promise<void>;
  /** The same for sets of positions. */
  positions(block: Float64Array, from: number, count: number, samples: number): Promise<void>;
}

/** Resolves to its size when the file is durable; its name is not yet. */
export async function writeChunk(
  file: string,
  facts: ChunkFacts,
  content: ChunkContent,
  signal?: AbortSignal,
): Promise<number> {
  // A temporary file of a writer that was killed.
  await rm(file, { force: true });
  await using handle = await open(file, 'wx');
  const zip = createZipWriter(handle);
  await addText(
    zip,
    'zarr.json',
    groupJson({ stillpoint: { ...facts, fields: facts.fields.map(fieldAttributes) } }),
  );
  await writeArray(zip, TICKS, tickArray(facts.frames), async (from, count) =>
    BigInt64Array.from(content.ticks.slice(from, from + count), BigInt),
  );
  await writeArray(zip, TIMES, timeArray(facts.frames), async (from, count) =>
    Float64Array.from(content.timesSeconds.slice(from, from + count)),
  );
  await addText(zip, 'fields/zarr.json', groupJson({}));
  for (const field of facts.fields) await writeField(zip, field, content.field(field), signal);
  return (await zip.finish()).sizeBytes;
}

async function writeField(
  zip: ZipWriter,
  field: LensField,
  content: FieldContent,
  signal?: AbortSignal,
): Promise<void> {
  const { counts, positionSets, positionsOf } = content;
  const frames = counts.length;
  const samples = counts.reduce((most, count) => Math.max(most, count), 0);
  const width = widthOf(field);
  const paths = pathsOf(field.name);
  await addText(zip, `${paths.group}/zarr.json`, groupJson(fieldAttributes(field)));
  const Numbers = field.precision.type === 'float64' ? Float64Array : Float32Array;
  const isFull = counts.every((count) => count === samples);
  const values = readAhead(frames, async (from, count, memory) => {
    signal?.throwIfAborted();
    const numbers = memory ?? new Numbers(count * samples * width);
    const block = numbers.subarray(0, count * samples * width);
    if (!isFull) block.fill(Number.NaN);
    await content.values(block, from, count, samples);
    return block;
  });
  await writeArray(zip, paths.values, valuesArray(field, frames, samples), values);
  await writeArray(zip, paths.counts, perFrameArray(frames), async (from, count) =>
    Int32Array.from(counts.slice(from, from + count)),
  );
  if (positionSets === 0) return;
  await writeArray(zip, paths.positionsOf, perFrameArray(frames), async (from, count) =>
    Int32Array.from(positionsOf.slice(from, from + count)),
  );
  await writeArray(
    zip,
    paths.positions,
    positionsArray(positionSets, samples),
    async (from, count) => {
      signal?.throwIfAborted();
      const block = new Float64Array(count * samples * 3).fill(Number.NaN);
      await content.positions(block, from, count, samples);
      return block;
    },
  );
}

type Block = Float64Array<ArrayBuffer> | Float32Array<ArrayBuffer>;

/** More than so much is not in memory twice. */
const MOST_AHEAD_BYTES = 16 * 1024 * 1024;

/** Reads the next block while one is packed. They are asked for in order, each but the last of as many frames. */
function readAhead(
  frames: number,
  read: (from: number, count: number, memory: Block | undefined) => Promise<Block>,
): (from: number, count: number) => Promise<Block> {
  let coming: { readonly from: number; readonly block: Promise<Block> } | undefined;
  let used: Block | undefined;
  return async (from, count) => {
    if (coming !== undefined && coming.from !== from)
      throw new TypeError('blocks are asked for in order');
    const block = await (coming?.block ?? read(from, count, used));
    coming = undefined;
    const next = from + count;
    if (next < frames && block.byteLength <= MOST_AHEAD_BYTES) {
      coming = { from: next, block: read(next, Math.min(count, frames - next), used) };
      // Whoever asks for it is told.
      coming.block.catch(() => {});
    }
    used = block;
    return block;
  };
}

async function addText(zip: ZipWriter, name: string, text: string): Promise<void> {
  await zip.add(name, new TextEncoder().encode(text));
}
