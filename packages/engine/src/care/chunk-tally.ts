// Which chunks were met, how large each is, and by whom: columns of numbers and open addressing, 48 bytes a chunk at most, so that a
// vault of a terabyte is counted in a few hundred megabytes however small its chunks are. Half of a digest is enough to know one by.

const SHARED = 0xffff_ffff;
const KEY_WORDS = 4;
/** The table is enlarged when it is fuller. */
const LOAD = 0.7;

export interface Met {
  /** Nobody had met it. */
  readonly first: boolean;
  /** This owner had not met it. */
  readonly firstOfOwner: boolean;
}

export interface ChunkTally {
  /** Owners come one after the other, ascending from 0: what an earlier one met it has met before. */
  meet(digest: string, owner: number, sizes: () => { readonly storedBytes: number }): Met;
  size(): number;
  /** By owner: stored bytes of the chunks that only it has met. */
  aloneBytes(owners: number): number[];
}

export function createChunkTally(): ChunkTally {
  let capacity = 1024;
  let columns = allocate(capacity);
  let count = 0;

  const slotOf = (words: Uint32Array, table: Columns, slots: number): number => {
    let slot = words[0]! % slots;
    while (table.lastOwner[slot] !== 0 && !equals(table.keys, slot, words)) {
      slot = slot + 1 === slots ? 0 : slot + 1;
    }
    return slot;
  };

  const enlarge = (): void => {
    const larger = allocate(capacity * 2);
    for (let slot = 0; slot < capacity; slot++) {
      if (columns.lastOwner[slot] === 0) continue;
      const words = columns.keys.subarray(slot * KEY_WORDS, (slot + 1) * KEY_WORDS);
      const to = slotOf(words, larger, capacity * 2);
      larger.keys.set(words, to * KEY_WORDS);
      larger.onlyOwner[to] = columns.onlyOwner[slot]!;
      larger.lastOwner[to] = columns.lastOwner[slot]!;
      larger.storedBytes[to] = columns.storedBytes[slot]!;
    }
    columns = larger;
    capacity *= 2;
  };

  return {
    meet(digest, owner, sizes) {
      if (count > capacity * LOAD) enlarge();
      const words = wordsOf(digest);
      const slot = slotOf(words, columns, capacity);
      const last = columns.lastOwner[slot]!;
      if (last === owner + 1) return { first: false, firstOfOwner: false };
      columns.lastOwner[slot] = owner + 1;
      if (last !== 0) {
        columns.onlyOwner[slot] = SHARED;
        return { first: false, firstOfOwner: true };
      }
      columns.keys.set(words, slot * KEY_WORDS);
      columns.onlyOwner[slot] = owner;
      columns.storedBytes[slot] = sizes().storedBytes;
      count++;
      return { first: true, firstOfOwner: true };
    },

    size: () => count,

    aloneBytes(owners) {
      const alone = Array.from({ length: owners }, () => 0);
      for (let slot = 0; slot < capacity; slot++) {
        const owner = columns.onlyOwner[slot]!;
        if (columns.lastOwner[slot] === 0 || owner === SHARED) continue;
        alone[owner] = (alone[owner] ?? 0) + columns.storedBytes[slot]!;
      }
      return alone;
    },
  };
}

interface Columns {
  readonly keys: Uint32Array;
  readonly onlyOwner: Uint32Array;
  /** One more than the owner; 0: the slot is free. */
  readonly lastOwner: Uint32Array;
  readonly storedBytes: Uint32Array;
}

function allocate(capacity: number): Columns {
  return {
    keys: new Uint32Array(capacity * KEY_WORDS),
    onlyOwner: new Uint32Array(capacity),
    lastOwner: new Uint32Array(capacity),
    storedBytes: new Uint32Array(capacity),
  };
}

function wordsOf(digest: string): Uint32Array {
  const words = new Uint32Array(KEY_WORDS);
  const from = 'blake3:'.length;
  for (let n = 0; n < KEY_WORDS; n++) {
    words[n] = Number.parseInt(digest.slice(from + n * 8, from + n * 8 + 8), 16);
  }
  return words;
}

function equals(keys: Uint32Array, slot: number, words: Uint32Array): boolean {
  const at = slot * KEY_WORDS;
  for (let n = 0; n < KEY_WORDS; n++) if (keys[at + n] !== words[n]) return false;
  return true;
}
