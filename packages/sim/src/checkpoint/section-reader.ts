// The content of one section of an open checkpoint, block by block and therefore in bounded memory; of an incremental one, the pages that
// did not change come from the base.
import type { FileHandle } from 'node:fs/promises';
import { createHasher, type Digest } from '@stillpoint/core';
import { bytesPerElement } from '../state/index.ts';
import { decodeBlock } from './block.ts';
import { BLOCK_BYTES, PAGE_BYTES } from './layout.ts';
import { pagesOf } from './pages.ts';
import { readAt } from './read-at.ts';
import { blocksOf, packedBytes, type StoredSection } from './table.ts';

/** Fills `into` with block `number` of the section's plain bytes. */
export type BlockFiller = (number: number, into: Uint8Array) => Promise<void>;

export function plainLengthOf(bytes: number, number: number): number {
  return Math.min(BLOCK_BYTES, bytes - number * BLOCK_BYTES);
}

/** Of what the file itself has: a whole section, or its changed pages one after the other. */
export function packedFiller(handle: FileHandle, section: StoredSection): BlockFiller {
  const { offset, codec, blocks, dtype } = section;
  const offsets = blocks === null ? undefined : offsetsOf(blocks);
  return async (number, into) => {
    const at = offsets?.[number] ?? number * BLOCK_BYTES;
    const storedBytes = blocks?.[number] ?? into.length;
    const stored = await readAt(handle, offset + at, storedBytes);
    if (stored.length !== storedBytes) throw new Error('the file ends within it');
    decodeBlock(codec, bytesPerElement[dtype], stored, into);
  };
}

/** Pages of `section` laid over those of the base. Throws where a page that the file has not is not the base's either. */
export function overlaidFiller(
  packed: BlockFiller,
  section: StoredSection,
  base: { readonly fill: BlockFiller; readonly plainBytes: number },
): BlockFiller {
  const { plainBytes, pages } = section;
  const slotOf = new Map([...pagesOf(pages ?? [])].map((page, slot) => [page, slot]));
  if (base.plainBytes < endOfMissing(plainBytes, slotOf))
    throw new Error('it needs pages that its base has not');
  const own = new Uint8Array(BLOCK_BYTES);
  const perBlock = BLOCK_BYTES / PAGE_BYTES;
  const packedTotal = packedBytes(section);
  let ownNumber = -1;
  return async (number, into) => {
    const first = number * perBlock;
    const count = Math.ceil(into.length / PAGE_BYTES);
    const inBase = plainLengthOf(base.plainBytes, number);
    const numbers = Array.from({ length: count }, (_, at) => first + at);
    if (inBase > 0 && numbers.some((page) => !slotOf.has(page))) {
      const under = new Uint8Array(inBase);
      await base.fill(number, under);
      into.set(under.subarray(0, into.length));
    }
    for (const page of numbers) {
      const slot = slotOf.get(page);
      if (slot === undefined) continue;
      const from = Math.floor(slot / perBlock);
      const block = own.subarray(0, plainLengthOf(packedTotal, from));
      if (from !== ownNumber) await packed(from, block);
      ownNumber = from;
      const at = (page - first) * PAGE_BYTES;
      const within = (slot % perBlock) * PAGE_BYTES;
      into.set(block.subarray(within, within + Math.min(PAGE_BYTES, into.length - at)), at);
    }
  };
}

/** Where the last page ends that the file itself has not. */
function endOfMissing(plainBytes: number, stored: ReadonlyMap<number, number>): number {
  for (let page = Math.ceil(plainBytes / PAGE_BYTES) - 1; page >= 0; page -= 1)
    if (!stored.has(page)) return Math.min(plainBytes, (page + 1) * PAGE_BYTES);
  return 0;
}

/** Calls `take` with each block in turn, in one buffer. Gives the digest of all. */
export async function digestOfBlocks(
  fill: BlockFiller,
  plainBytes: number,
  signal?: AbortSignal,
): Promise<Digest> {
  const hasher = createHasher();
  const block = new Uint8Array(Math.min(BLOCK_BYTES, plainBytes));
  for (let number = 0; number < blocksOf(plainBytes); number += 1) {
    signal?.throwIfAborted();
    const into = block.subarray(0, plainLengthOf(plainBytes, number));
    await fill(number, into);
    hasher.update(into);
  }
  return hasher.digest();
}

/** As they lie in the file, unread. */
export async function digestOfStored(
  handle: FileHandle,
  { offset, storedBytes }: StoredSection,
  signal?: AbortSignal,
): Promise<Digest> {
  const hasher = createHasher();
  for (let done = 0; done < storedBytes;) {
    signal?.throwIfAborted();
    const bytes = await readAt(handle, offset + done, Math.min(BLOCK_BYTES, storedBytes - done));
    if (bytes.length === 0) throw new Error('the file ends within it');
    hasher.update(bytes);
    done += bytes.length;
  }
  return hasher.digest();
}

function offsetsOf(blocks: readonly number[]): readonly number[] {
  let at = 0;
  return blocks.map((bytes) => {
    at += bytes;
    return at - bytes;
  });
}
