// From stored bytes to the plain bytes of chunks: decrypted, decompressed, and proved to be those that were asked for. Deriving a
// pack's key costs more than decrypting a small chunk, so it is done once for all that come together. The stored bytes are gone afterwards.
import { freeMemory } from '@stillpoint/core';
import type { VaultKeys } from '../crypto/keys.ts';
import { createOpener, type Opener } from '../crypto/sealed-object.ts';
import { decodeChunk } from '../format/chunk-codec.ts';
import type { SealedChunk } from '../write/jobs.ts';
import { createFileWriter } from './file-writer.ts';

const NOTHING = new Uint8Array(0);

export function openChunks(
  keys: VaultKeys,
  chunks: readonly SealedChunk[],
): readonly (Uint8Array | string)[] {
  using files = createFileWriter();
  const openers = new Map<string, Opener>();
  const openerOf = (salt: Uint8Array): Opener => {
    const name = Buffer.from(salt).toString('latin1');
    const known = openers.get(name) ?? createOpener(keys, 'SPPACK01', salt);
    openers.set(name, known);
    return known;
  };
  const opened = chunks.map(({ salt, part, stored, hex, encoding, plainBytes, into }) => {
    const body = openerOf(salt).open(part, stored);
    if (body === undefined) return 'its bytes are not those that were sealed';
    const plain = decodeChunk({ hex, encoding, plainBytes, body });
    const isApart = body.buffer !== stored.buffer;
    if (plain !== body && isApart) freeMemory(body);
    if (into !== undefined && typeof plain !== 'string') {
      const problem = files.write(into, plain);
      if (isApart || plain !== body) freeMemory(plain);
      return problem ?? NOTHING;
    }
    // What was neither encrypted nor compressed lies among others yet; whoever gets it may free it.
    return plain === body && !isApart ? Uint8Array.from(plain) : plain;
  });
  for (const { stored } of chunks) freeMemory(stored);
  return opened;
}
