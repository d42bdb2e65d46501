// The pages of a section, by which an incremental checkpoint knows what changed since its base: compared by hash, in the worker, so
// that the simulation marks nothing.
import { createBlockHasher, createHasher, type Digest } from '@stillpoint/core';
import { PAGE_BYTES } from './layout.ts';
import type { PageRuns } from './table.ts';

export interface HashedSection {
  readonly digest: Digest;
  /** Of each page, in order. */
  readonly hashes: readonly string[];
}

const hashPage = createBlockHasher();
const page = new Uint8Array(PAGE_BYTES);

/** 128 bits tell pages apart; the digest of the section proves what a reader put together. */
const HASH_CHARACTERS = 32;

export function hashPages(content: Uint8Array): HashedSection {
  const hasher = createHasher();
  const hashes: string[] = [];
  for (let from = 0; from < content.length; from += PAGE_BYTES) {
    // Read once: what is hashed here as a page is what is hashed for the section.
    const here = page.subarray(0, Math.min(PAGE_BYTES, content.length - from));
    here.set(content.subarray(from, from + here.length));
    hasher.update(here);
    hashes.push(hashPage(here).slice(0, HASH_CHARACTERS));
  }
  return { digest: hasher.digest(), hashes };
}

/** Of pages that are other than `before`, or that it has not. A page of another length has another hash. */
export function changedPages(
  hashes: readonly string[],
  before: readonly string[],
): NonNullable<PageRuns> {
  const runs: [number, number][] = [];
  for (const [at, hash] of hashes.entries()) {
    if (before[at] === hash) continue;
    const last = runs.at(-1);
    if (last !== undefined && last[0] + last[1] === at) last[1] += 1;
    else runs.push([at, 1]);
  }
  return runs;
}

/** The numbers of the pages, one by one. */
export function* pagesOf(runs: NonNullable<PageRuns>): Generator<number> {
  for (const [from, count] of runs) for (let at = 0; at < count; at += 1) yield from + at;
}
