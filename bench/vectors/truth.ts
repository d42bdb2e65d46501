// The nearest by comparing everything, in doubles: what the measured ways are held against. Nothing of the product is used.
import type { Embedder } from '../../packages/persistence/src/memory/index.ts';

const BATCH = 1000;

/** Of 'vector 0' up to 'vector <items - 1>', for each query. */
export async function nearestOf(
  embedder: Embedder,
  items: number,
  queries: readonly string[],
  count: number,
): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const wanted = (await embedder.embed(queries)).map(unit);
  const best = queries.map((): { readonly text: string; readonly score: number }[] => []);
  for (let from = 0; from < items; from += BATCH) {
    const texts = Array.from(
      { length: Math.min(BATCH, items - from) },
      (_, at) => `vector ${from + at}`,
    );
    const vectors = (await embedder.embed(texts)).map(unit);
    for (const [at, query] of wanted.entries()) {
      const near = best[at]!;
      near.push(...texts.map((text, row) => ({ text, score: dot(query, vectors[row]!) })));
      near.sort((a, b) => b.score - a.score);
      near.length = Math.min(near.length, count);
    }
  }
  return new Map(queries.map((query, at) => [query, new Set(best[at]!.map(({ text }) => text))]));
}

function unit(vector: ArrayLike<number>): Float64Array {
  const numbers = Float64Array.from(vector);
  const length = Math.sqrt(dot(numbers, numbers));
  return numbers.map((value) => value / length);
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let at = 0; at < a.length; at += 1) sum += a[at]! * b[at]!;
  return sum;
}
