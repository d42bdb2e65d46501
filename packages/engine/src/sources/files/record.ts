// The record of a directory in a manifest, and the listing it names: one line of JSON for each path, in byte order.
import * as z from 'zod';
import { failure, type Json } from '@stillpoint/core';
import {
  byBytes,
  decodeName,
  encodeName,
  isSafeName,
  showName,
  type ByteName,
} from '../../file-tree/index.ts';
import {
  streamRefSchema,
  type NamedStream,
  type ObjectSource,
  type StreamRef,
} from '../contract.ts';

const name = z.union([z.string(), z.strictObject({ b64: z.base64() })]);
const id = z.number().int().nonnegative();
const owned = {
  /** Nanoseconds since 1970. */
  mtime: z.string().regex(/^-?[0-9]+$/),
  uid: id,
  gid: id,
};
const mode = z.number().int().min(0).max(0o7777);

const recordSchema = z.strictObject({
  version: z.literal(1),
  root: z.strictObject({ mode, ...owned }),
  listing: streamRefSchema,
  /** Of all files together, as large as they are listed. */
  bytes: id,
  /** What was not looked at: a restore leaves it alone, whatever is excluded by then. */
  exclude: z.array(z.string()),
});

export type FilesRecord = z.infer<typeof recordSchema>;

interface Owned {
  readonly path: ByteName;
  readonly mode: number;
  readonly mtimeNs: bigint;
  readonly uid: number;
  readonly gid: number;
}

export interface ListedFile extends Owned {
  readonly type: 'file';
  readonly sizeBytes: number;
  readonly digest: string;
  /** undefined: it is empty. */
  readonly content?: StreamRef;
  /** Names with the same number are one file. */
  readonly link?: number;
}

export type ListedEntry =
  | (Owned & { readonly type: 'directory' })
  | (Owned & { readonly type: 'link'; readonly target: ByteName })
  | ListedFile;

const lineSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('directory'), path: name, mode, ...owned }),
  z.strictObject({ type: z.literal('link'), path: name, mode, ...owned, target: name }),
  z.strictObject({
    type: z.literal('file'),
    path: name,
    mode,
    ...owned,
    sizeBytes: id,
    digest: z.string(),
    content: streamRefSchema.optional(),
    link: id.optional(),
  }),
]);

export function parseRecord(source: string, record: Json): FilesRecord {
  const result = recordSchema.safeParse(record);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const what = `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'unknown'}`;
  throw failure('FILES_RECORD_INVALID', { source, what }, result.error);
}

/** undefined instead of an error: for records that only save work when they fit. */
export function tryRecord(record: Json): FilesRecord | undefined {
  return recordSchema.safeParse(record).data;
}

export function* formatListing(entries: readonly ListedEntry[]): Generator<Buffer> {
  for (const entry of entries.toSorted((a, b) => byBytes(a.path, b.path))) {
    const { type, path, mtimeNs, ...rest } = entry;
    const target = entry.type === 'link' ? { target: encodeName(entry.target) } : {};
    const line = { type, path: encodeName(path), mtime: String(mtimeNs), ...rest, ...target };
    yield Buffer.from(`${JSON.stringify(line)}\n`, 'utf8');
  }
}

export function parseListing(source: string, text: string): ListedEntry[] {
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => parseLine(source, line));
}

function parseLine(source: string, line: string): ListedEntry {
  const result = lineSchema.safeParse(jsonOf(line));
  if (!result.success)
    throw failure('FILES_RECORD_INVALID', { source, what: 'a line of the listing' }, result.error);
  const { path: encoded, mtime, ...rest } = result.data;
  const path = decodeName(encoded);
  if (!isSafeName(path))
    throw failure('FILES_RECORD_INVALID', { source, what: `the path ${JSON.stringify(path)}` });
  const mtimeNs = BigInt(mtime);
  if (rest.type === 'directory') return { ...rest, path, mtimeNs };
  if (rest.type === 'link') return { ...rest, path, mtimeNs, target: decodeName(rest.target) };
  const { content, link, ...file } = rest;
  return {
    ...file,
    path,
    mtimeNs,
    ...(content === undefined ? {} : { content }),
    ...(link === undefined ? {} : { link }),
  };
}

/** undefined: it is none, which no schema takes. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** One file with all its names, in byte order. */
export interface NamedFile {
  /** Of the first name. */
  readonly entry: ListedFile;
  readonly names: readonly ByteName[];
}

export function filesOf(listing: readonly ListedEntry[]): readonly NamedFile[] {
  const files: { entry: ListedFile; names: ByteName[] }[] = [];
  const linked = new Map<number, ByteName[]>();
  for (const entry of listing) {
    if (entry.type !== 'file') continue;
    const others = entry.link === undefined ? undefined : linked.get(entry.link);
    if (others !== undefined) {
      others.push(entry.path);
      continue;
    }
    const names = [entry.path];
    if (entry.link !== undefined) linked.set(entry.link, names);
    files.push({ entry, names });
  }
  return files;
}

export async function readListing(
  source: string,
  record: FilesRecord,
  objects: ObjectSource,
): Promise<ListedEntry[]> {
  const bytes = await objects.readBytes(record.listing);
  return parseListing(source, Buffer.from(bytes).toString('utf8'));
}

/** Every stream that a record reads; needs no driver. */
export async function* filesReferences(
  json: Json,
  objects: ObjectSource,
): AsyncGenerator<NamedStream> {
  const record = parseRecord('', json);
  yield record.listing;
  for (const entry of await readListing('', record, objects)) {
    if (entry.type === 'file' && entry.content !== undefined) {
      yield { ...entry.content, of: showName(entry.path) };
    }
  }
}
