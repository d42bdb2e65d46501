// A span of pages on its way into the vault: which of them differ from the image before, and those gathered in groups and compressed.
// A pure function of what it is given, run in a worker thread; nearly all the time an image costs is spent here.
import { digestHex, digestOf, failure } from '@stillpoint/core';
import { readSync } from 'node:fs';
import type { Jobs, PlainChunk, Span, SpanTask } from '../write/jobs.ts';
import { createPageHasher, isZeroPage, PAGE_HASH_BYTES, pagesPerGroup, ZERO_PAGE } from './page.ts';
import { asBuffer } from '../as-buffer.ts';

export function encodeSpan(task: SpanTask, compress: Jobs['compress']): Span {
  const { pageBytes } = task;
  const bytes = 'bytes' in task.content ? asBuffer(task.content.bytes) : readContent(task.content);
  const hashes = hashPages(bytes, pageBytes, Math.ceil(bytes.length / pageBytes));
  const changed = findChanged(hashes, task.previous);
  const groupOf = new Uint32Array(changed.length);
  const slotOf = new Uint16Array(changed.length);
  const groups: PlainChunk[] = [];
  let gathered: number[] = [];

  const closeGroup = (): void => {
    if (gathered.length > 0) groups.push(joinPages(bytes, pageBytes, gathered));
    gathered = [];
  };
  for (const [n, page] of changed.entries()) {
    const content = bytes.subarray(page * pageBytes, (page + 1) * pageBytes);
    if (isZeroPage(content)) {
      groupOf[n] = ZERO_PAGE;
      continue;
    }
    if (gathered.length === pagesPerGroup(pageBytes)) closeGroup();
    groupOf[n] = groups.length;
    slotOf[n] = gathered.push(page) - 1;
  }
  closeGroup();
  return { hashes, changed, groupOf, slotOf, groups: compress(groups) };
}

function readContent(content: Extract<SpanTask['content'], { descriptor: number }>): Buffer {
  const { descriptor, position, length } = content;
  const bytes = Buffer.allocUnsafeSlow(length);
  for (let filled = 0; filled < length;) {
    const count = readSync(descriptor, bytes, filled, length - filled, position + filled);
    if (count === 0) {
      throw failure('VAULT_CONTENT_CHANGED', {
        position: position + filled,
        bytes: position + length,
      });
    }
    filled += count;
  }
  return bytes;
}

function hashPages(bytes: Buffer, pageBytes: number, pages: number): Buffer {
  const hashes = Buffer.allocUnsafeSlow(pages * PAGE_HASH_BYTES);
  const hash = createPageHasher();
  let zeroHashOf: { readonly length: number; readonly hash: Buffer } | undefined;
  for (let page = 0; page < pages; page++) {
    const content = bytes.subarray(page * pageBytes, (page + 1) * pageBytes);
    const at = page * PAGE_HASH_BYTES;
    if (isZeroPage(content) && zeroHashOf?.length === content.length) {
      zeroHashOf.hash.copy(hashes, at);
      continue;
    }
    hash(content, hashes, at);
    if (isZeroPage(content)) {
      const own = Buffer.from(hashes.subarray(at, at + PAGE_HASH_BYTES));
      zeroHashOf = { length: content.length, hash: own };
    }
  }
  return hashes;
}

/** Ascending. Every page that was not there before has changed. */
function findChanged(hashes: Buffer, previous: Uint8Array = new Uint8Array(0)): Uint32Array {
  const before = asBuffer(previous);
  const changed = new Uint32Array(hashes.length / PAGE_HASH_BYTES);
  let count = 0;
  for (let at = 0; at < hashes.length; at += PAGE_HASH_BYTES) {
    const end = at + PAGE_HASH_BYTES;
    if (end <= before.length && before.compare(hashes, at, end, at, end) === 0) continue;
    changed[count++] = at / PAGE_HASH_BYTES;
  }
  return changed.slice(0, count);
}

/** Where they lie together they are not copied. */
function joinPages(bytes: Buffer, pageBytes: number, pages: readonly number[]): PlainChunk {
  const contentOf = (first: number, behind: number): Buffer =>
    bytes.subarray(first * pageBytes, behind * pageBytes);
  const first = pages[0] ?? 0;
  const behind = (pages.at(-1) ?? 0) + 1;
  const plain =
    behind - first === pages.length
      ? contentOf(first, behind)
      : Buffer.concat(pages.map((page) => contentOf(page, page + 1)));
  return { hex: digestHex(digestOf(plain)), plain };
}
