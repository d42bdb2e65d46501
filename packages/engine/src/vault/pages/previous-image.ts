// The image that a new one is compared with. Only what the new snapshot may rest on counts: a page whose group is not surely there is
// compared with nothing, and so stored again; and if a layer, or anything that a layer names, is not surely there, no layer is kept.
// Pages of a group that is mostly dead are stored again too, so that an image never keeps more than four times its size.
import { isFailure } from '@stillpoint/core';
import type { StreamRef } from '../../sources/contract.ts';
import type { NamedLayer } from './head.ts';
import { openImage, type ImageChunks, type PlainStreams } from './image-reader.ts';
import { PAGE_HASH_BYTES, ZERO_PAGE } from './page.ts';
import { createPageTable, type PageTable } from './page-table.ts';
import { asBuffer } from '../as-buffer.ts';

export interface PreviousImage {
  readonly table: PageTable;
  /** Those that a new head may name, the full one first; empty: none, and all is written anew. */
  readonly layers: readonly NamedLayer[];
  /**
   * Of the pages from `from` on, as many as there were when it was opened: what a new page must equal to be left out. Pages before
   * them may be set in the table meanwhile.
   */
  hashesFrom(from: number, count: number): Uint8Array;
}

export interface PreviousOptions {
  readonly chunks: ImageChunks;
  readonly plain: PlainStreams;
  /** Whether the new snapshot may rest on the chunk. */
  readonly isPresent: (hex: string) => Promise<boolean>;
}

/** Equals the hash of no page that anybody could find. */
const NO_PAGE = Buffer.alloc(PAGE_HASH_BYTES, 0xff);
/** A group is given up when fewer than one of so many of its pages are in use. */
const LIVE_ONE_OF = 4;

export async function openPrevious(
  options: PreviousOptions,
  ref: StreamRef | undefined,
  pageBytes: number,
): Promise<PreviousImage> {
  const nothing = none(pageBytes);
  if (ref === undefined || ref.pageBytes !== pageBytes) return nothing;
  try {
    const { head, table } = await openImage(options.chunks, ref, options.plain, 1);
    const absent = await findAbsent(options, table);
    const layersThere = absent.size === 0 && (await areThere(options, head.layers));
    const unusable = withSparse(table, absent);
    const { pages } = table;
    return {
      table,
      layers: layersThere ? head.layers : [],
      hashesFrom: (from, count) => hashesOf(table, unusable, from, Math.min(from + count, pages)),
    };
  } catch (error) {
    // Forgotten, lost or damaged: a snapshot must do without.
    if (isFailure(error)) return nothing;
    throw error;
  }
}

function none(pageBytes: number): PreviousImage {
  return {
    table: createPageTable(pageBytes),
    layers: [],
    hashesFrom: () => new Uint8Array(0),
  };
}

async function findAbsent(
  { isPresent }: PreviousOptions,
  { groups }: PageTable,
): Promise<Set<number>> {
  const absent = new Set<number>();
  for (let group = 0; group < groups.count; group++) {
    if (!(await isPresent(groups.hex(group)))) absent.add(group);
  }
  return absent;
}

async function areThere(
  { chunks, plain, isPresent }: PreviousOptions,
  layers: readonly NamedLayer[],
): Promise<boolean> {
  const named = new Set<string>();
  const noting: ImageChunks = {
    // Lists of chunks are chunks too.
    read(hex) {
      named.add(hex);
      return chunks.read(hex);
    },
  };
  for (const { ref } of layers) {
    for await (const { hex } of plain.list(noting, ref)) named.add(hex);
  }
  for (const hex of named) {
    if (!(await isPresent(hex))) return false;
  }
  return true;
}

function withSparse(table: PageTable, absent: ReadonlySet<number>): ReadonlySet<number> {
  const unusable = new Set(absent);
  for (const [group, live] of table.pagesInGroups().entries()) {
    const slots = Math.ceil(table.groups.bytes(group) / table.pageBytes);
    if (live > 0 && live * LIVE_ONE_OF < slots) unusable.add(group);
  }
  return unusable;
}

function hashesOf(
  table: PageTable,
  unusable: ReadonlySet<number>,
  from: number,
  until: number,
): Uint8Array {
  if (until <= from) return new Uint8Array(0);
  // A copy: it goes to another thread.
  const hashes = Uint8Array.from(
    table.hashes.subarray(from * PAGE_HASH_BYTES, until * PAGE_HASH_BYTES),
  );
  if (unusable.size === 0) return hashes;
  for (let page = from; page < until; page++) {
    const group = table.groupOf(page);
    if (group === ZERO_PAGE || !unusable.has(group)) continue;
    NO_PAGE.copy(asBuffer(hashes), (page - from) * PAGE_HASH_BYTES);
  }
  return hashes;
}
