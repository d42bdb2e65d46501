// A pack being filled: bodies are put where they will lie, in one buffer that a thread then seals in place. So a pack costs its
// own size of memory and no more, and the buffer of a pack that was written is used again for the next.
import assert from 'node:assert/strict';
import { digestFromHex, digestHex, digestOf } from '@stillpoint/core';
import { dedupIdOf, type VaultKeys } from '../crypto/keys.ts';
import {
  createSealer,
  HEADER_BYTES,
  LAST_PART,
  newSalt,
  TAG_BYTES,
} from '../crypto/sealed-object.ts';
import {
  ENTRY_BYTES,
  FOOTER_BYTES,
  readEntry,
  sealedTableBytes,
  writeEntry,
  writeFooter,
} from '../format/pack-table.ts';
import type { CompressedChunk, FinishedPack, PackDraft } from './jobs.ts';
import { asBuffer } from '../as-buffer.ts';

export interface PackLimits {
  /** It is full when it has so many bytes ... */
  readonly packBytes: number;
  /** ... or so many chunks. */
  readonly packChunks: number;
  /** Bodies are not larger, as a rule. */
  readonly bodyBytes: number;
}

export interface PackFiller {
  fits(chunk: CompressedChunk): boolean;
  /** Copies the body. Gives what it takes in the pack. */
  add(chunk: CompressedChunk): number;
  isFull(): boolean;
  finish(): PackDraft;
}

/** Room for a pack that is full, or has this one chunk. */
export function packBufferBytes(limits: PackLimits, first?: CompressedChunk): number {
  const { packBytes, packChunks, bodyBytes } = limits;
  const bodies = HEADER_BYTES + packBytes + Math.max(bodyBytes, first?.body.length ?? 0);
  return bodies + TAG_BYTES + sealedTableBytes(packChunks) + FOOTER_BYTES;
}

/** `buffer` has packBufferBytes(). */
export function createPackFiller(limits: PackLimits, buffer: Uint8Array): PackFiller {
  const table: Buffer[] = [];
  let filled = HEADER_BYTES;

  const isFull = (): boolean => filled >= limits.packBytes || table.length >= limits.packChunks;

  const fits = ({ body }: CompressedChunk): boolean => {
    const end = filled + body.length + TAG_BYTES;
    return end + sealedTableBytes(table.length + 1) + FOOTER_BYTES <= buffer.length;
  };

  return {
    isFull,
    fits,

    add(chunk) {
      assert(fits(chunk) && !isFull());
      const { hex, plainBytes, encoding, body } = chunk;
      buffer.set(body, filled);
      const entry = Buffer.alloc(ENTRY_BYTES);
      const storedBytes = body.length + TAG_BYTES;
      writeEntry(entry, 0, { id: hex, offset: filled, storedBytes, plainBytes, encoding });
      table.push(entry);
      filled += storedBytes;
      return storedBytes;
    },

    finish() {
      const end = filled + sealedTableBytes(table.length) + FOOTER_BYTES;
      return { content: buffer.subarray(0, end), table: concatenated(table) };
    },
  };
}

/** Encrypts each body where it lies, then adds table and footer. The draft is the pack's memory afterwards. */
export function sealPack(keys: VaultKeys, draft: PackDraft): FinishedPack {
  const content = asBuffer(draft.content);
  const table = asBuffer(draft.table);
  const salt = newSalt();
  const sealer = createSealer(keys, 'SPPACK01', salt);
  content.set(sealer.header, 0);
  let filled = HEADER_BYTES;
  const chunks = table.length / ENTRY_BYTES;
  for (let part = 0; part < chunks; part++) {
    const entry = readEntry(table, part * ENTRY_BYTES);
    assert.equal(entry.offset, filled);
    filled += entry.storedBytes;
    content.set(
      sealer.seal(part, content.subarray(entry.offset, filled - TAG_BYTES)),
      entry.offset,
    );
    const id = dedupIdOf(keys, digestFromHex(entry.id));
    writeEntry(table, part * ENTRY_BYTES, { ...entry, id });
  }
  content.set(sealer.seal(LAST_PART, table), filled);
  writeFooter(content, filled + sealedTableBytes(chunks), chunks);
  return { hex: digestHex(digestOf(content)), salt: Uint8Array.from(salt), content, table };
}

/** In memory of its own, which can be handed to a thread. */
function concatenated(parts: readonly Buffer[]): Uint8Array {
  const whole = new Uint8Array(parts.length * ENTRY_BYTES);
  for (const [n, part] of parts.entries()) whole.set(part, n * ENTRY_BYTES);
  return whole;
}
