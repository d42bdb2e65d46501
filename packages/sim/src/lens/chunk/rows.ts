// Reads one row of an array, out of the block that it was packed in where that is not too large to keep.
import { ELEMENT_BYTES, type ArrayReader } from '../../zarr/index.ts';
import { MOST_BYTES, type BlockOwner, type Blocks, type Samples } from './blocks.ts';

export interface RowFrom {
  readonly owner: BlockOwner;
  readonly path: string;
  readonly blocks: Blocks;
  /** The same row, and not the next: it is kept even by itself. */
  readonly isAskedAgain: boolean;
  /** Memory that it goes into; else it has its own. */
  readonly into: ((type: 'float64' | 'float32', length: number) => Samples) | undefined;
  readonly signal: AbortSignal | undefined;
}

/** Of a row the first samples, each with all of its components. */
export async function rowIn(
  array: ArrayReader,
  row: number,
  samples: number,
  { owner, path, blocks, isAskedAgain, into, signal }: RowFrom,
): Promise<Samples> {
  const { shape, inner, type } = array.array;
  const [rows = 0, columns = 0, ...components] = shape;
  const width = components.reduce((product, size) => product * size, 1);
  const rowBytes = columns * width * ELEMENT_BYTES[type];
  const roomBytes = blocks.roomFor(owner, path);
  let together = inner[0] ?? 1;
  // Of rows that are so long only some: each block unpacks all of them, and memory is to hold no more.
  while (together > 1 && together * rowBytes > roomBytes) together = Math.ceil(together / 2);
  const read = async (from: number, to: number, samples: number, target?: Samples) =>
    (await array.read(
      from,
      to,
      { from: 0, to: samples },
      signal,
      target as Float64Array<ArrayBuffer> | undefined,
    )) as Samples;
  const length = samples * width;
  const target = (): Samples | undefined =>
    type === 'float64' || type === 'float32' ? into?.(type, length) : undefined;
  const isAlone = together === 1 && !isAskedAgain;
  if (isAlone || together * rowBytes > MOST_BYTES) {
    blocks.freeDone();
    return await read(row, row + 1, samples, target());
  }
  const firstRow = row - (row % together);
  const count = Math.min(together, rows - firstRow);
  const key = { owner, array: path, firstRow, rows: count, bytes: count * rowBytes };
  const from = (row - firstRow) * columns * width;
  return await blocks.use(
    key,
    row,
    async (spare) => await read(firstRow, firstRow + count, columns, spare),
    (block) => {
      const found = target();
      if (found === undefined) return block.slice(from, from + length);
      found.set(block.subarray(from, from + length));
      return found;
    },
  );
}
