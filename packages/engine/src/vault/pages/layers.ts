// A layer: which group holds which page, for all pages of an image (full) or for those that changed since the layer below (delta).
// Columns, because what is alike then lies together and compresses: of a page it costs 22 bytes, about 18 compressed. All numbers
// little-endian, as are the machines that Node runs on, so columns are used as they are.
//   header, 32 bytes: "SPLAYER1", bytes of a page u32, kind u32 (0 full, 1 delta), pages of the image u32, entries u32,
//                     groups u32, four zero bytes
//   of each group:    digest (32);  then of each: plain bytes u32
//   of each entry:    delta only: page number less the one before u32 (the first: the number itself);
//                     then group u32 (0xffffffff: the page is zeros, and is in none);  then slot in the group u16;
//                     then hash of the page (16)
import { GROUP_BYTES_MAX, isPageBytes, PAGE_HASH_BYTES, PAGES_MAX, ZERO_PAGE } from './page.ts';
import { asBuffer } from '../as-buffer.ts';

const MAGIC = Buffer.from('SPLAYER1', 'latin1');
export const LAYER_HEADER_BYTES = 32;
export const GROUP_DIGEST_BYTES = 32;
const KIND_FULL = 0;
const KIND_DELTA = 1;

export interface LayerSizes {
  readonly pageBytes: number;
  readonly kind: 'full' | 'delta';
  /** Of the whole image, when the layer was written. */
  readonly pages: number;
  readonly entries: number;
  readonly groups: number;
}

export interface Layer extends LayerSizes {
  readonly groupDigests: Uint8Array;
  readonly groupBytes: Uint32Array;
  /** Page numbers, ascending. undefined: every page from 0. */
  readonly numbers?: Uint32Array;
  readonly groupOf: Uint32Array;
  readonly slotOf: Uint16Array;
  readonly hashes: Uint8Array;
}

/** In pieces that are views of the layer. */
export function writeLayer(layer: Layer): Uint8Array[] {
  const header = Buffer.alloc(LAYER_HEADER_BYTES);
  MAGIC.copy(header);
  header.writeUInt32LE(layer.pageBytes, 8);
  header.writeUInt32LE(layer.kind === 'full' ? KIND_FULL : KIND_DELTA, 12);
  header.writeUInt32LE(layer.pages, 16);
  header.writeUInt32LE(layer.entries, 20);
  header.writeUInt32LE(layer.groups, 24);
  const { groupDigests, groupBytes, numbers, groupOf, slotOf, hashes } = layer;
  const gaps = numbers?.map((page, n) => (n === 0 ? page : page - (numbers[n - 1] as number)));
  const columns = [groupDigests, groupBytes, gaps, groupOf, slotOf, hashes];
  return [header, ...columns.flatMap((column) => (column === undefined ? [] : [bytesOf(column)]))];
}

/** What a layer says of its sizes, in its first LAYER_HEADER_BYTES; or, as text, what is wrong. */
export function readLayerSizes(header: Uint8Array, layerBytes: number): LayerSizes | string {
  const at = asBuffer(header);
  if (at.length < LAYER_HEADER_BYTES || !at.subarray(0, 8).equals(MAGIC)) return 'it is no layer';
  const number = at.readUInt32LE(12);
  if (number !== KIND_FULL && number !== KIND_DELTA) return `its kind ${number} is unknown`;
  const kind = number === KIND_FULL ? 'full' : 'delta';
  const pages = at.readUInt32LE(16);
  const entries = at.readUInt32LE(20);
  const sizes = {
    pageBytes: at.readUInt32LE(8),
    kind,
    pages,
    entries,
    groups: at.readUInt32LE(24),
  } as const;
  if (!isPageBytes(sizes.pageBytes)) return `it has pages of ${sizes.pageBytes} bytes`;
  if (pages > PAGES_MAX || entries > pages) return 'it has more entries than pages';
  if (kind === 'full' && entries !== pages) return 'it is full and lacks pages';
  if (sizes.groups > entries) return 'it has more groups than entries';
  if (bytesOfLayer(sizes) !== layerBytes) return 'it has another length than its header says';
  return sizes;
}

export function bytesOfLayer({ kind, entries, groups }: LayerSizes): number {
  const entryBytes = (kind === 'delta' ? 4 : 0) + 4 + 2 + PAGE_HASH_BYTES;
  return LAYER_HEADER_BYTES + groups * (GROUP_DIGEST_BYTES + 4) + entries * entryBytes;
}

/** The layer, its columns copies; or, as text, what is wrong with it. Needs as much memory again as `content` has. */
export function readLayer(content: Uint8Array): Layer | string {
  const sizes = readLayerSizes(content, content.length);
  if (typeof sizes === 'string') return sizes;
  const { kind, entries, groups } = sizes;
  let at = LAYER_HEADER_BYTES;
  const take = (bytes: number): ArrayBuffer => {
    const column = Uint8Array.from(content.subarray(at, at + bytes));
    at += bytes;
    return column.buffer;
  };
  const groupDigests = new Uint8Array(take(groups * GROUP_DIGEST_BYTES));
  const groupBytes = new Uint32Array(take(groups * 4));
  const numbers = kind === 'delta' ? new Uint32Array(take(entries * 4)) : undefined;
  const groupOf = new Uint32Array(take(entries * 4));
  const slotOf = new Uint16Array(take(entries * 2));
  const hashes = new Uint8Array(take(entries * PAGE_HASH_BYTES));
  if (numbers !== undefined && !addGaps(numbers, sizes.pages)) return 'its pages are not in order';
  const layer = { ...sizes, groupDigests, groupBytes, groupOf, slotOf, hashes };
  const wrong = checkPlaces(layer);
  if (wrong !== undefined) return wrong;
  return numbers === undefined ? layer : { ...layer, numbers };
}

/** Turns gaps into numbers; false: they do not ascend, or leave the image. */
function addGaps(numbers: Uint32Array, pages: number): boolean {
  let page = 0;
  for (const [n, gap] of numbers.entries()) {
    if (n > 0 && gap === 0) return false;
    page += gap;
    if (page >= pages) return false;
    numbers[n] = page;
  }
  return true;
}

function checkPlaces(layer: Layer): string | undefined {
  const { pageBytes, groups, groupBytes, groupOf, slotOf } = layer;
  for (const bytes of groupBytes) {
    if (bytes === 0 || bytes > GROUP_BYTES_MAX) return `a group of ${bytes} bytes`;
  }
  for (const [n, group] of groupOf.entries()) {
    if (group === ZERO_PAGE) continue;
    if (group >= groups) return `a page in group ${group} of ${groups}`;
    const slot = slotOf[n] as number;
    if (slot * pageBytes >= (groupBytes[group] as number))
      return `a page behind the end of group ${group}`;
  }
  return undefined;
}

function bytesOf(column: Uint8Array | Uint16Array | Uint32Array): Uint8Array {
  return new Uint8Array(column.buffer, column.byteOffset, column.byteLength);
}
