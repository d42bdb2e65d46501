// What a manifest says of a SQLite file, and what a restore's journal says of one that is prepared. Read back strictly: either may
// be old, or come from another machine.
import { failure, type Json } from '@stillpoint/core';
import * as z from 'zod';
import { streamRefSchema } from '../contract.ts';

const access = {
  mode: z.int().min(0).max(0o7777),
  uid: z.int().min(0),
  gid: z.int().min(0),
};

const facts = {
  /** How the live file was kept; a copy is always written in rollback mode. */
  journal: z.enum(['wal', 'rollback']),
  pageBytes: z.int().min(512).max(65_536),
  pages: z.int().min(0),
  schemaDigest: z.string().min(1),
  /** What the check said of the copy. Only an undo point may hold problems: it keeps whatever was there. */
  check: z.strictObject({
    by: z.enum(['integrity_check', 'quick_check']),
    problems: z.array(z.string()),
    foreignKeyViolations: z.int().min(0),
  }),
};

/** Files beside the database that belong to its content. -shm does not: SQLite makes it anew. */
export const companionEnds = ['-wal', '-journal'] as const;

const record = z.discriminatedUnion('kind', [
  z.strictObject({
    version: z.literal(1),
    kind: z.literal('database'),
    content: streamRefSchema,
    ...access,
    ...facts,
  }),
  /** No database by its bytes: kept as it lay there. Only undo points hold such a thing. */
  z.strictObject({
    version: z.literal(1),
    kind: z.literal('files'),
    content: streamRefSchema,
    companions: z.array(z.strictObject({ end: z.enum(companionEnds), content: streamRefSchema })),
    ...access,
  }),
]);

const placed = z.discriminatedUnion('kind', [
  z.strictObject({
    version: z.literal(1),
    kind: z.literal('database'),
    file: z.string().min(1),
    ...access,
    ...facts,
  }),
  z.strictObject({
    version: z.literal(1),
    kind: z.literal('files'),
    file: z.string().min(1),
    companions: z.array(z.strictObject({ end: z.enum(companionEnds), file: z.string().min(1) })),
    ...access,
  }),
]);

export type SqliteRecord = z.infer<typeof record>;
/** A placement: the record with files of ours in the place of streams. */
export type Placed = z.infer<typeof placed>;

/** SQLITE_RECORD_UNREADABLE. */
export function parseRecord(json: Json): SqliteRecord {
  return parseStored(record, json);
}

/** undefined instead of an error: for records that only save work when they fit. */
export function tryRecord(json: Json): SqliteRecord | undefined {
  return record.safeParse(json).data;
}

export function parsePlaced(json: Json): Placed {
  return parseStored(placed, json);
}

function parseStored<T>(schema: z.ZodType<T>, json: Json): T {
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const where = issue === undefined || issue.path.length === 0 ? 'record' : issue.path.join('.');
  throw failure('SQLITE_RECORD_UNREADABLE', { reason: `${where}: ${issue?.message ?? 'wrong'}` });
}
