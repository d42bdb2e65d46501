// A stream into a file, by its reference: each chunk is written by the thread that opens it, at its place, some at the same time and in
// no order. As when it is read, each chunk was verified by its digest, each list by its sum, the whole by the reference's number of bytes.
import type { StreamRef } from '../../sources/contract.ts';
import { forEachConcurrently } from '../flow.ts';
import type { ListEntry } from '../format/chunk-list.ts';
import { writeImage } from '../pages/image-file.ts';
import type { ChunkReader } from './chunk-reader.ts';
import { listChunks, notAsNamed, plainStreams } from './stream-reader.ts';

/** Resolves or rejects when nobody writes any more, but for calls that were aborted. */
export async function writeInto(
  chunks: ChunkReader,
  ref: StreamRef,
  file: string,
  atOnce: number,
): Promise<void> {
  if (ref.pageBytes !== undefined) {
    await writeImage(chunks, ref, plainStreams, { file, atOnce });
    return;
  }
  await forEachConcurrently(placesOf(chunks, ref), atOnce, async ({ entry, position }) => {
    const bytes = await chunks.write(entry.hex, { file, parts: [0, entry.bytes, position] });
    if (bytes === entry.bytes) return;
    throw notAsNamed(entry, `it has ${bytes} bytes where ${entry.bytes} are named`);
  });
}

async function* placesOf(
  chunks: ChunkReader,
  ref: StreamRef,
): AsyncGenerator<{ readonly entry: ListEntry; readonly position: number }> {
  let position = 0;
  for await (const entry of listChunks(chunks, ref)) {
    yield { entry, position };
    position += entry.bytes;
  }
}
