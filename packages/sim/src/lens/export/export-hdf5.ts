// An HDF5 file by h5wasm: the arrays of a `.lens` file, each over all frames, chunked, and open for more.
import { failure, freeMemory } from '@stillpoint/core';
import type { Dataset, File } from 'h5wasm/node';
import { optionalPeer } from '../../optional-peer.ts';
import type { Numbers, ZarrArray } from '../../zarr/index.ts';
import type { ExportProgress, LensExportOptions } from './contract.ts';
import { exportArrays } from './export-arrays.ts';
import type { Source } from './export-tables.ts';
import { OutputFile } from './output-file.ts';

/** In a chunk than a `.lens` file has. */
const FEWER_ROWS = 4;
/** Of what is handed over at a time. */
const MOST_PART_BYTES = 4 * 1024 * 1024;
const TYPES = { float64: '<d', float32: '<f', int64: '<q', int32: '<i' } as const;

/** Resolves to how many frames there are. Throws SIM_PEER_MISSING, LENS_EXPORT_FAILED. */
export async function exportHdf5(
  file: string,
  sources: readonly Source[],
  options: LensExportOptions,
  manyRuns: boolean,
  progress: ExportProgress,
): Promise<number> {
  const hdf5 = await optionalPeer('h5wasm', 'Exporting HDF5', () => import('h5wasm/node'));
  const module = await hdf5.ready;
  // Otherwise errors are printed, and what was not written is missed by nobody.
  module.activate_throwing_error_handler();
  // What a file system says about a name is not in what the library says.
  await (await OutputFile.create(file))[Symbol.asyncDispose]();
  const output = asked(options.output, () => new hdf5.File(file, 'w'));
  let frames: number;
  try {
    frames = await exportArrays(
      {
        async group(path) {
          if (path !== '') asked(options.output, () => output.create_group(path));
        },
        async describe(path, attributes) {
          asked(options.output, () => {
            const group = path === '' ? output : output.get(path)!;
            for (const [name, value] of Object.entries(attributes))
              (group as File).create_attribute(name, textOf(value));
          });
        },
        array: (path, array, block) => writeDataset(output, path, array, block, options),
      },
      sources,
      options,
      manyRuns,
      progress,
    );
  } catch (error) {
    // What is thrown away need not be closed well.
    closeQuietly(output);
    throw error;
  }
  asked(options.output, () => output.close());
  return frames;
}

function closeQuietly(output: File): void {
  try {
    output.close();
  } catch {
    // The first error counts.
  }
}

async function writeDataset(
  output: File,
  path: string,
  array: ZarrArray,
  block: (from: number, count: number) => Promise<Numbers>,
  options: LensExportOptions,
): Promise<void> {
  const [rows = 0, ...others] = array.shape;
  const { inner } = array;
  // What is written at a time is in memory three times: less of it, by whole chunks.
  const step = others.length === 0 ? inner[0]! : Math.max(1, inner[0]! / FEWER_ROWS);
  const dataset = asked(options.output, () =>
    createDataset(output, path, array, [step, ...inner.slice(1)], options),
  );
  if (array.shape.includes(0)) return;
  for (let from = 0; from < rows; from += step) {
    const count = Math.min(step, rows - from);
    const numbers = await block(from, count);
    for (const { columns, part } of partsOf(numbers, count, array)) {
      const where = [[from, from + count], ...columns];
      asked(options.output, () => dataset.write_slice(where as [number, number][], part));
    }
  }
}

/** It has its shape, and no numbers yet. */
function createDataset(
  output: File,
  path: string,
  { shape, type, dimensions, attributes }: ZarrArray,
  chunks: readonly number[],
  { gzip }: LensExportOptions,
): Dataset {
  const least = shape.map(() => 1);
  const created = output.create_dataset({
    name: path,
    data: oneOf(type),
    shape: least,
    dtype: TYPES[type],
    maxshape: shape.map(() => null),
    chunks: [...chunks],
    ...(gzip !== undefined && { compression: 'gzip', compression_opts: [gzip] }),
  });
  created.resize([...shape]);
  created.create_attribute('dimensions', JSON.stringify(dimensions));
  for (const [name, value] of Object.entries(attributes))
    created.create_attribute(name, textOf(value));
  return created;
}

interface RowsPart {
  /** Half-open, of each dimension behind the first. */
  readonly columns: readonly (readonly [number, number])[];
  readonly part: Numbers;
}

/** Rows by columns of whole chunks, where all of them at once are too much. */
function partsOf(numbers: Numbers, count: number, array: ZarrArray): Iterable<RowsPart> {
  const columns = array.shape.slice(1).map((size) => [0, size] as const);
  return columns.length === 0 || numbers.byteLength <= MOST_PART_BYTES
    ? [{ columns, part: numbers }]
    : cutColumns(numbers, count, array);
}

function* cutColumns(
  numbers: Numbers,
  count: number,
  { shape, inner }: ZarrArray,
): Generator<RowsPart> {
  const [, columns = 1, ...others] = shape;
  const behind = others.map((size) => [0, size] as const);
  const across = numbers.length / count;
  const width = across / columns;
  const chunkBytes = inner[1]! * width * count * numbers.BYTES_PER_ELEMENT;
  const step = inner[1]! * Math.max(1, Math.floor(MOST_PART_BYTES / chunkBytes));
  const memory = numbers.slice(0, Math.min(step, columns) * width * count);
  for (let from = 0; from < columns; from += step) {
    const to = Math.min(from + step, columns);
    const length = (to - from) * width;
    for (let row = 0; row < count; row += 1) {
      const at = row * across + from * width;
      memory.set(numbers.subarray(at, at + length) as never, row * length);
    }
    yield { columns: [[from, to], ...behind], part: memory.subarray(0, length * count) };
  }
  freeMemory(memory);
}

function oneOf(type: ZarrArray['type']): Numbers {
  if (type === 'float64') return new Float64Array(1);
  if (type === 'float32') return new Float32Array(1);
  return type === 'int32' ? new Int32Array(1) : new BigInt64Array(1);
}

/** Attributes are text, and JSON where they are more. */
function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** What the library throws is text of many lines. */
function asked<T>(output: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw translated(output, error);
  }
}

function translated(output: string, error: unknown): unknown {
  const text = error instanceof Error ? error.message : String(error);
  if (/No space left on device|errno = 51\b/.test(text))
    return failure('LENS_EXPORT_FULL', { output }, error);
  const reason = /error message = '([^']*)'/.exec(text)?.[1] ?? text.split('\n').at(-1)?.trim();
  return failure('LENS_EXPORT_FAILED', { output, reason: reason ?? text }, error);
}
