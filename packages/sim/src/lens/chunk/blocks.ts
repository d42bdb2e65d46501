// Rows that were unpacked together, kept for whoever asks for the next of them: frames are packed by 32, and most who read one read
// all. Of all chunks of a lens so many bytes, the latest used. A block that was read to its end goes first: who reads on from frame to
// frame holds one of each array, and no more.
import { freeMemory } from '@stillpoint/core';

/** No block is larger. */
export const MOST_BYTES = 24 * 1024 * 1024;

export type Samples = Float64Array | Float32Array;

/** A chunk that is open, and which of its arrays were asked for. */
export interface BlockOwner {
  readonly number: number;
  readonly arrays: Set<string>;
}

/** Which rows of which array, and how large they are. */
export interface BlockKey {
  readonly owner: BlockOwner;
  readonly array: string;
  readonly firstRow: number;
  readonly rows: number;
  readonly bytes: number;
}

export interface Blocks {
  /** For each chunk that is opened another: a file of the same name may be another one the next time. */
  newOwner(): BlockOwner;
  /** What a block of this array may have, so that one of each array of the chunk fits. */
  roomFor(owner: BlockOwner, array: string): number;
  /** Memory of those that were read to their end, before much else is read. */
  freeDone(): void;
  /** `read` may put the block into what it is given: memory of one that nobody has any more. `take` copies out of it what is asked for. */
  use(
    key: BlockKey,
    row: number,
    read: (into: Samples | undefined) => Promise<Samples>,
    take: (block: Samples) => Samples,
  ): Promise<Samples>;
}

interface Kept {
  readonly numbers: Samples;
  /** Its last row was taken, and others before it. Backwards, the last is the first; and what is one row is asked for again. */
  isDone: boolean;
}

export function createBlocks(): Blocks {
  /** The latest used last. */
  const kept = new Map<string, Kept>();
  let owners = 0;
  let keptBytes = 0;
  const forget = (key: string): Kept | undefined => {
    const block = kept.get(key);
    keptBytes -= block?.numbers.byteLength ?? 0;
    kept.delete(key);
    return block;
  };
  const keep = (key: string, block: Kept): void => {
    // Another may have read it meanwhile.
    const other = forget(key);
    if (other !== undefined && other.numbers !== block.numbers) freeMemory(other.numbers);
    kept.set(key, block);
    keptBytes += block.numbers.byteLength;
  };
  /** Before as much is read: the old and the new are not in memory together. What is as large as the new serves it. */
  const makeRoom = (bytes: number): Samples | undefined => {
    let spare: Samples | undefined;
    const drop = (key: string): void => {
      const { numbers } = forget(key)!;
      if (spare === undefined && numbers.byteLength === bytes) spare = numbers;
      else freeMemory(numbers);
    };
    for (const [key, { numbers, isDone }] of kept)
      if (isDone && numbers.byteLength === bytes) {
        drop(key);
        break;
      }
    const doneFirst = [...kept].toSorted(([, a], [, b]) => Number(b.isDone) - Number(a.isDone));
    for (const [key] of doneFirst) {
      if (keptBytes + bytes <= MOST_BYTES) break;
      drop(key);
    }
    return spare;
  };
  return {
    newOwner() {
      owners += 1;
      return { number: owners, arrays: new Set() };
    },
    roomFor({ arrays }, array) {
      arrays.add(array);
      return Math.floor(MOST_BYTES / arrays.size);
    },
    freeDone() {
      for (const [key, { numbers, isDone }] of kept)
        if (isDone) {
          forget(key);
          freeMemory(numbers);
        }
    },
    async use({ owner, array, firstRow, rows, bytes }, row, read, take) {
      const key = `${owner.number} ${firstRow} ${rows} ${array}`;
      const isLast = rows > 1 && row === firstRow + rows - 1;
      const known = forget(key);
      if (known !== undefined) {
        known.isDone = isLast;
        keep(key, known);
        return take(known.numbers);
      }
      const into = makeRoom(bytes);
      const numbers = await read(into);
      if (into !== undefined && into !== numbers) freeMemory(into);
      keep(key, { numbers, isDone: false });
      return take(numbers);
    },
  };
}
