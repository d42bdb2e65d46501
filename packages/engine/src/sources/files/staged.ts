// A state of the directory, prepared in a private place on the same file system: everything that switch() needs, so that it asks
// no vault. Layout:
//   record.json     the record
//   listing         its listing, as it is in the vault
//   other           the listing of the state on the other side of the restore, where there is one
//   contents/<n>    files by the place of their first name in the listing, ready to be linked into the tree
//   temporary/      what is on its way to its place
import { mkdir, readFile, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { digestHex, digestOf, failure, type Json } from '@stillpoint/core';
import * as z from 'zod';
import type { PrepareOptions, Room } from '../contract.ts';
import type { FilesContext } from './context.ts';
import { ownPrefix } from './exclusions.ts';
import {
  parseListing,
  parseRecord,
  type FilesRecord,
  type ListedEntry,
  type ListedFile,
} from './record.ts';

const placementSchema = z.strictObject({
  version: z.literal(1),
  staged: z.string(),
  /**
   * everything   every content is there
   * differences  only what the switch to the other placement touches: the way back
   * fresh        everything, and the directory was not there: nothing in it may be replaced, for no undo point holds it
   */
  holds: z.enum(['everything', 'differences', 'fresh']),
});

export type FilesPlacement = z.infer<typeof placementSchema>;

export interface StagedState {
  readonly holds: FilesPlacement['holds'];
  readonly record: FilesRecord;
  readonly listing: readonly ListedEntry[];
  /** undefined: there is no way back, or it is not prepared yet. */
  readonly other: readonly ListedEntry[] | undefined;
  readonly temporaryDirectory: string;
  /** Where the content of a file is, if it was staged. Names of one file share it. */
  contentFile(entry: ListedFile): string;
}

export function parsePlacement(source: string, placement: Json): FilesPlacement {
  const result = placementSchema.safeParse(placement);
  if (result.success) return result.data;
  throw failure('FILES_RECORD_INVALID', { source, what: 'its placement' }, result.error);
}

export async function openStaged(
  source: string,
  { staged, holds }: FilesPlacement,
): Promise<StagedState> {
  const read = (name: string) =>
    readFile(path.join(staged, name), 'utf8').catch((error: unknown) => {
      throw failure('RESTORE_NOT_PROVED', { source, reason: `${staged} is not whole` }, error);
    });
  const record = parseRecord(source, JSON.parse(await read('record.json')) as Json);
  const listing = parseListing(source, await read('listing'));
  const other = await readFile(path.join(staged, 'other'), 'utf8').catch(noFile);
  return {
    ...describeStaged(staged, holds, record, listing),
    other: other === undefined ? undefined : parseListing(source, other),
  };
}

function describeStaged(
  staged: string,
  holds: FilesPlacement['holds'],
  record: FilesRecord,
  listing: readonly ListedEntry[],
): StagedState {
  const places = new Map<ListedEntry, number>();
  const linked = new Map<number, number>();
  for (const [place, entry] of listing.entries()) {
    if (entry.type !== 'file') continue;
    if (entry.link !== undefined && !linked.has(entry.link)) linked.set(entry.link, place);
    places.set(entry, entry.link === undefined ? place : linked.get(entry.link)!);
  }
  return {
    holds,
    record,
    listing,
    other: undefined,
    temporaryDirectory: path.join(staged, 'temporary'),
    contentFile: (entry) => path.join(staged, 'contents', String(places.get(entry))),
  };
}

function noFile(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

/** Beside the project if a rename leads from there to the directory, else inside the directory, under a name nobody captures. */
async function stagedDirectory(
  context: FilesContext,
  { workDirectory, snapshot }: Pick<PrepareOptions, 'workDirectory' | 'snapshot'>,
  direction: 'there' | 'back',
): Promise<string> {
  const name = digestHex(digestOf(Buffer.from(`${context.source} ${snapshot} ${direction}`)));
  const parent = (await isSameFileSystem(workDirectory, context.directory))
    ? workDirectory
    : insideDirectory(context);
  return path.join(parent, `files-${name.slice(0, 16)}`);
}

function insideDirectory({ directory }: FilesContext): string {
  return path.join(directory, `${ownPrefix}restore`);
}

async function isSameFileSystem(workDirectory: string, directory: string): Promise<boolean> {
  const live = await stat(directory).catch(() => undefined);
  return live === undefined || live.dev === (await stat(await existing(workDirectory))).dev;
}

/** A restore holds a second copy of every file until it has ended, where the directory is. */
export async function roomToPrepare(context: FilesContext, json: Json): Promise<Room> {
  const { bytes } = parseRecord(context.source, json);
  return { directory: await existing(context.directory), bytes };
}

/** The directory or, while it is not there, what it will be made in. */
async function existing(directory: string): Promise<string> {
  const found = await stat(directory).catch(() => undefined);
  return found === undefined ? await existing(path.dirname(directory)) : directory;
}

async function makeStagedDirectory(staged: string): Promise<void> {
  await rm(staged, { recursive: true, force: true });
  for (const part of ['contents', 'temporary'])
    await mkdir(path.join(staged, part), { recursive: true, mode: 0o700 });
}

/** A private directory with the record and its listing; contents are for the caller to make. */
export async function beginStaged(
  context: FilesContext,
  json: Json,
  options: PrepareOptions,
  direction: 'there' | 'back',
  holds: FilesPlacement['holds'],
): Promise<{ staged: string; record: FilesRecord; state: StagedState }> {
  const record = parseRecord(context.source, json);
  const staged = await stagedDirectory(context, options, direction);
  await makeStagedDirectory(staged);
  const text = await options.source.readBytes(record.listing);
  await writeFile(path.join(staged, 'listing'), text, { mode: 0o600 });
  await writeFile(path.join(staged, 'record.json'), JSON.stringify(record), { mode: 0o600 });
  const listing = parseListing(context.source, Buffer.from(text).toString('utf8'));
  return { staged, record, state: describeStaged(staged, holds, record, listing) };
}

export async function dropStaged(context: FilesContext, placement: Json): Promise<void> {
  // A restore to where there was nothing has no other placement.
  if (placement === null) return;
  const { staged } = parsePlacement(context.source, placement);
  await rm(staged, { recursive: true, force: true });
  if (path.dirname(staged) === insideDirectory(context)) await rmdirIfEmpty(path.dirname(staged));
}

/** What prepare() made outside of the restore's own directory. */
export async function dropAllStaged(context: FilesContext): Promise<void> {
  await rm(insideDirectory(context), { recursive: true, force: true }).catch(
    (error: NodeJS.ErrnoException) => {
      // A file stands where the directory was.
      if (error.code !== 'ENOTDIR') throw error;
    },
  );
}

async function rmdirIfEmpty(directory: string): Promise<void> {
  await rmdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOTEMPTY' && error.code !== 'ENOENT') throw error;
  });
}
