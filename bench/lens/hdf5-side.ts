// HDF5 by h5wasm: one file, chunks of 32 frames by 1,000 samples written as a whole, without a filter or with gzip at level 1, which is
// the quickest that every reader has. Synced when it is closed.
import path from 'node:path';
import * as h5wasm from 'h5wasm/node';
import type { OpenedSide, Side } from './contract.ts';
import { fieldNames, fields, type FieldName } from './frames.ts';
import { CELLS } from './weather.ts';
import { blockOf, CHUNK_CELLS, CHUNK_FRAMES, sync } from './zarrita-side.ts';

export function hdf5Side(compression: 'none' | 'gzip'): Side {
  return {
    async writer(frames, directory) {
      await h5wasm.ready;
      return async () => {
        const file = new h5wasm.File(fileIn(directory), 'w');
        for (const field of fieldNames) {
          const rest = fields[field] === 1 ? [] : [fields[field]];
          const first = Math.min(CHUNK_FRAMES, frames.count);
          const dataset = file.create_dataset({
            name: field,
            data: blockOf(frames, field, 0, first),
            shape: [first, CELLS, ...rest],
            maxshape: [null, CELLS, ...rest],
            chunks: [CHUNK_FRAMES, CHUNK_CELLS, ...rest],
            ...(compression === 'gzip' && { compression: 1 }),
          });
          for (let from = CHUNK_FRAMES; from < frames.count; from += CHUNK_FRAMES) {
            const to = Math.min(from + CHUNK_FRAMES, frames.count);
            dataset.resize([to, CELLS, ...rest]);
            dataset.write_slice(
              [[from, to], [], ...rest.map((): [] => [])],
              blockOf(frames, field, from, to),
            );
          }
        }
        file.close();
        await sync(fileIn(directory));
        await sync(directory);
      };
    },
    async open(directory) {
      await h5wasm.ready;
      const file = new h5wasm.File(fileIn(directory), 'r');
      const datasets = new Map(
        fieldNames.map((name): [FieldName, h5wasm.Dataset] => [
          name,
          file.get(name) as h5wasm.Dataset,
        ]),
      );
      const read = (field: FieldName, ranges: [number, number][] | [[], [number, number]]) =>
        datasets.get(field)!.slice(fields[field] === 1 ? ranges : [...ranges, []]) as Float64Array;
      return {
        tick: async (field, frame) =>
          read(field, [
            [frame, frame + 1],
            [0, CELLS],
          ]),
        series: async (field, cell) => read(field, [[], [cell, cell + 1]]),
        close: async () => void file.close(),
      } satisfies OpenedSide;
    },
  };
}

const fileIn = (directory: string): string => path.join(directory, 'frames.h5');
