// Sequences log their values 32 ahead, so recovery brings back a sequence that skips up to 32: right for uniqueness, but
// not the state of the mark. Their values are therefore read in the freeze, and set back after recovery.
// They are read after the restore point, so a writer that nobody held still can only make them too high, never too low: a
// value that was given out before the mark is never given out again.
import { canonicalBytes } from '@stillpoint/core';
import type { Client } from 'pg';
import * as z from 'zod';
import type { ObjectSink, ObjectSource, StreamRef } from '../contract.ts';
import { parseStored } from './record.ts';

export interface DatabaseSequences {
  readonly database: string;
  /** Their OIDs, which a physical restore keeps, and values as decimal text. */
  readonly values: readonly (readonly [oid: number, value: string])[];
}

/** More than this are not read: it would show in the freeze. */
export const SEQUENCES_READ_MOST = 1000;
/** A sequence somebody is altering is not waited for. */
const LOCK_TIMEOUT_MS = 50;

const stored = z.object({
  version: z.literal(1),
  databases: z.array(
    z.object({
      database: z.string(),
      values: z.array(z.tuple([z.int(), z.string().regex(/^-?\d+$/)])),
    }),
  ),
});

/** Before the freeze: the sequences to read in it; none if there are too many. */
export async function listSequences(client: Client): Promise<readonly number[]> {
  const { rows } = await client.query<{ oid: number }>(
    `SELECT oid FROM pg_catalog.pg_class WHERE relkind = 'S' AND relpersistence = 'p' ORDER BY oid LIMIT $1`,
    [SEQUENCES_READ_MOST + 1],
  );
  return rows.length > SEQUENCES_READ_MOST ? [] : rows.map(({ oid }) => oid);
}

/** Must precede readSequences() on a connection, before the freeze. */
export async function prepareSequences(client: Client, oids: readonly number[]): Promise<void> {
  if (oids.length === 0) return;
  await client.query(`SET lock_timeout = ${LOCK_TIMEOUT_MS}`);
  // One that is dropped meanwhile is no longer in pg_sequence; one that was never called has no value.
  await client.query(
    `PREPARE stillpoint_sequences AS SELECT seqrelid AS oid, pg_catalog.pg_sequence_last_value(seqrelid)::text AS value
       FROM pg_catalog.pg_sequence WHERE seqrelid = ANY('{${oids.join(',')}}'::pg_catalog.oid[])`,
  );
}

/** In the freeze. undefined if one is locked: then they skip, as after a crash. */
export async function readSequences(
  client: Client,
  oids: readonly number[],
): Promise<DatabaseSequences['values'] | undefined> {
  if (oids.length === 0) return [];
  try {
    const { rows } = await client.query<{ oid: number; value: string | null }>(
      'EXECUTE stillpoint_sequences',
    );
    return rows.flatMap(({ oid, value }) => (value === null ? [] : [[oid, value] as const]));
  } catch (error) {
    if ((error as { code?: string }).code === undefined) throw error;
    return undefined;
  }
}

export function writeSequences(
  sink: ObjectSink,
  databases: readonly DatabaseSequences[],
): Promise<StreamRef> {
  return sink.writeBytes(canonicalBytes({ version: 1, databases }));
}

export async function readStoredSequences(
  source: ObjectSource,
  ref: StreamRef,
): Promise<readonly DatabaseSequences[]> {
  const text = Buffer.from(await source.readBytes(ref)).toString('utf8');
  return parseStored(stored, JSON.parse(text)).databases;
}

/** Sets back those that recovery left ahead, by no more than a sequence logs ahead. */
export async function setBackSequences(
  client: Client,
  values: DatabaseSequences['values'],
): Promise<void> {
  await client.query(
    `SELECT pg_catalog.setval(s.oid::regclass, s.value, true)
       FROM unnest($1::oid[], $2::int8[]) AS s(oid, value)
       JOIN pg_catalog.pg_sequence q ON q.seqrelid = s.oid
      CROSS JOIN LATERAL (SELECT pg_catalog.pg_sequence_last_value(q.seqrelid)::numeric AS present) AS p
      WHERE (present - s.value) / q.seqincrement BETWEEN 1 AND 32 + q.seqcache`,
    [values.map(([oid]) => oid), values.map(([, value]) => value)],
  );
}
