// An image into a file: group by group, each page to its place. Pages of zeros are left out.
import type { StreamRef } from '../../sources/contract.ts';
import { forEachConcurrently } from '../flow.ts';
import type { ChunkTarget } from '../write/jobs.ts';
import {
  damaged,
  GROUPS_PER_CHUNK,
  openImage,
  pagesByGroup,
  pagesOfWindow,
  type Image,
  type ImageChunks,
  type PlainStreams,
} from './image-reader.ts';

export interface WritableChunks extends ImageChunks {
  write(hex: string, into: ChunkTarget): Promise<number>;
}

/** `atOnce`: as many chunks as of another stream. */
export async function writeImage(
  chunks: WritableChunks,
  ref: StreamRef,
  plain: PlainStreams,
  { file, atOnce }: { readonly file: string; readonly atOnce: number },
): Promise<void> {
  const groupsAtOnce = atOnce * GROUPS_PER_CHUNK;
  const image = await openImage(chunks, ref, plain, groupsAtOnce);
  const { groups } = image.table;
  await forEachConcurrently(groupsOf(image), groupsAtOnce, async ([group, pages]) => {
    const parts = partsOf(image, pages);
    for (let n = 0; n + 2 < parts.length; n += 3) {
      const end = (parts[n] ?? 0) + (parts[n + 1] ?? 0);
      if (end > groups.bytes(group)) throw damaged(ref, `page ${pages[0]} is not in its group`);
    }
    await chunks.write(groups.hex(group), { file, parts });
  });
}

/** A window at a time: a group lies in one of them, and what is listed stays small. */
function* groupsOf({ table }: Image): Generator<readonly [group: number, pages: number[]]> {
  const step = pagesOfWindow(table.pageBytes);
  for (let from = 0; from < table.pages; from += step) {
    yield* pagesByGroup(table, from, Math.min(from + step, table.pages));
  }
}

/** As a ChunkTarget has them; pages that lie next to each other here and there are one. */
function partsOf({ table, head }: Image, pages: readonly number[]): number[] {
  const { pageBytes } = table;
  const parts: number[] = [];
  let nextPage = -1;
  let nextSlot = -1;
  for (const page of pages) {
    const slot = table.slotOf(page);
    const position = page * pageBytes;
    const bytes = Math.min(pageBytes, head.bytes - position);
    if (page === nextPage && slot === nextSlot) parts[parts.length - 2]! += bytes;
    else parts.push(slot * pageBytes, bytes, position);
    nextPage = page + 1;
    nextSlot = slot + 1;
  }
  return parts;
}
