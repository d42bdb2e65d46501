// Builds a state beside the live one and proves it. For the way back the live files themselves are kept, by another name for
// each: under the freeze there is no time to copy, and nothing is more exact than what was there.
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { failure, type Json } from '@stillpoint/core';
import {
  createBreather,
  makeTreeDurable,
  pathsBelow,
  sameStat,
  showName,
} from '../../file-tree/index.ts';
import type { PrepareOptions, Proof } from '../contract.ts';
import { fetchContent, hashFile } from './content.ts';
import type { FilesContext } from './context.ts';
import { refuseWhatIsInTheWay } from './in-the-way.ts';
import { hasLinked } from './link.ts';
import { giveMetadata, hasMetadata, mayGiveAway } from './metadata.ts';
import {
  filesOf,
  parseListing,
  parseRecord,
  type FilesRecord,
  type ListedEntry,
  type ListedFile,
  type NamedFile,
} from './record.ts';
import {
  describeStaged,
  makeStagedDirectory,
  openStaged,
  stagedDirectory,
  type FilesPlacement,
  type StagedState,
} from './staged.ts';
import { entryStat } from './walk.ts';

export async function prepareState(
  context: FilesContext,
  json: Json,
  options: PrepareOptions,
): Promise<FilesPlacement> {
  const { source, signal, progress } = options;
  const holds = (await context.exists()) ? 'everything' : 'fresh';
  const { staged, state } = await beginStaged(context, json, options, 'there', holds);
  await refuseWhatIsInTheWay(context, state.record, state.listing);
  const files = filesOf(state.listing).map(({ entry }) => entry);
  const totalBytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  let doneBytes = 0;
  for (const entry of files) {
    signal.throwIfAborted();
    await fetchContent(context.source, entry, state.contentFile(entry), source);
    doneBytes += entry.sizeBytes;
    progress({ type: 'bytes:advanced', phase: 'prepare', doneBytes, totalBytes });
  }
  await makeTreeDurable(staged);
  // After that, because what may not be opened cannot be synced either; what power loss takes of this the switch gives again.
  for (const entry of files) {
    if (isProvable(entry)) giveMetadata(state.contentFile(entry), entry, 'other');
  }
  context.target = state.listing;
  return { version: 1, staged, holds };
}

async function beginStaged(
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

/** Not even its owner may read some files; root may. They were proved when they were written. */
function isProvable({ mode }: ListedFile): boolean {
  return mayGiveAway() || (mode & 0o400) !== 0;
}

export async function proveState(
  context: FilesContext,
  placement: FilesPlacement,
  signal: AbortSignal,
): Promise<Proof> {
  const { source } = context;
  const state = await openStaged(source, placement);
  const files = filesOf(state.listing).map(({ entry }) => entry);
  const breathe = createBreather(signal);
  for (const entry of files.filter(isProvable)) {
    await breathe();
    const found = await hashFile(state.contentFile(entry), entry.sizeBytes, signal).catch(noFile);
    if (found === entry.digest) continue;
    const reason = `${showName(entry.path)} is not what it was`;
    throw failure('RESTORE_NOT_PROVED', { source, reason });
  }
  return { checks: [`${files.length} files byte for byte`] };
}

function noFile(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

/**
 * Must be called while nobody writes. A file that the way there does not touch is not kept; each other one gets a second name,
 * so that it survives being replaced or removed; where it cannot have one, or has changed since the mark, the vault is read.
 */
export async function prepareWayBack(
  context: FilesContext,
  json: Json,
  options: PrepareOptions,
): Promise<FilesPlacement> {
  const { staged, state, record } = await beginStaged(
    context,
    json,
    options,
    'back',
    'differences',
  );
  const marked =
    context.marked?.listing === record.listing.digest ? context.marked.stats : undefined;
  const isTouched = differsFrom(context.target ?? []);
  const at = pathsBelow(context.directory);
  const breathe = createBreather(options.signal);
  for (const file of filesOf(state.listing)) {
    await breathe();
    if (!isTouched(file)) continue;
    const { entry } = file;
    const place = state.contentFile(entry);
    const before = marked?.get(entry.path);
    const now = entryStat(at(entry.path));
    const isAsMarked = before !== undefined && now !== undefined && sameStat(before, now);
    if (isAsMarked && hasLinked(at(entry.path), place)) continue;
    await fetchContent(context.source, entry, place, options.source);
    giveMetadata(place, entry, 'other');
  }
  await makeTreeDurable(staged);
  return { version: 1, staged, holds: 'differences' };
}

/** What the switch to `target` would find different, going by what is listed. */
function differsFrom(target: readonly ListedEntry[]): (file: NamedFile) => boolean {
  const wanted = new Map(
    filesOf(target).flatMap((file) => file.names.map((name) => [name, file] as const)),
  );
  return ({ entry, names }) => {
    const other = wanted.get(entry.path);
    return !(
      other !== undefined &&
      other.entry.digest === entry.digest &&
      hasMetadata(other.entry, entry) &&
      other.names.length === names.length &&
      other.names.every((name, at) => name === names[at])
    );
  };
}
