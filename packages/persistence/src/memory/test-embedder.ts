// An embedder for tests: the same text has the same vector on every machine, and texts that share letters are near. It knows nothing
// of what words mean; no program should remember with it.
import { fold } from '../verbatim/index.ts';
import type { Embedder } from './contract.ts';

const SIZES = [2, 3, 4] as const;

/** Hashed runs of 2 to 4 characters of the folded text. */
export function createTestEmbedder({ dimensions = 384, version = '1' } = {}): Embedder {
  return {
    name: 'test: hashed characters',
    version,
    dimensions,
    embed: async (texts) => texts.map((text) => hashed(`\u0002${fold(text)}\u0003`, dimensions)),
  };
}

function hashed(text: string, dimensions: number): Float32Array {
  const vector = new Float32Array(dimensions);
  const characters = Array.from(text);
  for (const size of SIZES)
    for (let at = 0; at + size <= characters.length; at += 1) {
      const hash = fnv1a(characters.slice(at, at + size).join(''));
      const place = hash % dimensions;
      vector[place] = (vector[place] ?? 0) + (hash & 0x8000_0000 ? 1 : -1);
    }
  // All runs may cancel each other out.
  if (vector.every((value) => value === 0)) vector[0] = 1;
  return vector;
}

/** 32 bits, of the UTF-16 units; mixed once more, so that neither end of the bits is regular. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1)
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return (hash ^ (hash >>> 13)) >>> 0;
}
