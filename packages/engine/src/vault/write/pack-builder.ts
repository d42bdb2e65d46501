// A pack from its chunks: sealed one by one under the pack's own key, then the sealed table and the footer.
import { digestHex, digestOf, digestFromHex } from '@stillpoint/core';
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
  sealedTableBytes,
  writeEntry,
  writeFooter,
} from '../format/pack-table.ts';
import type { CompressedChunk, FinishedPack } from './jobs.ts';

export function buildPack({
  keys,
  chunks,
}: {
  readonly keys: VaultKeys;
  readonly chunks: readonly CompressedChunk[];
}): FinishedPack {
  const salt = newSalt();
  const sealer = createSealer(keys, 'SPPACK01', salt);
  const bodies = chunks.reduce((sum, { body }) => sum + body.length + TAG_BYTES, HEADER_BYTES);
  const tableBytes = sealedTableBytes(chunks.length);
  const content = Buffer.allocUnsafeSlow(bodies + tableBytes + FOOTER_BYTES);
  const table = Buffer.alloc(chunks.length * ENTRY_BYTES);
  content.set(sealer.header, 0);
  let offset = HEADER_BYTES;
  for (const [part, { hex, plainBytes, encoding, body }] of chunks.entries()) {
    const sealed = sealer.seal(part, body);
    content.set(sealed, offset);
    const id = dedupIdOf(keys, digestFromHex(hex));
    const storedBytes = sealed.length;
    writeEntry(table, part * ENTRY_BYTES, { id, offset, storedBytes, plainBytes, encoding });
    offset += storedBytes;
  }
  content.set(sealer.seal(LAST_PART, table), offset);
  writeFooter(content, offset + tableBytes, chunks.length);
  return { hex: digestHex(digestOf(content)), salt, content, table };
}
