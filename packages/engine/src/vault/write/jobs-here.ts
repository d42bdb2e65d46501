// The jobs themselves: pure functions, run by a worker thread or, where there is little to do, right here.
import { freeMemory } from '@stillpoint/core';
import { encodeChunk } from '../format/chunk-codec.ts';
import { encodeSpan } from '../pages/span.ts';
import { openChunks } from '../read/open-chunks.ts';
import type { CompressedChunk, Jobs, PlainChunk } from './jobs.ts';
import { sealPack } from './pack-draft.ts';

export const jobsHere: Jobs = {
  compress,
  span: (task) => encodeSpan(task, compress),
  open: ({ keys, chunks }) => openChunks(keys, chunks),
  pack: ({ keys, draft }) => sealPack(keys, draft),
};

function compress(chunks: readonly PlainChunk[]): readonly CompressedChunk[] {
  return chunks.map(compressOne);
}

/** The compressed bytes take the place of the plain ones: memory is moved to and fro, and not made anew. */
function compressOne({ hex, plain }: PlainChunk): CompressedChunk {
  const { encoding, body } = encodeChunk(plain);
  const place = plain.subarray(0, body.length);
  if (body !== plain) {
    place.set(body);
    freeMemory(body);
  }
  return { hex, plainBytes: plain.length, encoding, body: place };
}
