// An HDF5 file by h5wasm: the arrays of a `.lens` file, each over all frames, chunked, and open for more.
import { failure } from '@stillpoint/core';
import type { File } from 'h5wasm/node';
import { optionalPeer } from '../../optional-peer.ts';
import type { Numbers, ZarrArray } from '../../zarr/index.ts';
import type { ExportProgress, LensExportOptions } from './contract.ts';
import { exportArrays } from './export-arrays.ts';
import type { Source } from './export-tables.ts';
import { OutputFile } from './output-file.ts';

/** In a chunk than a `.lens` file has. */
const FEWER_ROWS = 4;
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
  { shape, type, inner, dimensions, attributes }: ZarrArray,
  block: (from: number, count: number) => Promise<Numbers>,
  options: LensExportOptions,
): Promise<void> {
  const { gzip } = options;
  const [rows = 0, ...others] = shape;
  const across = others.reduce((product, size) => product * size, 1);
  // What is written at a time is in memory three times: less of it, by whole chunks.
  const step = others.length === 0 ? inner[0]! : Math.max(1, inner[0]! / FEWER_ROWS);
  const first = rows === 0 || across === 0 ? empty(type) : await block(0, Math.min(step, rows));
  const firstRows = across === 0 ? rows : first.length / across;
  const dataset = asked(options.output, () => {
    const data =
      first.length === 0
        ? empty(
            type,
            shape.map(() => 1),
          )
        : first;
    const created = output.create_dataset({
      name: path,
      data,
      shape: first.length === 0 ? shape.map(() => 1) : [firstRows, ...others],
      dtype: TYPES[type],
      maxshape: shape.map(() => null),
      chunks: [step, ...inner.slice(1)],
      ...(gzip !== undefined && { compression: 'gzip', compression_opts: [gzip] }),
    });
    created.resize([...shape]);
    created.create_attribute('dimensions', JSON.stringify(dimensions));
    for (const [name, value] of Object.entries(attributes))
      created.create_attribute(name, textOf(value));
    return created;
  });
  if (first.length === 0) return;
  for (let from = firstRows; from < rows; from += step) {
    const count = Math.min(step, rows - from);
    const numbers = await block(from, count);
    const where = [[from, from + count], ...others.map((size) => [0, size])];
    asked(options.output, () => dataset.write_slice(where as [number, number][], numbers));
  }
}

function empty(type: ZarrArray['type'], shape: readonly number[] = [0]): Numbers {
  const length = shape.reduce((product, size) => product * size, 1);
  if (type === 'float64') return new Float64Array(length);
  if (type === 'float32') return new Float32Array(length);
  return type === 'int32' ? new Int32Array(length) : new BigInt64Array(length);
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
