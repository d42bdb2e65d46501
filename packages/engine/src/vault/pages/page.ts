// What a page is. An image is cut into whole pages, of which the last may be shorter; a page is known by the first 16 bytes of its
// BLAKE3, enough that nobody makes two that are alike, and a third of what an index would otherwise cost.
import { createBlockHasher } from '@stillpoint/core';

export const PAGE_HASH_BYTES = 16;
/** Those of SQLite; Postgres has fewer. */
export const PAGE_BYTES_MIN = 512;
export const PAGE_BYTES_MAX = 65_536;
/** In the place of a group: the page holds zeros, and is in none. */
export const ZERO_PAGE = 0xffff_ffff;
/** Page numbers have 32 bits. */
export const PAGES_MAX = 0xffff_fffe;
/** Plain bytes of a group of pages: large enough to compress well, small enough that a page is not read with a megabyte around it. */
export const GROUP_BYTES = 128 * 1024;
/** No reader needs more memory for one. */
export const GROUP_BYTES_MAX = 4 * 1024 * 1024;

export function isPageBytes(bytes: number): boolean {
  return Number.isInteger(bytes) && bytes >= PAGE_BYTES_MIN && bytes <= PAGE_BYTES_MAX;
}

export function pagesPerGroup(pageBytes: number): number {
  return Math.max(1, Math.floor(GROUP_BYTES / pageBytes));
}

/** Writes the hash of `page` at `at` of `hashes`. */
export type PageHasher = (page: Uint8Array, hashes: Buffer, at: number) => void;

export function createPageHasher(): PageHasher {
  const hash = createBlockHasher();
  return (page, hashes, at) => {
    hashes.write(hash(page), at, PAGE_HASH_BYTES, 'hex');
  };
}

const zeros = Buffer.alloc(PAGE_BYTES_MAX);

/** Nearly every page that is not all zeros shows it in its first bytes. */
export function isZeroPage(page: Uint8Array): boolean {
  return page[0] === 0 && zeros.compare(page, 0, page.length, 0, page.length) === 0;
}
