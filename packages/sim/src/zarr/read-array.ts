// Reads an array by rows, or by some columns of many rows: just the inner chunks that hold them.
import type { ZarrArray, ZarrStore } from './contract.ts';
import { ELEMENT_BYTES, parseArrayJson } from './metadata.ts';
import { openShard, type ShardReader } from './shard.ts';
import { gridOf, numbersOf, type Numbers } from './write-array.ts';
import { crc32 } from 'node:zlib';

export interface ArrayReader {
  readonly array: ZarrArray;
  /** Rows `from` to `to`, of each the columns `columns` or all: one run of numbers. Throws a RangeError that names what is damaged. */
  read(from: number, to: number, columns?: ColumnRange, signal?: AbortSignal): Promise<Numbers>;
  /** Each inner chunk and index: says what is damaged, and goes on. */
  verify(damaged: (reason: string) => void, signal?: AbortSignal): Promise<void>;
}

/** Half-open. */
export interface ColumnRange {
  readonly from: number;
  readonly to: number;
}

/** Undefined where there is no array of that name. Throws a RangeError where its metadata is damaged. */
export async function openArray(
  store: ZarrStore,
  path: string,
  signal?: AbortSignal,
): Promise<ArrayReader | undefined> {
  const json = await readEntry(store, `${path}/zarr.json`, signal);
  return json && readerOf(store, path, parseArrayJson(new TextDecoder().decode(json)));
}

/** A small entry, whole, held against the checksum of the zip. */
export async function readEntry(
  { source, entries }: ZarrStore,
  name: string,
  signal?: AbortSignal,
): Promise<Uint8Array | undefined> {
  const entry = entries.get(name);
  if (entry === undefined) return undefined;
  const bytes = await source.read(entry.offsetBytes, entry.sizeBytes, signal);
  if (crc32(bytes) !== entry.crc32) throw new RangeError(`${name} is damaged`);
  return bytes;
}

function readerOf(store: ZarrStore, path: string, array: ZarrArray): ArrayReader {
  const grid = gridOf(array);
  const [rows = 1, columns = 1] = array.shape;
  const shardRows = array.shard[0] ?? 1;
  const elementBytes = ELEMENT_BYTES[array.type];
  const shards = new Map<number, Promise<ShardReader | undefined>>();
  const shardOf = async (
    number: number,
    signal?: AbortSignal,
  ): Promise<ShardReader | undefined> => {
    const entry = store.entries.get(
      `${path}/c/${[number, ...array.shard.slice(1).map(() => 0)].join('/')}`,
    );
    return entry && (await openShard(store.source, entry, grid.chunks, elementBytes, signal));
  };
  const shardAt = (number: number, signal?: AbortSignal): Promise<ShardReader | undefined> => {
    const known = shards.get(number);
    if (known !== undefined) return known;
    const opened = shardOf(number, signal);
    shards.set(number, opened);
    // What failed may be asked for again: a source may be far away.
    opened.catch(() => shards.delete(number));
    return opened;
  };
  // One a call: two may read at the same time.
  const chunkNumbers = (): Numbers => numbersOf(array.type, grid.rows * grid.columns * grid.width);

  return {
    array,
    async read(from, to, { from: first, to: last } = { from: 0, to: columns }, signal) {
      if (from < 0 || to > rows || from > to || first < 0 || last > columns || first > last)
        throw new TypeError(`${path} has no rows ${from} to ${to} of columns ${first} to ${last}`);
      const across = (last - first) * grid.width;
      const out = numbersOf(array.type, (to - from) * across);
      if (out.length === 0) return out;
      const chunk = chunkNumbers();
      const chunkBytes = new Uint8Array(chunk.buffer);
      for (let start = from - (from % grid.rows); start < to; start += grid.rows) {
        const shard = await shardAt(Math.floor(start / shardRows), signal);
        if (shard === undefined) continue;
        const blockNumber = (start % shardRows) / grid.rows;
        for (
          let column = Math.floor(first / grid.columns);
          column * grid.columns < last;
          column += 1
        ) {
          if (!(await shard.read(blockNumber * grid.columnChunks + column, chunkBytes, signal)))
            continue;
          const low = Math.max(first, column * grid.columns);
          const high = Math.min(last, (column + 1) * grid.columns);
          for (let row = Math.max(from, start); row < Math.min(to, start + grid.rows); row += 1) {
            const at = ((row - start) * grid.columns + low - column * grid.columns) * grid.width;
            const part = chunk.subarray(at, at + (high - low) * grid.width);
            out.set(part as never, (row - from) * across + (low - first) * grid.width);
          }
        }
      }
      return out;
    },
    async verify(damaged, signal) {
      if (array.shape.includes(0)) return;
      const chunkBytes = new Uint8Array(chunkNumbers().buffer);
      for (let number = 0; number * shardRows < rows; number += 1) {
        let shard: ShardReader | undefined;
        try {
          shard = await shardAt(number, signal);
          if (shard === undefined) damaged(`${path} has no shard ${number}`);
        } catch (error) {
          damaged(reasonOf(error));
        }
        if (shard === undefined) continue;
        for (let at = 0; at < grid.chunks; at += 1)
          await shard
            .read(at, chunkBytes, signal)
            .catch((error: unknown) => damaged(reasonOf(error)));
      }
    },
  };
}

/** What is no damage is thrown on. */
function reasonOf(error: unknown): string {
  if (error instanceof RangeError) return error.message;
  throw error;
}
