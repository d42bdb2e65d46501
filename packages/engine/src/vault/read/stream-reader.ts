// A stream by its reference: walks the chunk lists, reads some chunks ahead at the same time and hands them out in order.
// Each chunk was verified by its digest, each list by its sum, the whole by the reference's number of bytes.
import { digestFromHex, digestHex, digestOf, failure, isDigest } from '@stillpoint/core';
import type { StreamRef } from '../../sources/contract.ts';
import { DEPTH_MAX, readChunkList, type ListEntry } from '../format/chunk-list.ts';
import { listImage, readImage, type PlainStreams } from '../pages/image-reader.ts';
import type { ChunkReader } from './chunk-reader.ts';

const EMPTY = digestOf(new Uint8Array(0));

/**
 * The chunks of the stream, in order. Empty streams have none; of an image all that its pages and layers are in, but for the layers in
 * `layersListed`, which is kept up.
 */
export async function* listChunks(
  chunks: Pick<ChunkReader, 'read'>,
  ref: StreamRef,
  layersListed?: Set<string>,
): AsyncGenerator<ListEntry> {
  if (ref.pageBytes !== undefined) {
    yield* listImage(chunks, ref, plainStreams, layersListed);
    return;
  }
  // References come from records, and those from whoever could write to the vault.
  if (!isDigest(ref.digest) || !(ref.depth >= 0 && ref.depth <= DEPTH_MAX)) {
    const named = { chunk: ref.digest, key: 'the record that names it', offset: 0 };
    throw failure('CHUNK_DAMAGED', { ...named, reason: 'it is no reference to a stream' });
  }
  if (ref.digest === EMPTY && ref.bytes === 0) return;
  yield* walk(chunks, { hex: digestHex(ref.digest), bytes: ref.bytes }, ref.depth);
}

async function* walk(
  chunks: Pick<ChunkReader, 'read'>,
  entry: ListEntry,
  depth: number,
): AsyncGenerator<ListEntry> {
  if (depth === 0) {
    yield entry;
    return;
  }
  const entries = readChunkList(await chunks.read(entry.hex), entry.bytes);
  if (entries === undefined) throw notAsNamed(entry, 'it is no chunk list of that many bytes');
  for (const below of entries) yield* walk(chunks, below, depth - 1);
}

export async function* readChunks(
  chunks: Pick<ChunkReader, 'read'>,
  ref: StreamRef,
  readAhead: number,
): AsyncGenerator<Uint8Array> {
  if (ref.pageBytes !== undefined) {
    yield* readImage(chunks, ref, plainStreams, readAhead);
    return;
  }
  const ahead: Promise<Uint8Array>[] = [];
  for await (const entry of listChunks(chunks, ref)) {
    const reading = readSized(chunks, entry);
    // Judged when its turn comes, or never if the consumer stops before.
    reading.catch(() => {});
    ahead.push(reading);
    if (ahead.length > readAhead) yield (await ahead.shift()) as Uint8Array;
  }
  for (const reading of ahead) yield await reading;
}

/** For images, whose layers are streams that are none. */
export const plainStreams: PlainStreams = { list: listChunks, read: readChunks };

async function readSized(chunks: Pick<ChunkReader, 'read'>, entry: ListEntry): Promise<Uint8Array> {
  const plain = await chunks.read(entry.hex);
  if (plain.length !== entry.bytes) {
    throw notAsNamed(entry, `it has ${plain.length} bytes where ${entry.bytes} are named`);
  }
  return plain;
}

/** The chunk is what its digest says; whatever names it says something else. */
export function notAsNamed(entry: ListEntry, reason: string): Error {
  const chunk = digestFromHex(entry.hex);
  return failure('CHUNK_DAMAGED', { chunk, key: 'the stream that names it', offset: 0, reason });
}
