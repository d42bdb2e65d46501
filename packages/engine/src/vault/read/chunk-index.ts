// All chunks that the index files name, in memory. Who asks knows a chunk by the digest of its plain bytes; that it is another
// name here stays in this file.
// The tables of the packs are kept as they were written, 48 bytes a chunk, one after the other: an entry's number in all of them is
// its row. Over them lies one hash table of rows, with open addressing: dedup ids are hashes, so their first bytes say where to
// look. A chunk costs 54 to 60 bytes, a million 60 MB; a terabyte of chunks of 1 MiB needs about as much.
// A chunk may lie in several packs (two sessions stored it at the same time, or it was stored anew because its pack was gone):
// each copy has a row of its own, and a reader that finds one damaged takes the next.
import { digestFromHex } from '@stillpoint/core';
import { dedupIdOf, type VaultKeys } from '../crypto/keys.ts';
import { ENTRY_BYTES, readEntry, type IndexedPack } from '../format/pack-table.ts';

/** A dedup id, which an entry begins with. */
const ID_BYTES = 32;

export interface PackFacts {
  readonly hex: string;
  readonly salt: Uint8Array;
  readonly bytes: number;
}

export interface ChunkLocation {
  /** Of the digest of the plain bytes, as it was asked for. */
  readonly hex: string;
  readonly pack: PackFacts;
  /** Its number in the pack. */
  readonly part: number;
  readonly offset: number;
  readonly storedBytes: number;
  readonly plainBytes: number;
  readonly encoding: number;
}

export interface ChunkIndex {
  /** False if the pack was there already. */
  addPack(pack: IndexedPack): boolean;
  hasPack(hex: string): boolean;
  /** By the digest of the plain bytes, as everywhere outside. */
  has(hex: string): boolean;
  /** Every copy, the one that was added last first; none if the chunk is unknown. */
  locate(hex: string): ChunkLocation[];
}

interface PackRows {
  readonly facts: PackFacts;
  readonly table: Buffer;
  readonly firstRow: number;
}

interface Place {
  readonly pack: PackRows;
  /** The entry's number in its pack. */
  readonly part: number;
}

export function createChunkIndex(keys: VaultKeys): ChunkIndex {
  const packs: PackRows[] = [];
  const names = new Set<string>();
  const slots = createSlots();
  let rows = 0;

  const place = (row: number): Place => {
    const pack = packs[lastAtOrBefore(packs, row)] as PackRows;
    return { pack, part: row - pack.firstRow };
  };
  const insert = ({ table, firstRow }: PackRows): void => {
    for (let at = 0, row = firstRow; at < table.length; at += ENTRY_BYTES, row++) {
      slots.add(table.readUInt32LE(at), row);
    }
  };
  /** In the order in which they were added. */
  function* copiesOf(hex: string): Generator<Place> {
    const id = Buffer.from(dedupIdOf(keys, digestFromHex(hex)), 'hex');
    for (const row of slots.find(id.readUInt32LE(0))) {
      const found = place(row);
      const at = found.part * ENTRY_BYTES;
      if (found.pack.table.compare(id, 0, ID_BYTES, at, at + ID_BYTES) === 0) yield found;
    }
  }

  return {
    addPack({ hex, salt, bytes, table }) {
      if (names.has(hex)) return false;
      names.add(hex);
      // A copy: what it was cut from may be much larger, and another's.
      const pack = { facts: { hex, salt, bytes }, table: Buffer.from(table), firstRow: rows };
      packs.push(pack);
      rows += table.length / ENTRY_BYTES;
      if (slots.reserve(rows)) packs.forEach(insert);
      else insert(pack);
      return true;
    },
    hasPack: (hex) => names.has(hex),
    has: (hex) => copiesOf(hex).next().done === false,
    locate: (hex) => Array.from(copiesOf(hex), (found) => locationOf(hex, found)).toReversed(),
  };
}

function locationOf(hex: string, { pack, part }: Place): ChunkLocation {
  const { offset, storedBytes, plainBytes, encoding } = readEntry(pack.table, part * ENTRY_BYTES);
  return { hex, pack: pack.facts, part, offset, storedBytes, plainBytes, encoding };
}

/** The number of the pack that holds the row. */
function lastAtOrBefore(packs: readonly PackRows[], row: number): number {
  let low = 0;
  let high = packs.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if ((packs[middle] as PackRows).firstRow <= row) low = middle;
    else high = middle - 1;
  }
  return low;
}

interface Slots {
  /** Makes room for so many rows. True: all slots are empty now, and whoever asked adds everything again. */
  reserve(rows: number): boolean;
  /** `hash`: any 32 bits of the id, always the same ones. */
  add(hash: number, row: number): void;
  /** The rows that may be those of the hash, in the order in which they were added. */
  find(hash: number): Generator<number>;
}

/** At most two thirds of the slots are used: then a look finds an empty one after two or three. */
function createSlots(): Slots {
  /** Rows, counted from 1; 0 is an empty slot. */
  let slots = new Uint32Array(1024);
  return {
    reserve(rows) {
      let size = slots.length;
      while (rows * 3 > size * 2) size *= 2;
      if (size === slots.length) return false;
      slots = new Uint32Array(size);
      return true;
    },
    add(hash, row) {
      const mask = slots.length - 1;
      let at = hash & mask;
      while (slots[at] !== 0) at = (at + 1) & mask;
      slots[at] = row + 1;
    },
    *find(hash) {
      const mask = slots.length - 1;
      for (let at = hash & mask; ; at = (at + 1) & mask) {
        const row = slots[at] ?? 0;
        if (row === 0) return;
        yield row - 1;
      }
    },
  };
}
