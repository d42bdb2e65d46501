// Rows that were unpacked together, kept for whoever asks for the next of them: frames are packed by 32, and most who read one read
// all. Of all chunks of a lens so many bytes, the latest used.

const MOST_BYTES = 48 * 1024 * 1024;
/** A block that is larger is not kept, and of it only what is asked for is read. */
export const MOST_BLOCK_BYTES = 32 * 1024 * 1024;

type Samples = Float64Array | Float32Array;

/** Which block of which array, and how large it is. */
export interface BlockKey {
  readonly owner: number;
  readonly name: string;
  readonly bytes: number;
}

export interface Blocks {
  /** For each chunk that is opened another: a file of the same name may be another one the next time. */
  newOwner(): number;
  get(key: BlockKey, read: () => Promise<Samples>): Promise<Samples>;
}

export function createBlocks(): Blocks {
  const kept = new Map<string, Samples>();
  let owners = 0;
  let keptBytes = 0;
  const forget = (key: string): void => {
    keptBytes -= kept.get(key)?.byteLength ?? 0;
    kept.delete(key);
  };
  return {
    newOwner() {
      owners += 1;
      return owners;
    },
    async get({ owner, name, bytes }, read) {
      const key = `${owner} ${name}`;
      const known = kept.get(key);
      forget(key);
      // Before it is read: the old and the new are not in memory together.
      for (const oldest of kept.keys()) {
        if (keptBytes + bytes <= MOST_BYTES) break;
        forget(oldest);
      }
      const block = known ?? (await read());
      // Another may have read it meanwhile.
      forget(key);
      kept.set(key, block);
      keptBytes += block.byteLength;
      return block;
    },
  };
}
