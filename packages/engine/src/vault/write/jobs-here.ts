// The jobs themselves: pure functions, run by a worker thread or, where there is little to do, right here.
import { encodeChunk } from '../format/chunk-codec.ts';
import { encodeSpan } from '../pages/span.ts';
import type { CompressedChunk, Jobs, PlainChunk } from './jobs.ts';
import { sealPack } from './pack-draft.ts';

export const jobsHere: Jobs = {
  compress,
  span: (task) => encodeSpan(task, compress),
  pack: ({ keys, draft }) => sealPack(keys, draft),
};

function compress(chunks: readonly PlainChunk[]): readonly CompressedChunk[] {
  return chunks.map(compressOne);
}

function compressOne({ hex, plain }: PlainChunk): CompressedChunk {
  return { hex, plainBytes: plain.length, ...encodeChunk(plain) };
}
