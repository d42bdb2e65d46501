// From stored bytes to the plain bytes of a chunk: decrypted, decompressed, and proved to be those that were asked for. Deriving a
// pack's key costs more than decrypting a small chunk, so those of the packs that were last in use are kept.
import { createOpener, TAG_BYTES, type Opener } from '../crypto/sealed-object.ts';
import type { VaultKeys } from '../crypto/keys.ts';
import { decodeChunk } from '../format/chunk-codec.ts';
import { CHUNK_BYTES_MAX } from '../format/pack-table.ts';
import type { ChunkLocation, PackFacts } from './chunk-index.ts';

const OPENERS_KEPT = 64;

export interface ChunkOpener {
  /** The plain bytes; or, as text, what is wrong. */
  open(at: ChunkLocation, stored: Uint8Array): Promise<Uint8Array | string>;
}

export function createChunkOpener(keys: VaultKeys): ChunkOpener {
  /** Longest in here first. */
  const openers = new Map<string, Opener>();

  const openerOf = ({ hex, salt }: PackFacts): Opener => {
    const known = openers.get(hex);
    if (known !== undefined) return known;
    const opener = createOpener(keys, 'SPPACK01', salt);
    openers.set(hex, opener);
    for (const oldest of openers.keys()) {
      if (openers.size <= OPENERS_KEPT) break;
      openers.delete(oldest);
    }
    return opener;
  };

  return {
    async open(at, stored) {
      const unbelievable = whatIsWrongWith(at);
      if (unbelievable !== undefined) return unbelievable;
      if (stored.length < at.storedBytes) return 'the pack ends before its end';
      const body = openerOf(at.pack).open(at.part, stored);
      if (body === undefined) return 'its bytes are not those that were sealed';
      const { hex, encoding, plainBytes } = at;
      return await decodeChunk({ hex, encoding, plainBytes, body });
    },
  };
}

/** An index says what to read and how large it becomes: nobody makes room for what cannot be. */
export function whatIsWrongWith({ plainBytes, storedBytes }: ChunkLocation): string | undefined {
  if (plainBytes <= CHUNK_BYTES_MAX && storedBytes <= plainBytes + TAG_BYTES) return undefined;
  return 'the index says a size of it that no chunk has';
}
