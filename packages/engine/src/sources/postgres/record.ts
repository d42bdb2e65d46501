// What a snapshot's manifest says of a managed cluster. Plain JSON, no secrets: with the streams it names it is all that
// a restore needs. Read back strictly, because it may be years old or come from another machine.
// docs/format/manifest.md describes it; `version` grows when a reader of today would misread it.
import { failure, type Json } from '@stillpoint/core';
import * as z from 'zod';
import { streamRefSchema } from '../contract.ts';
import { isLsnText } from './lsn.ts';

const lsn = z.string().refine(isLsnText, 'an LSN');
const timeline = z.int().min(1);
const incarnation = z.uuid();

const base = z.object({
  /** Of the files: base.ts. */
  listing: streamRefSchema,
  /** Postgres' own backup manifest, for incremental bases later. */
  manifest: streamRefSchema,
  startLsn: lsn,
  stopLsn: lsn,
  timeline,
  incarnation,
  bytes: z.int().min(0),
});

const database = z.object({
  name: z.string(),
  /** null: the schema changed while it was read, so that no digest of the marked moment is known. */
  schemaDigest: z.string().nullable(),
  collationVersion: z.string().nullable(),
});

const record = z.object({
  version: z.literal(1),
  incarnation,
  /** The lives before this one, oldest first, and where the next one forked from each. */
  ancestors: z.array(z.object({ incarnation, timeline, forkLsn: lsn })),
  systemId: z.string(),
  major: z.int(),
  versionString: z.string(),
  /** 'linux-x64' */
  arch: z.string(),
  walSegmentBytes: z.int().min(1024 * 1024),
  pageBytes: z.int(),
  base,
  /** Of the WAL's pieces: wal-list.ts. */
  wal: streamRefSchema,
  /** Where the WAL list begins and ends. */
  walFrom: lsn,
  walTo: lsn,
  mark: z.object({ name: z.string(), lsn, timeline }),
  databases: z.array(database),
  /** Values of the sequences at the mark: sequences.ts. */
  sequences: streamRefSchema,
  createdWith: z.string(),
});

export type PostgresRecord = z.infer<typeof record>;
export type BaseRef = PostgresRecord['base'];
export type DatabaseFacts = PostgresRecord['databases'][number];

export const RECORD_VERSION = 1;

/** POSTGRES_RECORD_UNREADABLE. */
export function parseRecord(json: Json): PostgresRecord {
  return parseStored(record, json);
}

/** Checks JSON that was stored by us; the first problem is told. */
export function parseStored<T>(schema: z.ZodType<T>, json: unknown): T {
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const where = issue === undefined || issue.path.length === 0 ? 'record' : issue.path.join('.');
  throw failure('POSTGRES_RECORD_UNREADABLE', { reason: `${where}: ${issue?.message ?? 'wrong'}` });
}

export function currentArch(): string {
  return `${process.platform}-${process.arch}`;
}
