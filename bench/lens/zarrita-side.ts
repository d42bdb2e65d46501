// zarrita with the codecs that it brings along: plain chunks, since it writes no shards, of 32 frames by 1,000 samples. It does not sync
// its files: that is done after, file by file, and of each directory.
import { open, readdir } from 'node:fs/promises';
import path from 'node:path';
import FileSystemStore from '@zarrita/storage/fs';
import * as zarrita from 'zarrita';
import type { Side } from './contract.ts';
import { fieldNames, fields, type FieldName, type Frames } from './frames.ts';
import { CELLS } from './weather.ts';

export const CHUNK_FRAMES = 32;
export const CHUNK_CELLS = 1000;

export const zarritaSide: Side = {
  writer: async (frames, directory) => async () => {
    const root = zarrita.root(new FileSystemStore(directory));
    for (const field of fieldNames) {
      const width = fields[field];
      const array = await zarrita.create(root.resolve(field), {
        shape: [frames.count, CELLS, ...(width === 1 ? [] : [width])],
        chunkShape: [CHUNK_FRAMES, CHUNK_CELLS, ...(width === 1 ? [] : [width])],
        dtype: 'float64',
        codecs: [
          { name: 'bytes', configuration: { endian: 'little' } },
          { name: 'numcodecs.shuffle', configuration: { elementsize: 8 } },
          { name: 'zstd', configuration: { level: 1, checksum: false } },
        ],
      });
      for (let from = 0; from < frames.count; from += CHUNK_FRAMES) {
        const to = Math.min(from + CHUNK_FRAMES, frames.count);
        const block = blockOf(frames, field, from, to);
        const rest = width === 1 ? [] : [null];
        await zarrita.set(array, [zarrita.slice(from, to), null, ...rest], {
          data: block,
          shape: [to - from, CELLS, ...(width === 1 ? [] : [width])],
          stride: width === 1 ? [CELLS, 1] : [CELLS * width, width, 1],
        });
      }
    }
    await syncTree(directory);
  },
  async open(directory) {
    const root = zarrita.root(new FileSystemStore(directory));
    const arrays = new Map<FieldName, zarrita.Array<'float64', FileSystemStore>>();
    for (const field of fieldNames)
      arrays.set(
        field,
        (await zarrita.open(root.resolve(field), { kind: 'array' })) as zarrita.Array<
          'float64',
          FileSystemStore
        >,
      );
    const read = async (field: FieldName, selection: (number | null)[]): Promise<Float64Array> => {
      const rest = fields[field] === 1 ? [] : [null];
      const found = await zarrita.get(arrays.get(field)!, [...selection, ...rest]);
      return (found as { readonly data: Float64Array }).data;
    };
    return {
      tick: (field, frame) => read(field, [frame, null]),
      series: (field, cell) => read(field, [null, cell]),
      close: async () => {},
    };
  },
};

/** Frames one behind the other: what a writer of chunks collects before it writes. */
export function blockOf(
  frames: Frames,
  field: FieldName,
  from: number,
  to: number,
): Float64Array<ArrayBuffer> {
  const row = CELLS * fields[field];
  const block = new Float64Array((to - from) * row);
  for (let frame = from; frame < to; frame += 1)
    block.set(frames.of(field, frame), (frame - from) * row);
  return block;
}

async function syncTree(directory: string): Promise<void> {
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const below = path.join(directory, entry.name);
    if (entry.isDirectory()) await syncTree(below);
    else await sync(below);
  }
  await sync(directory);
}

export async function sync(file: string): Promise<void> {
  await using handle = await open(file, 'r');
  await handle.sync();
}
