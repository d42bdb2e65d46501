// What comes from an embedder, looked at before it is stored or compared: as many finite numbers as it says, with length 1.
import { failure } from '@stillpoint/core';
import type { Embedder } from './contract.ts';
import { MOST_DIMENSIONS } from './part.ts';

export type EmbedderIdentity = Pick<Embedder, 'name' | 'version' | 'dimensions'>;

export function embedderText({ name, version, dimensions }: EmbedderIdentity): string {
  return `${name} ${version} (${dimensions})`;
}

export function checkEmbedder(embedder: EmbedderIdentity): void {
  const { name, version, dimensions } = embedder;
  if (name === '' || version === '') throw new TypeError('an embedder has a name and a version');
  if (!Number.isInteger(dimensions) || dimensions < 1 || dimensions > MOST_DIMENSIONS)
    throw new TypeError(`an embedder has 1 to ${MOST_DIMENSIONS} dimensions, not ${dimensions}`);
}

/** MEMORY_EMBEDDING_INVALID. */
export async function embedAll(
  embedder: Embedder,
  texts: readonly string[],
  signal: AbortSignal | undefined,
): Promise<readonly Float32Array[]> {
  signal?.throwIfAborted();
  const vectors = await embedder.embed(texts, signal);
  signal?.throwIfAborted();
  if (vectors.length !== texts.length)
    throw invalid(embedder, `${vectors.length} vectors for ${texts.length} texts`);
  return vectors.map((vector) => normalized(embedder, vector));
}

export async function embedOne(
  embedder: Embedder,
  text: string,
  signal: AbortSignal | undefined,
): Promise<Float32Array> {
  const [vector] = await embedAll(embedder, [text], signal);
  if (vector === undefined) throw invalid(embedder, 'no vector');
  return vector;
}

function normalized(embedder: EmbedderIdentity, vector: ArrayLike<number>): Float32Array {
  if (vector.length !== embedder.dimensions)
    throw invalid(embedder, `a vector of ${vector.length} numbers`);
  const numbers = Float64Array.from(vector);
  const largest = numbers.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  if (!Number.isFinite(largest)) throw invalid(embedder, 'a vector with what is no finite number');
  if (largest === 0) throw invalid(embedder, 'a vector of zeros, which has no direction');
  // By the largest first: squares of very small or large numbers would vanish or overflow.
  const length = Math.sqrt(numbers.reduce((sum, value) => sum + (value / largest) ** 2, 0));
  return Float32Array.from(numbers, (value) => value / largest / length);
}

function invalid(embedder: EmbedderIdentity, reason: string): Error {
  return failure('MEMORY_EMBEDDING_INVALID', { embedder: embedderText(embedder), reason });
}
