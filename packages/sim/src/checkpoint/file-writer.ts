// Writes one checkpoint into an open file, from the first byte to the last, in blocks of 1 MiB: its memory does not grow with the
// state. Synchronous: it is the worker's only work. Whoever calls gives it a file that nobody knows yet.
import { writeSync } from 'node:fs';
import { createHasher, type Digest } from '@stillpoint/core';
import { bytesPerElement } from '../state/index.ts';
import { chooseCodec, encodeBlock } from './block.ts';
import type { CheckpointFacts, OpenCheckpoint, SectionSource } from './contract.ts';
import {
  aligned,
  BLOCK_BYTES,
  encodeHeader,
  encodeTrailer,
  PAGE_BYTES,
  wholeDigest,
} from './layout.ts';
import { pagesOf } from './pages.ts';
import { blocksOf, encodeTable, packedBytes, type PageRuns, type StoredSection } from './table.ts';

export interface SectionToWrite {
  readonly source: SectionSource;
  /** Of the base, that this file has; null: the whole section. */
  readonly pages: PageRuns;
  /** Of all of it, where somebody looked already; needed where `pages` are some. */
  readonly digest?: Digest;
}

export interface FileToWrite {
  readonly facts: CheckpointFacts;
  readonly sections: readonly SectionToWrite[];
  readonly base: OpenCheckpoint['base'];
}

export interface WrittenFile {
  readonly bytes: number;
  readonly digest: Digest;
}

export function writeCheckpointFile(fd: number, file: FileToWrite): WrittenFile {
  const header = encodeHeader({ tick: file.facts.tick });
  let at = 0;
  const append = (bytes: Uint8Array): void => {
    for (let done = 0; done < bytes.length;)
      done += writeSync(fd, bytes, done, bytes.length - done, at + done);
    at += bytes.length;
  };
  const fill = (): void => append(new Uint8Array(aligned(at) - at));
  append(header);
  const sections = file.sections.map((section) => {
    fill();
    return writeSection(section, at, append);
  });
  fill();
  const table = encodeTable({ facts: file.facts, base: file.base, sections });
  const digest = wholeDigest(header, table);
  const tableOffset = at;
  append(table);
  append(encodeTrailer({ tableOffset, tableBytes: table.length, digest }));
  return { bytes: at, digest };
}

const block = new Uint8Array(BLOCK_BYTES);

function writeSection(
  { source, pages, digest }: SectionToWrite,
  offset: number,
  append: (bytes: Uint8Array) => void,
): StoredSection {
  const { name, kind, dtype, shape, lengthBytes: plainBytes } = source;
  const size = bytesPerElement[dtype];
  const content = contentOf(source);
  const packed = packedBytes({ plainBytes, pages });
  const takeBlock = blockTaker(content, pages);
  const count = blocksOf(packed);
  // One from the middle: edges of fields are alike more often than what is between.
  const probe = count === 0 ? new Uint8Array(0) : takeBlock(Math.floor(count / 2));
  const { codec, stored: only } = chooseCodec(size, probe);
  const plainHasher = createHasher();
  const storedHasher = createHasher();
  const lengths: number[] = [];
  for (let number = 0; number < count; number += 1) {
    // Of more than one, the block is taken anew: it may be another if somebody wrote there meanwhile.
    const plain = count === 1 ? probe : takeBlock(number);
    if (digest === undefined) plainHasher.update(plain);
    const stored = (count === 1 ? only : undefined) ?? encodeBlock(codec, size, plain);
    if (codec !== 'raw' || digest !== undefined) storedHasher.update(stored);
    lengths.push(stored.length);
    append(stored);
  }
  const plainDigest = digest ?? plainHasher.digest();
  return {
    name,
    kind,
    dtype,
    shape: [...shape],
    plainBytes,
    storedBytes: lengths.reduce((sum, bytes) => sum + bytes, 0),
    offset,
    codec,
    blocks: codec === 'raw' ? null : lengths,
    pages,
    digest: plainDigest,
    // Of a raw whole section both are the same bytes: they were hashed once.
    storedDigest: codec === 'raw' && digest === undefined ? plainDigest : storedHasher.digest(),
  };
}

export function contentOf({ buffer, offsetBytes, lengthBytes }: SectionSource): Uint8Array {
  return new Uint8Array(buffer, offsetBytes, lengthBytes);
}

/** Copies block `number` of what is to be stored out of the shared memory: what is hashed is what is written, whoever writes there. */
function blockTaker(content: Uint8Array, pages: PageRuns): (number: number) => Uint8Array {
  if (pages === null) {
    return (number) => {
      const from = number * BLOCK_BYTES;
      const here = block.subarray(0, Math.min(BLOCK_BYTES, content.length - from));
      here.set(content.subarray(from, from + here.length));
      return here;
    };
  }
  const numbers = [...pagesOf(pages)];
  const perBlock = BLOCK_BYTES / PAGE_BYTES;
  return (number) => {
    let filled = 0;
    for (const page of numbers.slice(number * perBlock, (number + 1) * perBlock)) {
      const bytes = content.subarray(page * PAGE_BYTES, (page + 1) * PAGE_BYTES);
      block.set(bytes, filled);
      filled += bytes.length;
    }
    return block.subarray(0, filled);
  };
}
