// Rows that were unpacked together, kept for whoever asks for the next of them: frames are packed by 32, and most who read one read
// all. Of all chunks of a lens so many bytes, the latest used.

const MOST_BYTES = 48 * 1024 * 1024;
/** A block that is larger is not kept whole, */
export const MOST_BLOCK_BYTES = 32 * 1024 * 1024;
/** but some of its rows, so many; of longer ones only what is asked for is read. */
export const MOST_PART_BYTES = 8 * 1024 * 1024;

export type Samples = Float64Array | Float32Array;

/** Which block of which array, and how large it is. */
export interface BlockKey {
  readonly owner: number;
  readonly name: string;
  readonly bytes: number;
}

export interface Blocks {
  /** For each chunk that is opened another: a file of the same name may be another one the next time. */
  newOwner(): number;
  /** `read` may put the block into what it is given: memory of one that nobody has any more. `take` copies out of it what is asked for. */
  use(
    key: BlockKey,
    read: (into: Samples | undefined) => Promise<Samples>,
    take: (block: Samples) => Samples,
  ): Promise<Samples>;
}

export function createBlocks(): Blocks {
  const kept = new Map<string, Samples>();
  /** Of the block that went last: its memory serves the next, else each would leave as much behind until it is collected. */
  let spare: Samples | undefined;
  let owners = 0;
  let keptBytes = 0;
  const forget = (key: string): Samples | undefined => {
    const block = kept.get(key);
    keptBytes -= block?.byteLength ?? 0;
    kept.delete(key);
    return block;
  };
  const keep = (key: string, block: Samples): void => {
    // Another may have read it meanwhile.
    forget(key);
    kept.set(key, block);
    keptBytes += block.byteLength;
  };
  return {
    newOwner() {
      owners += 1;
      return owners;
    },
    async use({ owner, name, bytes }, read, take) {
      const key = `${owner} ${name}`;
      const known = forget(key);
      if (known !== undefined) {
        keep(key, known);
        return take(known);
      }
      // Before it is read: the old and the new are not in memory together.
      for (const oldest of kept.keys()) {
        if (keptBytes + bytes <= MOST_BYTES) break;
        spare = forget(oldest);
      }
      const into = spare;
      spare = undefined;
      const block = await read(into);
      keep(key, block);
      return take(block);
    },
  };
}
