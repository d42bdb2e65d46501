// The jobs themselves: pure functions, run by a worker thread or, where there is little to do, right here.
import { encodeChunk } from '../format/chunk-codec.ts';
import type { CompressedChunk, Jobs, PlainChunk, Span } from './jobs.ts';
import { sealPack } from './pack-draft.ts';

export const jobsHere: Jobs = {
  compress: (chunks) => chunks.map(compressOne),
  span(): Span {
    throw new TypeError('images are not written yet');
  },
  pack: ({ keys, draft }) => sealPack(keys, draft),
};

function compressOne({ hex, plain }: PlainChunk): CompressedChunk {
  return { hex, plainBytes: plain.length, ...encodeChunk(plain) };
}
