// A pack that was read whole, looked at by itself: its table, and each chunk of it. An index need not be there, and nobody needs to
// know what the chunks hold: a chunk is right when its plain bytes have the dedup id that the table gives it.
import { digestOf, type Digest } from '@stillpoint/core';
import { dedupIdOf, type VaultKeys } from '../crypto/keys.ts';
import {
  createOpener,
  HEADER_BYTES,
  LAST_PART,
  saltOf,
  TAG_BYTES,
} from '../crypto/sealed-object.ts';
import { decompressChunk } from '../format/chunk-codec.ts';
import {
  CHUNK_BYTES_MAX,
  ENTRY_BYTES,
  FOOTER_BYTES,
  readEntry,
  readFooter,
  sealedTableBytes,
  type TableEntry,
} from '../format/pack-table.ts';
import { asBuffer } from '../as-buffer.ts';

export interface PackTable {
  readonly salt: Uint8Array;
  /** Entries in clear. */
  readonly table: Uint8Array;
}

/** undefined: it is no pack of this vault, cut off, or damaged just there. */
export function tableOfPack(keys: VaultKeys, content: Uint8Array): PackTable | undefined {
  const pack = asBuffer(content);
  if (pack.length < HEADER_BYTES + FOOTER_BYTES) return undefined;
  const salt = saltOf(keys, 'SPPACK01', pack);
  const chunks = readFooter(pack.subarray(-FOOTER_BYTES));
  if (salt === undefined || chunks === undefined) return undefined;
  const end = pack.length - FOOTER_BYTES;
  const from = end - sealedTableBytes(chunks);
  if (from < HEADER_BYTES) return undefined;
  const sealed = pack.subarray(from, end);
  const table = createOpener(keys, 'SPPACK01', salt).open(LAST_PART, sealed);
  // Copied: it may be kept longer than the pack.
  return table === undefined
    ? undefined
    : { salt: Uint8Array.from(salt), table: Uint8Array.from(table) };
}

export interface FoundChunk {
  readonly entry: TableEntry;
  /** Its plain bytes and their digest; or, as text, what is wrong. */
  readonly found: { readonly digest: Digest; readonly plain: Uint8Array } | string;
}

/** Every chunk that the table names, one after the other: no two are in memory at once. */
export async function* chunksOfPack(
  keys: VaultKeys,
  content: Uint8Array,
  { salt, table }: PackTable,
): AsyncGenerator<FoundChunk> {
  const opener = createOpener(keys, 'SPPACK01', salt);
  const entries = asBuffer(table);
  for (let part = 0; part < entries.length / ENTRY_BYTES; part++) {
    const entry = readEntry(entries, part * ENTRY_BYTES);
    const { id, offset, storedBytes, plainBytes, encoding } = entry;
    const stored = content.subarray(offset, offset + storedBytes);
    const wrong = (found: string): FoundChunk => ({ entry, found });
    if (plainBytes > CHUNK_BYTES_MAX || storedBytes > plainBytes + TAG_BYTES) {
      yield wrong('its size is one that no chunk has');
      continue;
    }
    const body = stored.length < storedBytes ? undefined : opener.open(part, stored);
    if (body === undefined) {
      yield wrong('its bytes are not those that were sealed');
      continue;
    }
    const plain = await decompressChunk({ encoding, plainBytes, body });
    if (typeof plain === 'string') {
      yield wrong(plain);
      continue;
    }
    const digest = digestOf(plain);
    yield dedupIdOf(keys, digest) === id
      ? { entry, found: { digest, plain } }
      : wrong('its digest is another');
  }
}
