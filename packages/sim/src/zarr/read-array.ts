// Reads an array by rows, or by some columns of many rows: just the inner chunks that hold them.
import type { ZarrArray, ZarrStore } from './contract.ts';
import { ELEMENT_BYTES, parseArrayJson } from './metadata.ts';
import { openShard, type ChunkPlace, type ShardReader } from './shard.ts';
import { fillOf, gridOf, numbersOf, viewOf, type Grid, type Numbers } from './write-array.ts';
import { readRanges } from './read-ranges.ts';
import { readOnce, type Reading } from '../zip/index.ts';
import type { RangeSource } from '../zip/contract.ts';
import { crc32 } from 'node:zlib';

export interface ArrayReader {
  readonly array: ZarrArray;
  /** Rows `from` to `to`, of each the columns `columns` or all: one run of numbers. Throws a RangeError that names what is damaged. */
  read(
    from: number,
    to: number,
    columns?: ColumnRange,
    signal?: AbortSignal,
    /** Where they go if it is of that type and length; else they have memory of their own. */
    into?: Numbers,
  ): Promise<Numbers>;
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
  const shardAt = shardsOf(store, path, array);
  return {
    array,
    async read(from, to, { from: first, to: last } = { from: 0, to: columns }, signal, into) {
      if (from < 0 || to > rows || from > to || first < 0 || last > columns || first > last)
        throw new TypeError(`${path} has no rows ${from} to ${to} of columns ${first} to ${last}`);
      const numbers = (to - from) * (last - first) * grid.width;
      const out = fitting(into, array.type, numbers) ?? numbersOf(array.type, numbers);
      if (out.length === 0) return out;
      const put = puttingInto(out, array.type, grid, { from, to, first, last });
      const wanted: Wanted[] = [];
      for (let row = from - (from % grid.rows); row < to; row += grid.rows) {
        const shardNumber = Math.floor(row / shardRows);
        const shard = await shardAt(shardNumber, signal);
        // Each that there are rows for was written: the directory of the zip, which has no checksum, has lost it.
        if (shard === undefined) throw new RangeError(`${path} has no shard ${shardNumber}`);
        const blockNumber = (row % shardRows) / grid.rows;
        const firstChunk = Math.floor(first / grid.columns);
        for (let chunk = firstChunk; chunk * grid.columns < last; chunk += 1) {
          const number = blockNumber * grid.columnChunks + chunk;
          const place = shard.placeOf(number);
          const corner = { row, column: chunk * grid.columns };
          if (place === undefined) put(corner, undefined);
          else wanted.push({ ...corner, ...place, number, shard });
        }
      }
      const unpackAndPut = (one: Wanted, stored: Uint8Array): void =>
        put(one, one.shard.unpack(one.number, stored));
      await readRanges(store.source, wanted, unpackAndPut, signal);
      return out;
    },
    async verify(damaged, signal) {
      if (array.shape.includes(0)) return;
      const tell = (error: unknown): void => damaged(reasonOf(error));
      for (let number = 0; number * shardRows < rows; number += 1) {
        let shard: ShardReader | undefined;
        try {
          shard = await shardAt(number, signal);
          if (shard === undefined) damaged(`${path} has no shard ${number}`);
        } catch (error) {
          tell(error);
        }
        if (shard === undefined) continue;
        for (let at = 0; at < grid.chunks; at += 1)
          await verifyChunk(store.source, shard, at, signal).catch(tell);
      }
    },
  };
}

function fitting(
  into: Numbers | undefined,
  type: ZarrArray['type'],
  length: number,
): Numbers | undefined {
  const isOfType = into?.constructor === numbersOf(type, 0).constructor;
  return isOfType && into.length === length ? into : undefined;
}

/** Opens shards as they are needed, each once. */
function shardsOf(
  store: ZarrStore,
  path: string,
  array: ZarrArray,
): (number: number, signal?: AbortSignal) => Promise<ShardReader | undefined> {
  const { chunks, chunkNumbers } = gridOf(array);
  const elementBytes = ELEMENT_BYTES[array.type];
  const shape = { chunks, elementBytes, chunkBytes: chunkNumbers * elementBytes };
  const shards = new Map<number, Reading<ShardReader | undefined>>();
  const shardOf = async (
    number: number,
    signal?: AbortSignal,
  ): Promise<ShardReader | undefined> => {
    const key = [number, ...array.shard.slice(1).map(() => 0)].join('/');
    const entry = store.entries.get(`${path}/c/${key}`);
    return entry && (await openShard(store.source, entry, shape, signal));
  };
  return async (number, signal) =>
    await readOnce(shards, number, (signal) => shardOf(number, signal), signal);
}

/** The first row and column of an inner chunk. */
interface Corner {
  readonly row: number;
  readonly column: number;
}

interface Wanted extends Corner, ChunkPlace {
  readonly number: number;
  readonly shard: ShardReader;
}

/** Half-open. */
interface Selection {
  readonly from: number;
  readonly to: number;
  readonly first: number;
  readonly last: number;
}

/** Puts what is asked for of an inner chunk where it belongs: out of its numbers, or of none. */
function puttingInto(
  out: Numbers,
  type: ZarrArray['type'],
  grid: Grid,
  { from, to, first, last }: Selection,
): (corner: Corner, plain: Uint8Array | undefined) => void {
  const { rows, columns, width, chunkNumbers } = grid;
  const across = (last - first) * width;
  return ({ row: top, column }, plain) => {
    const chunk =
      plain && viewOf(type, plain.buffer as ArrayBuffer, plain.byteOffset, chunkNumbers);
    const low = Math.max(first, column);
    const high = Math.min(last, column + columns);
    const length = (high - low) * width;
    for (let row = Math.max(from, top); row < Math.min(to, top + rows); row += 1) {
      const target = (row - from) * across + (low - first) * width;
      const at = ((row - top) * columns + low - column) * width;
      if (chunk === undefined) out.fill(fillOf(type) as never, target, target + length);
      else out.set(chunk.subarray(at, at + length) as never, target);
    }
  };
}

async function verifyChunk(
  source: RangeSource,
  shard: ShardReader,
  number: number,
  signal?: AbortSignal,
): Promise<void> {
  const place = shard.placeOf(number);
  if (place === undefined) return;
  shard.unpack(number, await source.read(place.offsetBytes, place.lengthBytes, signal));
}

/** What is no damage is thrown on. */
function reasonOf(error: unknown): string {
  if (error instanceof RangeError) return error.message;
  throw error;
}
