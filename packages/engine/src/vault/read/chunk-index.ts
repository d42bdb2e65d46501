// All chunks that the index files name, in memory: a map from dedup id to a row, and columns. Who asks knows a chunk by the digest
// of its plain bytes; that it is another name here stays in this file. One chunk costs about 120
// bytes here, so a terabyte of 1 MiB chunks fits in 120 MB. A chunk may lie in several packs (two sessions
// stored it at the same time, or it was stored anew because its pack was gone): its copies are chained, and a reader
// that finds one damaged takes the next.
import { digestFromHex } from '@stillpoint/core';
import { dedupIdOf, type VaultKeys } from '../crypto/keys.ts';
import { ENTRY_BYTES, readEntry, type IndexedPack } from '../format/pack-table.ts';

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
  /** Every copy, none if the chunk is unknown. */
  locate(hex: string): ChunkLocation[];
}

const NONE = 0xffffffff;

export function createChunkIndex(keys: VaultKeys): ChunkIndex {
  const rowOf = new Map<string, number>();
  const packs: (PackFacts & { readonly firstRow: number })[] = [];
  const packNames = new Set<string>();
  const columns = {
    pack: createColumn(),
    offset: createColumn(),
    storedBytes: createColumn(),
    plainBytes: createColumn(),
    encoding: createColumn(),
    nextCopy: createColumn(),
  };
  let rows = 0;

  const addEntry = (pack: number, table: Buffer, at: number): void => {
    const entry = readEntry(table, at);
    const row = rows++;
    columns.pack.push(pack);
    columns.offset.push(entry.offset);
    columns.storedBytes.push(entry.storedBytes);
    columns.plainBytes.push(entry.plainBytes);
    columns.encoding.push(entry.encoding);
    columns.nextCopy.push(rowOf.get(entry.id) ?? NONE);
    rowOf.set(entry.id, row);
  };
  const rowOfDigest = (hex: string): number | undefined =>
    rowOf.get(dedupIdOf(keys, digestFromHex(hex)));

  const placeOf = (row: number): Pick<ChunkLocation, 'pack' | 'part'> => {
    const pack = packs[columns.pack.at(row)] as (typeof packs)[number];
    return { pack, part: row - pack.firstRow };
  };

  const location = (hex: string, row: number): ChunkLocation => ({
    hex,
    ...placeOf(row),
    offset: columns.offset.at(row),
    storedBytes: columns.storedBytes.at(row),
    plainBytes: columns.plainBytes.at(row),
    encoding: columns.encoding.at(row),
  });

  return {
    addPack({ hex, salt, bytes, table: entries }) {
      if (packNames.has(hex)) return false;
      packNames.add(hex);
      packs.push({ hex, salt, bytes, firstRow: rows });
      const table = Buffer.from(entries.buffer, entries.byteOffset, entries.byteLength);
      for (let at = 0; at < table.length; at += ENTRY_BYTES) addEntry(packs.length - 1, table, at);
      return true;
    },
    hasPack: (hex) => packNames.has(hex),
    has: (hex) => rowOfDigest(hex) !== undefined,
    locate(hex) {
      const found: ChunkLocation[] = [];
      for (let row = rowOfDigest(hex) ?? NONE; row !== NONE; row = columns.nextCopy.at(row)) {
        found.push(location(hex, row));
      }
      return found;
    },
  };
}

interface Column {
  push(value: number): void;
  at(row: number): number;
}

function createColumn(): Column {
  let values = new Uint32Array(1024);
  let length = 0;
  return {
    push(value) {
      if (length === values.length) {
        const larger = new Uint32Array(length * 2);
        larger.set(values);
        values = larger;
      }
      values[length++] = value;
    },
    at: (row) => values[row] ?? NONE,
  };
}
