// Every stream that restoring a record reads: what verify checks, and what keeps objects from being pruned.
import type { Json } from '@stillpoint/core';
import type { NamedStream, ObjectSource } from '../contract.ts';
import { readListing } from './base.ts';
import { parseRecord } from './record.ts';
import { walStreams } from './wal-list.ts';

export async function* postgresReferences(
  json: Json,
  source: ObjectSource,
): AsyncGenerator<NamedStream> {
  const { base, wal, sequences } = parseRecord(json);
  yield base.listing;
  yield base.manifest;
  yield sequences;
  const { files } = await readListing(source, base.listing);
  for (const { path, content } of files) yield { ...content, of: path };
  // The next snapshot continues the whole list.
  yield* walStreams(source, wal);
}
