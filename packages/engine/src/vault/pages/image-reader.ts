// An image by its reference: head, layers, and from them the table of its pages; then pages, a window at a time. Writers cut groups
// within spans of the same size and place, so that each group is read and decompressed for one window only, and memory is two
// windows, whatever the image.
import { digestHex, failure, freeMemory, isDigest, type StillpointError } from '@stillpoint/core';
import type { StreamRef } from '../../sources/contract.ts';
import { forEachConcurrently } from '../flow.ts';
import type { ListEntry } from '../format/chunk-list.ts';
import { readHead, type ImageHead } from './head.ts';
import { GROUP_DIGEST_BYTES, LAYER_HEADER_BYTES, readLayer, readLayerSizes } from './layers.ts';
import { hexAt } from './group-list.ts';
import { ZERO_PAGE } from './page.ts';
import { createPageTable, type PageTable } from './page-table.ts';
import { asBuffer } from '../as-buffer.ts';

/** Verified chunks, by the digest of their plain bytes; in memory that is the caller's. */
export interface ImageChunks {
  read(hex: string): Promise<Uint8Array>;
}

/** How streams that are no images are read (read/stream-reader.ts): layers are. */
export interface PlainStreams {
  list(chunks: ImageChunks, ref: StreamRef): AsyncIterable<ListEntry>;
  read(chunks: ImageChunks, ref: StreamRef, readAhead: number): AsyncIterable<Uint8Array>;
}

export interface Image {
  readonly head: ImageHead;
  readonly table: PageTable;
  /** So many pages from `from` on, fewer at the end; in one buffer that is the caller's. */
  readPages(from: number, count: number): Promise<Buffer>;
}

/** Plain bytes of a window; spans of the writer have as many. */
export const WINDOW_BYTES = 8 * 1024 * 1024;
const LAYER_READ_AHEAD = 4;
/** Groups are small; a quarter as many bytes are read ahead as of other streams, and the next window besides. */
export const GROUPS_PER_CHUNK = 2;
const PIECE_BYTES = 1024 * 1024;

/** Whole pages only. */
export function pagesOfWindow(pageBytes: number): number {
  return Math.floor(WINDOW_BYTES / pageBytes);
}

/** IMAGE_DAMAGED, and what reading chunks rejects with. */
export async function openImage(
  chunks: ImageChunks,
  ref: StreamRef,
  plain: PlainStreams,
  groupsAtOnce: number,
): Promise<Image> {
  const { head } = await readHeadOf(chunks, ref);
  const table = createPageTable(head.pageBytes, Math.ceil(head.bytes / head.pageBytes));
  for (const [number, layer] of head.layers.entries()) {
    const content = await gather(plain.read(chunks, layer.ref, LAYER_READ_AHEAD));
    const read = readLayer(content);
    if (typeof read === 'string') throw damaged(ref, `layer ${number}: ${read}`);
    if (read.pageBytes !== head.pageBytes || read.entries !== layer.entries) {
      throw damaged(ref, `layer ${number} is not the one that its head means`);
    }
    if (number === 0) table.resize(Math.ceil(head.bytes / head.pageBytes));
    if (number === 0 && read.kind !== 'full') throw damaged(ref, 'its first layer is not full');
    table.apply(read, number);
  }
  return { head, table, readPages: createPagesReader(chunks, ref, { head, table }, groupsAtOnce) };
}

/** The whole content, in pieces of a megabyte. `readAhead`: as many chunks as of another stream. */
export async function* readImage(
  chunks: ImageChunks,
  ref: StreamRef,
  plain: PlainStreams,
  readAhead: number,
): AsyncGenerator<Uint8Array> {
  const image = await openImage(chunks, ref, plain, readAhead * GROUPS_PER_CHUNK);
  const { table } = image;
  const step = pagesOfWindow(table.pageBytes);
  const start = (from: number): Promise<Buffer> => {
    const reading = image.readPages(from, step);
    // Judged when its turn comes, or never if the consumer stops before.
    reading.catch(() => {});
    return reading;
  };
  let next = start(0);
  for (let from = 0; from < table.pages; from += step) {
    const window = await next;
    if (from + step < table.pages) next = start(from + step);
    for (let at = 0; at < window.length; at += PIECE_BYTES) {
      yield window.subarray(at, at + PIECE_BYTES);
    }
  }
}

/**
 * Every chunk that reading the image may need: its head, its layers, all groups that these name. Images share layers: those in
 * `layersListed` are passed over, and those that are listed to their end are added.
 */
export async function* listImage(
  chunks: ImageChunks,
  ref: StreamRef,
  plain: PlainStreams,
  layersListed = new Set<string>(),
): AsyncGenerator<ListEntry> {
  const { head, headBytes } = await readHeadOf(chunks, ref);
  yield { hex: digestHexOf(ref), bytes: headBytes };
  for (const [number, layer] of head.layers.entries()) {
    const { digest, bytes, depth } = layer.ref;
    const name = `${depth}:${bytes}:${digest}`;
    if (layersListed.has(name)) continue;
    yield* plain.list(chunks, layer.ref);
    const groups = await readGroups(plain.read(chunks, layer.ref, 0), layer.ref.bytes);
    if (typeof groups === 'string') throw damaged(ref, `layer ${number}: ${groups}`);
    yield* groups;
    layersListed.add(name);
  }
}

/** Of a layer only its beginning is read. */
async function readGroups(
  layer: AsyncIterable<Uint8Array>,
  layerBytes: number,
): Promise<ListEntry[] | string> {
  let wanted = LAYER_HEADER_BYTES;
  let count: number | undefined;
  const parts: Uint8Array[] = [];
  let have = 0;
  for await (const part of layer) {
    parts.push(part);
    have += part.length;
    if (have >= wanted && count === undefined) {
      const sizes = readLayerSizes(Buffer.concat(parts), layerBytes);
      if (typeof sizes === 'string') return sizes;
      count = sizes.groups;
      wanted += count * (GROUP_DIGEST_BYTES + 4);
    }
    if (have >= wanted) break;
  }
  if (count === undefined || have < wanted) return 'it ends before its end';
  const start = asBuffer(Buffer.concat(parts));
  const bytesAt = LAYER_HEADER_BYTES + count * GROUP_DIGEST_BYTES;
  const digests = start.subarray(LAYER_HEADER_BYTES, bytesAt);
  return Array.from({ length: count }, (_, group) => ({
    hex: hexAt(digests, group),
    bytes: start.readUInt32LE(bytesAt + group * 4),
  }));
}

async function readHeadOf(
  chunks: ImageChunks,
  ref: StreamRef,
): Promise<{ readonly head: ImageHead; readonly headBytes: number }> {
  const content = await chunks.read(digestHexOf(ref));
  const head = readHead(content);
  if (typeof head === 'string') throw damaged(ref, head);
  if (head.bytes !== ref.bytes || head.pageBytes !== ref.pageBytes) {
    throw damaged(ref, `it has ${head.bytes} bytes where ${ref.bytes} are named`);
  }
  return { head, headBytes: content.length };
}

function createPagesReader(
  chunks: ImageChunks,
  ref: StreamRef,
  { head, table }: Pick<Image, 'head' | 'table'>,
  groupsAtOnce: number,
): Image['readPages'] {
  const { pageBytes, bytes } = head;
  return async (from, count) => {
    const until = Math.min(from + count, table.pages);
    const first = from * pageBytes;
    const window = Buffer.alloc(Math.max(0, Math.min(until * pageBytes, bytes) - first));
    await forEachConcurrently(pagesByGroup(table, from, until), groupsAtOnce, async (wanted) => {
      const [group, pages] = wanted;
      const content = asBuffer(await chunks.read(table.groups.hex(group)));
      for (const page of pages) {
        const at = page * pageBytes;
        const slotAt = table.slotOf(page) * pageBytes;
        const end = slotAt + Math.min(pageBytes, bytes - at);
        if (end > content.length) throw damaged(ref, `page ${page} is not in its group`);
        content.copy(window, at - first, slotAt, end);
      }
      freeMemory(content);
    });
    return window;
  };
}

/** In the order in which groups are first needed: that is how they lie in packs. */
export function pagesByGroup(table: PageTable, from: number, until: number): Map<number, number[]> {
  const wanted = new Map<number, number[]>();
  for (let page = from; page < until; page++) {
    const group = table.groupOf(page);
    if (group === ZERO_PAGE) continue;
    const pages = wanted.get(group);
    if (pages === undefined) wanted.set(group, [page]);
    else pages.push(page);
  }
  return wanted;
}

async function gather(content: AsyncIterable<Uint8Array>): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(content));
}

function digestHexOf(ref: StreamRef): string {
  if (!isDigest(ref.digest)) throw damaged(ref, 'its reference is no digest');
  return digestHex(ref.digest);
}

export function damaged(ref: StreamRef, reason: string): StillpointError {
  return failure('IMAGE_DAMAGED', { image: ref.digest, reason });
}
