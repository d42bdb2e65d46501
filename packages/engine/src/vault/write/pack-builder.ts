// A pack being filled in memory: chunk bodies one after the other, then the trailer. Its name, the BLAKE3 of all its
// bytes, is reckoned along the way so that closing a pack does not stop everything else.
import assert from 'node:assert/strict';
import { createHasher, digestHex } from '@stillpoint/core';
import type { EncodedChunk } from '../format/chunk-codec.ts';
import { ENTRY_BYTES, FOOTER_BYTES, writeEntry, writeFooter } from '../format/pack-table.ts';

/** A pack that is in the store, as an index file names it. */
export interface IndexedPack {
  readonly hex: string;
  readonly bytes: number;
  /** Entries of pack-table.ts. */
  readonly table: Buffer;
}

export interface BuiltPack extends IndexedPack {
  /** A view of the builder's buffer. */
  readonly content: Uint8Array;
}

export interface PackLimits {
  readonly packBytes: number;
  readonly packChunks: number;
  /** The largest body that may be added. */
  readonly bodyBytes: number;
}

export interface PackBuilder {
  add(hex: string, plainBytes: number, chunk: EncodedChunk): void;
  isFull(): boolean;
  finish(): BuiltPack;
}

export function packBufferBytes(limits: PackLimits): number {
  return limits.packBytes + limits.bodyBytes + limits.packChunks * ENTRY_BYTES + FOOTER_BYTES;
}

export function createPackBuilder(limits: PackLimits, buffer: Buffer): PackBuilder {
  const hasher = createHasher();
  const table: Buffer[] = [];
  let filled = 0;

  return {
    add(hex, plainBytes, { encoding, body }) {
      assert(body.length <= limits.bodyBytes && filled < limits.packBytes);
      buffer.set(body, filled);
      hasher.update(body);
      const entry = Buffer.alloc(ENTRY_BYTES);
      const storedBytes = body.length;
      writeEntry(entry, 0, { hex, offset: filled, storedBytes, plainBytes, encoding });
      table.push(entry);
      filled += storedBytes;
    },

    isFull: () => filled >= limits.packBytes || table.length >= limits.packChunks,

    finish() {
      const entries = Buffer.concat(table);
      const end = filled + entries.length + FOOTER_BYTES;
      buffer.set(entries, filled);
      writeFooter(buffer, filled + entries.length, entries);
      hasher.update(buffer.subarray(filled, end));
      const content = buffer.subarray(0, end);
      return { hex: digestHex(hasher.digest()), bytes: end, table: entries, content };
    },
  };
}
