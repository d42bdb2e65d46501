// Every stream that restoring a record reads: what verify checks, and what keeps objects from being pruned.
import type { Json } from '@stillpoint/core';
import type { ObjectSource, StreamRef } from '../contract.ts';
import { readListing } from './base.ts';
import { parseRecord } from './record.ts';
import { readWalList } from './wal-list.ts';

export async function* postgresReferences(
  json: Json,
  source: ObjectSource,
): AsyncGenerator<StreamRef> {
  const { base, wal, sequences } = parseRecord(json);
  yield base.listing;
  yield base.manifest;
  yield wal;
  yield sequences;
  const { files } = await readListing(source, base.listing);
  for (const { content } of files) yield content;
  // All of them, not only those up to the mark: the next snapshot continues the whole list.
  for (const { pieces } of (await readWalList(source, wal)).spans) {
    for (const { ref } of pieces) yield ref;
  }
}
