// Writes an image: cuts the content into spans of whole pages, has each compared, compressed and hashed in a worker thread, several at
// once, and gives the groups of changed pages to the session in the order of the pages. At the end the layers say where every
// page is: those of the previous image, as far as they are kept, and one more.
// MEMORY: the spans in flight, of which the session allows so many for all its images together, and the table (page-table.ts).
import { digestFromHex } from '@stillpoint/core';
import type { StreamRef } from '../../sources/contract.ts';
import type { Slots } from '../flow.ts';
import type { CompressedChunk, Span, Workers } from '../write/jobs.ts';
import { readFileContent } from '../write/file-content.ts';
import { writeHead, type NamedLayer } from './head.ts';
import { pagesOfWindow, type ImageChunks, type PlainStreams } from './image-reader.ts';
import { firstReplaced } from './layer-policy.ts';
import { writeLayer } from './layers.ts';
import { PAGE_HASH_BYTES, PAGES_MAX, ZERO_PAGE } from './page.ts';
import { layerOfTable, type PageTable } from './page-table.ts';
import { openPrevious, type PreviousImage } from './previous-image.ts';
import { cutSpans, isFile, type CutSpan, type ImageContent } from './spans.ts';
import { asBuffer } from '../as-buffer.ts';

/** What the session does for its images. */
export interface ImageStorage {
  readonly workers: Pick<Workers, 'run'>;
  /** Spans in flight. */
  readonly spans: Slots;
  /** To read the previous image. */
  readonly chunks: ImageChunks;
  readonly plain: PlainStreams;
  /** Whether the new snapshot may rest on this chunk, which is in the vault already. */
  isPresent(hex: string): Promise<boolean>;
  storeCompressed(chunk: CompressedChunk): Promise<void>;
  /** As one chunk; the hex digits of its digest. */
  storeChunk(plain: Uint8Array): Promise<string>;
  /** As a stream that is no image. */
  storeStream(content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<StreamRef>;
  throwIfFailed(): void;
}

export interface ImageHints {
  readonly pageBytes: number;
  readonly previous?: StreamRef | undefined;
}

/** Fewer are stored as a plain stream: head and layer would cost more than the pages that they save. */
const IMAGE_PAGES_MIN = 32;

/** The reference has `pageBytes`, unless the content was too small to become an image. */
export async function writeImage(
  storage: ImageStorage,
  content: ImageContent,
  { pageBytes, previous }: ImageHints,
): Promise<StreamRef> {
  const bytesMin = IMAGE_PAGES_MIN * pageBytes;
  if (isFile(content) && content.bytes < bytesMin) {
    return await storage.storeStream(readFileContent(content));
  }
  let work: SpanWork | undefined;
  try {
    for await (const span of cutSpans(
      content,
      pagesOfWindow(pageBytes) * pageBytes,
      storage.spans,
    )) {
      if (work === undefined && span.bytes < bytesMin && 'bytes' in span.content) {
        storage.spans.release();
        return await storage.storeStream([span.content.bytes]);
      }
      work ??= createSpanWork(storage, await openedOr(storage, previous, pageBytes));
      work.start(span);
    }
  } finally {
    await work?.settle();
  }
  return work === undefined ? await storage.storeStream([]) : await finishImage(storage, work);
}

/** The span that waits for it gives its slot back when it fails. */
async function openedOr(
  storage: ImageStorage,
  previous: StreamRef | undefined,
  pageBytes: number,
): Promise<PreviousImage> {
  try {
    return await openPrevious(storage, previous, pageBytes);
  } catch (error) {
    storage.spans.release();
    throw error;
  }
}

interface SpanWork {
  readonly before: PreviousImage;
  readonly bytes: number;
  /** Takes the span over, with its slot. Throws what went wrong with an earlier one. */
  start(span: CutSpan): void;
  /** Resolves when no thread looks at any span any more. */
  settle(): Promise<void>;
  throwIfFailed(): void;
}

function createSpanWork(storage: ImageStorage, before: PreviousImage): SpanWork {
  const { table, layers } = before;
  const { pageBytes } = table;
  let order = Promise.resolve();
  let failed: { readonly error: unknown } | undefined;
  let bytes = 0;

  const throwIfFailed = (): void => {
    if (failed !== undefined) throw failed.error;
    storage.throwIfFailed();
  };

  const finish = async (running: Promise<Span>, firstPage: number): Promise<void> => {
    try {
      const span = await running;
      if (failed === undefined)
        await takeSpan(storage, table, { span, firstPage, layer: layers.length });
    } catch (error) {
      failed ??= { error };
    } finally {
      storage.spans.release();
    }
  };

  return {
    before,
    get bytes() {
      return bytes;
    },
    throwIfFailed,

    start(span) {
      const firstPage = bytes / pageBytes;
      const pages = Math.ceil(span.bytes / pageBytes);
      bytes += span.bytes;
      const previous = before.hashesFrom(firstPage, pages);
      const running = storage.workers.run('span', { pageBytes, content: span.content, previous });
      running.catch(() => {});
      order = order.then(() => finish(running, firstPage));
      throwIfFailed();
    },

    settle: () => order,
  };
}

/** In the order of the pages, one span after the other. */
async function takeSpan(
  storage: ImageStorage,
  table: PageTable,
  { span, firstPage, layer }: { span: Span; firstPage: number; layer: number },
): Promise<void> {
  const { hashes, changed, groupOf, slotOf } = span;
  const numbers: number[] = [];
  for (const group of span.groups) {
    await storage.storeCompressed(group);
    numbers.push(table.groups.add(group.hex, group.plainBytes));
  }
  const pages = firstPage + hashes.length / PAGE_HASH_BYTES;
  if (pages > PAGES_MAX) throw new RangeError(`an image of more than ${PAGES_MAX} pages`);
  if (pages > table.pages) table.resize(pages);
  for (const [n, page] of changed.entries()) {
    const own = groupOf[n] as number;
    const group = own === ZERO_PAGE ? ZERO_PAGE : (numbers[own] as number);
    const at = page * PAGE_HASH_BYTES;
    const hash = asBuffer(hashes.subarray(at, at + PAGE_HASH_BYTES));
    table.set(firstPage + page, { group, slot: slotOf[n] as number, layer }, hash);
  }
}

async function finishImage(storage: ImageStorage, work: SpanWork): Promise<StreamRef> {
  work.throwIfFailed();
  const { before, bytes } = work;
  const { table } = before;
  const { pageBytes } = table;
  table.resize(Math.ceil(bytes / pageBytes));
  const layers = await writeLayers(storage, before);
  const head = await storage.storeChunk(writeHead({ pageBytes, bytes, layers }));
  return { digest: digestFromHex(head), bytes, depth: 0, pageBytes };
}

async function writeLayers(storage: ImageStorage, before: PreviousImage): Promise<NamedLayer[]> {
  const { table, layers } = before;
  const live = Array.from({ length: layers.length + 1 }, () => 0);
  for (let page = 0; page < table.pages; page++) {
    const layer = Math.min(table.layerOf(page), layers.length);
    live[layer] = (live[layer] as number) + 1;
  }
  const from = firstReplaced({
    entries: layers.map(({ entries }) => entries),
    live,
    pages: table.pages,
    groupsNamed: table.groups.count,
    groupsLive: table.pagesInGroups().filter((pages) => pages > 0).length,
  });
  const kept = layers.slice(0, from);
  if (from > 0 && from === layers.length && live[from] === 0) return kept;
  const layer = layerOfTable(table, from);
  const ref = await storage.storeStream(writeLayer(layer));
  return [...kept, { ref, entries: layer.entries }];
}
