// The way back from a restore. The live files themselves are kept, by a second name for each: under the freeze there is no
// time to copy, and nothing is more exact than what was there.
import { copyFile, readFile } from 'node:fs/promises';
import path from 'node:path';
import { writeFileAtomic, type Json } from '@stillpoint/core';
import { createBreather, makeTreeDurable, pathsBelow, sameStat } from '../../file-tree/index.ts';
import type { PrepareOptions } from '../contract.ts';
import { fetchContent } from './content.ts';
import type { FilesContext } from './context.ts';
import { hasLinked } from './link.ts';
import { giveMetadata, hasMetadata } from './metadata.ts';
import { filesOf, type ListedEntry, type NamedFile } from './record.ts';
import { beginStaged, type FilesPlacement } from './staged.ts';
import { entryStat } from './walk.ts';

/**
 * A file that the way there does not touch is not kept; each other one gets a second name,
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
  const isTouched = differsFrom(context.prepared?.listing ?? []);
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
    await fetchContent(context.source, entry, place, {
      objects: options.source,
      provedLater: false,
    });
    giveMetadata(place, entry, 'other');
  }
  if (context.prepared !== undefined) await exchangeListings(context.prepared.staged, staged);
  await makeTreeDurable(staged);
  return { version: 1, staged, holds: 'differences' };
}

/** Each side may destroy what it or the other one holds, and nothing else. */
async function exchangeListings(there: string, back: string): Promise<void> {
  await copyFile(path.join(there, 'listing'), path.join(back, 'other'));
  await writeFileAtomic(path.join(there, 'other'), await readFile(path.join(back, 'listing')));
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
