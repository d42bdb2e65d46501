// Every stream that restoring a record reads: what verify checks, and what keeps objects from being pruned. And of them those that the
// next snapshot takes over without writing them, which must all be there: what a damaged vault has lost is not named again.
import { isFailure, type Json } from '@stillpoint/core';
import type { NamedStream, ObjectSink, ObjectSource } from '../contract.ts';
import { readListing } from './base.ts';
import { createPool } from './pool.ts';
import { parseRecord, type PostgresRecord } from './record.ts';
import { walStreams } from './wal-list.ts';

export async function* postgresReferences(
  json: Json,
  source: ObjectSource,
): AsyncGenerator<NamedStream> {
  const record = parseRecord(json);
  yield record.sequences;
  yield* streamsToContinue(record, source);
}

async function* streamsToContinue(
  { base, wal }: PostgresRecord,
  source: ObjectSource,
): AsyncGenerator<NamedStream> {
  yield base.listing;
  yield base.manifest;
  const { files } = await readListing(source, base.listing);
  for (const { path, content } of files) yield { ...content, of: path };
  // The next snapshot continues the whole list.
  yield* walStreams(source, wal);
}

/** What is asked at the same time, of a vault that may be far away. */
const ASKED_AT_ONCE = 16;

export interface Vaulted {
  readonly source: ObjectSource;
  readonly sink: Pick<ObjectSink, 'has'>;
}

/** Whether the next snapshot may rest on the record's base and WAL. */
export async function canBeContinued(
  record: PostgresRecord,
  { source, sink }: Vaulted,
): Promise<boolean> {
  const pool = createPool(ASKED_AT_ONCE);
  let whole = true;
  try {
    for await (const stream of streamsToContinue(record, source)) {
      if (!whole) break;
      await pool.run(async () => {
        if ((await sink.has?.(stream)) === false) whole = false;
      });
    }
  } catch (error) {
    if (!isLost(error)) throw error;
    whole = false;
  } finally {
    await pool.drain();
  }
  return whole;
}

/** Of a list that must be read to know what it names. */
function isLost(error: unknown): boolean {
  return isFailure(error, 'CHUNK_MISSING') || isFailure(error, 'CHUNK_DAMAGED');
}
