// All chunks that a stream rests on: those of its content, and the lists and layers that lead there. What verify looks at, prune
// keeps and copy takes along.
import { digestFromHex, type Digest } from '@stillpoint/core';
import type { StreamRefLike } from '../contract.ts';
import type { ChunkReader } from '../read/chunk-reader.ts';
import { listChunks } from '../read/stream-reader.ts';

/**
 * In order, each as often as it is named. Of images only what is not below a layer in `layersListed`, to which layers that were walked
 * to their end are added: thousands of images share a few. What cannot be read is given before the error of reading it is raised.
 */
export async function* walkChunks(
  chunks: Pick<ChunkReader, 'read'>,
  ref: StreamRefLike,
  layersListed?: Set<string>,
): AsyncGenerator<Digest> {
  let above: string[] = [];
  const noting = {
    read(hex: string) {
      above.push(hex);
      return chunks.read(hex);
    },
  };
  const given = function* (): Generator<Digest> {
    const noted = above;
    above = [];
    for (const hex of noted) yield digestFromHex(hex);
  };
  try {
    for await (const { hex } of listChunks(noting, ref, layersListed)) {
      yield* given();
      yield digestFromHex(hex);
    }
  } catch (error) {
    yield* given();
    throw error;
  }
  yield* given();
}
