// What a snapshot's manifest says of a database by URL, and what a placement says. Plain JSON, no secrets: with the streams
// they name it is all that a restore needs. Read back strictly.
import { canonicalBytes, type Json } from '@stillpoint/core';
import * as z from 'zod';
import {
  streamRefSchema,
  type NamedStream,
  type ObjectSink,
  type ObjectSource,
  type Placement,
  type StreamRef,
} from '../../contract.ts';
import { parseStored } from '../record.ts';

const setting = z.object({
  /** null: of everybody in this database. */
  role: z.string().nullable(),
  name: z.string(),
  value: z.string(),
});

const grant = z.object({
  /** null: PUBLIC. */
  role: z.string().nullable(),
  privilege: z.string(),
  grantable: z.boolean(),
});

const databaseFacts = z.object({
  name: z.string(),
  oid: z.int(),
  owner: z.string(),
  encoding: z.string(),
  collate: z.string(),
  ctype: z.string(),
  provider: z.enum(['libc', 'icu', 'builtin']),
  /** Of icu and builtin. */
  locale: z.string().nullable(),
  rules: z.string().nullable(),
  collationVersion: z.string().nullable(),
  /** -1: no limit. */
  connectionLimit: z.int(),
  comment: z.string().nullable(),
  /** null: as the server grants by itself. */
  grants: z.array(grant).nullable(),
  settings: z.array(setting),
});

const record = z.object({
  version: z.literal(1),
  database: databaseFacts,
  server: z.object({ major: z.int(), versionString: z.string() }),
  /** Of pg_dump. */
  dumpedBy: z.object({ major: z.int(), version: z.string() }),
  /** Owners of something, and those that something is granted to. */
  roles: z.array(z.object({ name: z.string(), owner: z.boolean() })),
  extensions: z.array(z.object({ name: z.string(), version: z.string() })),
  /** null: the schema changed while it was read. */
  schemaDigest: z.string().nullable(),
  /** Plain bytes of the dump. */
  dumpBytes: z.int().min(0),
  listing: streamRefSchema,
});

/** Sequences keep no history: their values are read in the freeze. */
const sequence = z.object({
  schema: z.string(),
  name: z.string(),
  value: z.string().regex(/^-?\d+$/),
  called: z.boolean(),
});

const listing = z.object({
  version: z.literal(1),
  files: z.array(z.object({ name: z.string().regex(/^[\w.]+$/), content: streamRefSchema })),
  /** Rows as counted in the dump. */
  tables: z.array(z.object({ schema: z.string(), name: z.string(), rows: z.int().min(0) })),
  sequences: z.array(sequence),
  /** What schemaDigest is made of; empty when that is null. */
  schema: z.array(z.tuple([z.string(), z.string(), z.string(), z.string().nullable()])),
});

const placement = z.object({
  version: z.literal(1),
  /** Renames do not change it. */
  oid: z.int(),
  /** Of the live database, at that time. */
  database: z.string(),
  snapshot: z.string(),
  /** True: the database that was live before, closed since; false: made from a dump and never live yet. */
  reuse: z.boolean(),
  /** File with what prove() compares with; null: nothing. */
  expected: z.string().nullable(),
});

export type UrlRecord = z.infer<typeof record>;
export type UrlListing = z.infer<typeof listing>;
export type DatabaseFacts = z.infer<typeof databaseFacts>;
export type SequenceValue = z.infer<typeof sequence>;
export type TableRows = UrlListing['tables'][number];
export type UrlPlacement = Omit<z.infer<typeof placement>, 'version'>;

/** POSTGRES_RECORD_UNREADABLE. */
export const parseRecord = (json: Json): UrlRecord => parseStored(record, json);
export const parsePlacement = (json: Json): UrlPlacement => parseStored(placement, json);
export const parseListing = (json: unknown): UrlListing => parseStored(listing, json);

export function toPlacement(given: UrlPlacement): Placement {
  return { version: 1, ...given } satisfies z.infer<typeof placement>;
}

export function writeListing(
  sink: ObjectSink,
  given: Omit<UrlListing, 'version'>,
): Promise<StreamRef> {
  return sink.writeBytes(canonicalBytes({ version: 1, ...given } satisfies UrlListing));
}

export async function readListing(source: ObjectSource, ref: StreamRef): Promise<UrlListing> {
  const text = Buffer.from(await source.readBytes(ref)).toString('utf8');
  return parseListing(JSON.parse(text));
}

/** Every stream that restoring a record reads. */
export async function* postgresByUrlReferences(
  json: Json,
  source: ObjectSource,
): AsyncGenerator<NamedStream> {
  const { listing: ref } = parseRecord(json);
  yield ref;
  for (const { name, content } of (await readListing(source, ref)).files) {
    yield { ...content, of: name };
  }
}
