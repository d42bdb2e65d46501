// Writes an array block of rows by block of rows, so that memory holds one block, whatever the array's length.
import type { ZipWriter } from '../zip/index.ts';
import type { ZarrArray } from './contract.ts';
import { arrayJson, ELEMENT_BYTES } from './metadata.ts';
import { createShardWriter } from './shard.ts';
import { frameMemory, MOST_FRAME_BYTES } from './blosc.ts';

/** Rows (the first dimension) in one inner chunk, and columns (the second). */
export interface Cut {
  readonly rows: number;
  readonly columns: number;
}

const ROWS = 32;
const COLUMNS = 1024;
/** Of plain bytes: what is in memory at a time, and what one shard holds at most. */
const MOST_BLOCK_BYTES = 64 * 1024 * 1024;
const MOST_SHARD_BYTES = 512 * 1024 * 1024;

/** How an array of that shape is cut: 32 rows by 1,024 columns was the best of eleven ways for reads along both. */
export function cutOf(
  shape: readonly number[],
  type: ZarrArray['type'],
): Pick<ZarrArray, 'inner' | 'shard'> {
  const [rows = 0, columns, ...rest] = shape.map((size) => Math.max(size, 1));
  const cellBytes = rest.reduce((product, size) => product * size, ELEMENT_BYTES[type]);
  const allColumns = columns ?? 1;
  const inner = {
    rows: Math.min(columns === undefined ? ROWS * COLUMNS : ROWS, powerAbove(rows)),
    columns: Math.min(COLUMNS, allColumns),
  };
  while (inner.rows * inner.columns * cellBytes > MOST_FRAME_BYTES && inner.rows > 8)
    inner.rows /= 2;
  while (inner.rows * inner.columns * cellBytes > MOST_FRAME_BYTES && inner.columns > 1)
    inner.columns = Math.ceil(inner.columns / 2);
  // One cell may be so long that even eight of it are too many.
  while (inner.rows * inner.columns * cellBytes > MOST_FRAME_BYTES && inner.rows > 1)
    inner.rows /= 2;
  while (inner.rows * allColumns * cellBytes > MOST_BLOCK_BYTES && inner.rows > 1) inner.rows /= 2;
  const blockBytes = inner.rows * allColumns * cellBytes;
  const blocks = Math.max(
    1,
    Math.min(Math.ceil(rows / inner.rows), Math.floor(MOST_SHARD_BYTES / blockBytes)),
  );
  return {
    inner: columns === undefined ? [inner.rows] : [inner.rows, inner.columns, ...rest],
    shard:
      columns === undefined
        ? [inner.rows * blocks]
        : [inner.rows * blocks, Math.ceil(allColumns / inner.columns) * inner.columns, ...rest],
  };
}

function powerAbove(size: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(size, 1)));
}

export type Numbers =
  | Float64Array<ArrayBuffer>
  | Float32Array<ArrayBuffer>
  | BigInt64Array<ArrayBuffer>
  | Int32Array<ArrayBuffer>;

/**
 * `block` gives rows `from` to `from + count`, each with all of its columns, as one run of numbers. Asked for in order; what it gave is used
 * before it is asked again. An array without rows or columns has metadata only.
 */
export async function writeArray(
  zip: ZipWriter,
  path: string,
  array: ZarrArray,
  block: (from: number, count: number) => Promise<Numbers>,
): Promise<void> {
  await zip.add(`${path}/zarr.json`, new TextEncoder().encode(arrayJson(array)));
  if (array.shape.includes(0)) return;
  const [rows = 1, columns = 1] = array.shape;
  const grid = gridOf(array);
  const shardRows = array.shard[0] as number;
  for (let shardStart = 0, number = 0; shardStart < rows; shardStart += shardRows, number += 1) {
    const key = [number, ...array.shard.slice(1).map(() => 0)].join('/');
    const shard = createShardWriter(zip.begin(`${path}/c/${key}`), {
      chunks: grid.chunks,
      elementBytes: ELEMENT_BYTES[array.type],
      chunkBytes: grid.chunkNumbers * ELEMENT_BYTES[array.type],
    });
    const shardEnd = Math.min(shardStart + shardRows, rows);
    for (let from = shardStart; from < shardEnd; from += grid.rows) {
      const count = Math.min(grid.rows, rows - from);
      const numbers = await block(from, count);
      const blockNumber = (from - shardStart) / grid.rows;
      for (let column = 0; column < grid.columnChunks; column += 1) {
        const place = { ...grid, type: array.type, count, allColumns: columns, column };
        await shard.put(blockNumber * grid.columnChunks + column, pieceOf(numbers, place));
      }
    }
    await shard.end();
  }
}

export interface Grid extends Cut {
  /** Numbers in one cell: of all dimensions after the second. */
  readonly width: number;
  readonly columnChunks: number;
  /** In one shard. */
  readonly chunks: number;
  /** Numbers in one inner chunk. */
  readonly chunkNumbers: number;
}

export function gridOf({ inner, shard }: Pick<ZarrArray, 'inner' | 'shard'>): Grid {
  const [rows = 1, columns = 1, ...rest] = inner;
  const [shardRows = 1, shardColumns = 1] = shard;
  const columnChunks = shardColumns / columns;
  const width = rest.reduce((product, size) => product * size, 1);
  const chunks = (shardRows / rows) * columnChunks;
  return { rows, columns, width, columnChunks, chunks, chunkNumbers: rows * columns * width };
}

interface Piece extends Grid {
  readonly type: ZarrArray['type'];
  readonly count: number;
  readonly allColumns: number;
  readonly column: number;
}

/** The columns of one inner chunk, out of rows that have all of them, as a frame is made of. What lies over the edges is the fill value. */
function pieceOf(numbers: Numbers, of: Piece): Uint8Array {
  const { type, rows, columns, width, count, allColumns, column, chunkNumbers } = of;
  // Behind the frame's memory there is other memory: it would not be noticed.
  if (chunkNumbers * ELEMENT_BYTES[type] > MOST_FRAME_BYTES)
    throw new RangeError('a cell is longer than a frame can hold');
  const piece = viewOf(type, frameMemory.buffer, frameMemory.byteOffset, chunkNumbers);
  const wanted = Math.min(columns, allColumns - column * columns) * width;
  if (count < rows || wanted < columns * width) piece.fill(fillOf(type) as never);
  for (let row = 0; row < count; row += 1) {
    const from = (row * allColumns + column * columns) * width;
    piece.set(numbers.subarray(from, from + wanted) as never, row * columns * width);
  }
  return frameMemory.subarray(0, piece.byteLength);
}

export function viewOf(
  type: ZarrArray['type'],
  buffer: ArrayBuffer,
  offsetBytes: number,
  length: number,
): Numbers {
  if (type === 'float64') return new Float64Array(buffer, offsetBytes, length);
  if (type === 'float32') return new Float32Array(buffer, offsetBytes, length);
  return type === 'int32'
    ? new Int32Array(buffer, offsetBytes, length)
    : new BigInt64Array(buffer, offsetBytes, length);
}

export function fillOf(type: ZarrArray['type']): number | bigint {
  return type === 'int64' ? 0n : type === 'int32' ? 0 : Number.NaN;
}

export function numbersOf(type: ZarrArray['type'], length: number): Numbers {
  return viewOf(type, new ArrayBuffer(length * ELEMENT_BYTES[type]), 0, length);
}
