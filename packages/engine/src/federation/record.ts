// The record of a member in a manifest, and the listing it names. docs/format describes the manifest; this is what
// `sources[].record` holds for kind 'git'. Everything that is long lies in the vault as a stream of its own.
import { byBytes, type ByteName, decodeName, encodeName } from '../file-tree/index.ts';
import type { Json } from '@stillpoint/core';
import { failure } from '@stillpoint/core';
import * as z from 'zod';
import { streamRefSchema, type ObjectSource, type StreamRef } from '../sources/contract.ts';
import type { Boundaries } from './listing.ts';
import { isSafeMemberName } from './names.ts';
import { isSharedIndex, isStatePath, infoFiles } from './state-files.ts';

const name = z.union([z.string(), z.strictObject({ b64: z.base64() })]);
const objectId = z.string().regex(/^([0-9a-f]{40}|[0-9a-f]{64})$/);
const mode = z.number().int().min(0).max(0o7777);
const setting = z.tuple([z.string(), z.string().nullable()]);

function storedFiles(allowed: (file: string) => boolean) {
  return z.array(
    z.strictObject({ path: z.string().refine(allowed), mode, content: streamRefSchema }),
  );
}

const schema = z.strictObject({
  version: z.literal(1),
  format: z.enum(['sha1', 'sha256']),
  head: z.strictObject({ ref: name.nullable(), commit: objectId.nullable() }),
  /** Lines of `id NUL name [NUL symbolic]`. */
  refs: streamRefSchema,
  /** Every id whose history the packs hold whole, one a line. */
  tips: streamRefSchema,
  /** Each is self-contained but for deltas' and links' sake: oldest first. */
  packs: z.array(streamRefSchema),
  /** Rough bytes in them that served an earlier capture and no tip reaches any more. */
  deadBytes: z.int().min(0),
  stashLog: streamRefSchema.nullable(),
  index: streamRefSchema.nullable(),
  sharedIndexes: storedFiles(isSharedIndex),
  state: storedFiles(isStatePath),
  info: z.strictObject({
    own: storedFiles((file) => (infoFiles.own as readonly string[]).includes(file)),
    shared: storedFiles((file) => (infoFiles.shared as readonly string[]).includes(file)),
  }),
  shallow: streamRefSchema.nullable(),
  settings: z.array(setting),
  worktreeSettings: z.array(setting).nullable(),
  submodules: z.array(z.strictObject({ path: name, commit: objectId })),
  /** Large files kept by git-lfs: id (sha256 of the bytes) and where they are. */
  lfs: z.array(
    z.strictObject({ id: z.string().regex(/^[0-9a-f]{64}$/), content: streamRefSchema }),
  ),
  /** One line of JSON for each path. */
  listing: streamRefSchema,
  include: z.array(z.string()),
  /** Listings of states that this one was taken to come back from: their paths were looked at too, ignored or not. */
  considered: z.array(streamRefSchema),
  /** What lay here and was left to other sources, or is ours: a restore leaves it alone, whoever has it by then. */
  outside: z.array(name).optional(),
});

export type GitRecord = z.infer<typeof schema>;

export type ListedEntry =
  | { readonly type: 'directory'; readonly path: ByteName; readonly mode: number }
  | { readonly type: 'link'; readonly path: ByteName; readonly target: ByteName }
  | {
      readonly type: 'file';
      readonly path: ByteName;
      readonly mode: number;
      readonly sizeBytes: number;
      /** Git's name for the raw bytes. */
      readonly id: string;
      /** undefined: the packs hold it as a blob (or it is empty). */
      readonly content?: StreamRef;
    };

export function parseRecord(member: string, record: Json): GitRecord {
  const result = schema.safeParse(record);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const what = `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'unknown'}`;
  throw failure('MEMBER_RECORD_INVALID', { member, what }, result.error);
}

/** With what was outside then: it is in neither this record nor the undo point of one who does not know of it any more. */
export function boundariesOfRestore(now: Boundaries, { outside = [] }: GitRecord): Boundaries {
  return { members: now.members, own: [...now.own, ...outside.map(decodeName)] };
}

/** undefined instead of an error: for records that only save work when they fit. */
export function tryRecord(record: Json): GitRecord | undefined {
  return schema.safeParse(record).data;
}

export function formatListing(entries: readonly ListedEntry[]): Buffer {
  const lines = entries
    .toSorted((a, b) => byBytes(a.path, b.path))
    .map((entry) => `${JSON.stringify(toLine(entry))}\n`);
  return Buffer.from(lines.join(''), 'utf8');
}

function toLine(entry: ListedEntry): object {
  const { type, path, ...rest } = entry;
  const target = entry.type === 'link' ? { target: encodeName(entry.target) } : {};
  return { type, path: encodeName(path), ...rest, ...target };
}

const lineSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('directory'), path: name, mode }),
  z.strictObject({ type: z.literal('link'), path: name, target: name }),
  z.strictObject({
    type: z.literal('file'),
    path: name,
    mode,
    sizeBytes: z.number().int().nonnegative(),
    id: objectId,
    content: streamRefSchema.optional(),
  }),
]);

export function parseListing(member: string, text: string): ListedEntry[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => parseLine(member, line));
}

function parseLine(member: string, line: string): ListedEntry {
  const result = lineSchema.safeParse(JSON.parse(line));
  if (!result.success) {
    throw failure('MEMBER_RECORD_INVALID', { member, what: 'a line of the listing' }, result.error);
  }
  const path = decodeName(result.data.path);
  if (!isSafeMemberName(path)) {
    throw failure('MEMBER_RECORD_INVALID', { member, what: `the path ${JSON.stringify(path)}` });
  }
  const entry = result.data;
  if (entry.type === 'directory') return { ...entry, path };
  if (entry.type === 'link') return { ...entry, path, target: decodeName(entry.target) };
  const { content, ...rest } = entry;
  return content === undefined ? { ...rest, path } : { ...rest, path, content };
}

export async function readListing(
  member: string,
  record: GitRecord,
  source: ObjectSource,
): Promise<ListedEntry[]> {
  return parseListing(member, Buffer.from(await source.readBytes(record.listing)).toString('utf8'));
}

/** Every stream of the record itself, without those that the listing names. */
export function streamsOf(record: GitRecord): StreamRef[] {
  const files = [
    ...record.sharedIndexes,
    ...record.state,
    ...record.info.own,
    ...record.info.shared,
    ...record.lfs,
  ].map(({ content }) => content);
  const optional = [record.stashLog, record.index, record.shallow].filter((ref) => ref !== null);
  return [
    record.refs,
    record.tips,
    record.listing,
    ...record.packs,
    ...optional,
    ...files,
    ...record.considered,
  ];
}
