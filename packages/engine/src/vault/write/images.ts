// Streams of pages in a session: what writing an image needs of it (pages/), put together.
import { availableParallelism } from 'node:os';
import type { StreamHints, StreamRef } from '../../sources/contract.ts';
import { createSlots } from '../flow.ts';
import { writeImage, type ImageStorage } from '../pages/image-writer.ts';
import { isPageBytes } from '../pages/page.ts';
import type { ImageContent } from '../pages/spans.ts';
import type { ChunkReader } from '../read/chunk-reader.ts';
import { plainStreams } from '../read/stream-reader.ts';
import type { ChunkStorage, Counts } from './chunk-storage.ts';
import type { Content } from './chunker.ts';
import { readFileContent } from './file-content.ts';
import type { Workers } from './jobs.ts';

export interface ImagesOptions {
  readonly workers: Workers;
  readonly chunks: ChunkReader;
  readonly storage: ChunkStorage;
  readonly writeStream: (content: Content, counts: Counts) => Promise<StreamRef>;
  readonly throwIfFailed: () => void;
}

/** As an image if the hints say of what pages, else as a stream of chunks. */
export type ContentWriter = (
  content: ImageContent,
  hints: StreamHints | undefined,
  counts: Counts,
) => Promise<StreamRef>;

/** Each takes 8 MiB, and as much again in its thread: as many as threads may be busy with, and two more under way. */
const spansAtOnce = Math.min(4, availableParallelism()) + 2;

export function createContentWriter(options: ImagesOptions): ContentWriter {
  const { workers, chunks, storage, writeStream, throwIfFailed } = options;
  const spans = createSlots(spansAtOnce);

  const storageFor = (counts: Counts): ImageStorage => ({
    workers,
    spans,
    chunks,
    plain: plainStreams,
    isPresent: (hex) => storage.has(hex),
    storeCompressed: (chunk) => storage.storeCompressed(chunk, counts),
    storeChunk: (plain) => storage.store(plain, counts),
    storeStream: (content) => writeStream(content, counts),
    throwIfFailed,
  });

  return async (content, hints, counts) => {
    const { pageBytes, previous } = hints ?? {};
    if (pageBytes === undefined || !isPageBytes(pageBytes)) {
      return await writeStream(
        'descriptor' in content ? readFileContent(content) : content,
        counts,
      );
    }
    throwIfFailed();
    const ref = await writeImage(storageFor(withoutBytesIn(counts)), content, {
      pageBytes,
      previous,
    });
    counts.bytesIn += ref.bytes;
    return ref;
  };
}

/** Nobody handed in the layers of an image. */
function withoutBytesIn(counts: Counts): Counts {
  return {
    bytesIn: 0,
    get bytesStored() {
      return counts.bytesStored;
    },
    set bytesStored(bytes) {
      counts.bytesStored = bytes;
    },
  };
}
