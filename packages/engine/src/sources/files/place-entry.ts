// Puts one file or link into its place: made in a private directory, then renamed, so that its name always leads to the old one
// or the new one.
import { constants, copyFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { digestHex, digestOf, failure } from '@stillpoint/core';
import {
  bytesOfName,
  parentOf,
  showName,
  type ByteName,
  type FsPath,
} from '../../file-tree/index.ts';
import { ownPrefix } from './exclusions.ts';
import { hasLinked } from './link.ts';
import { giveMetadata, hasMetadata } from './metadata.ts';
import type { ListedEntry } from './record.ts';
import { withAccess, type Work } from './switch-work.ts';
import { entryStat } from './walk.ts';

export type PlacedEntry = Exclude<ListedEntry, { type: 'directory' }>;

/** What is right is left alone. */
export async function placeEntry(work: Work, entry: PlacedEntry): Promise<void> {
  const { staged, source } = work;
  const content = entry.type === 'file' ? staged.contentFile(entry) : undefined;
  const prepared = content === undefined ? undefined : entryStat(content);
  const current = entryStat(work.at(entry.path));
  if (current?.kind === 'special' || current?.kind === 'directory')
    throw new Error('something that no snapshot holds stands in its place');
  if (entry.type === 'file' && prepared === undefined) {
    // The way there did not touch it, so there is nothing to take back.
    if (staged.holds === 'differences') return;
    throw failure('RESTORE_NOT_PROVED', { source, reason: `${content} is missing` });
  }
  if (prepared !== undefined && staged.holds !== 'differences' && !hasMetadata(prepared, entry))
    giveMetadata(content!, entry, 'other');
  if (prepared !== undefined && current?.identity === prepared.identity) return;
  if (await work.isRight(entry)) return;
  if (current !== undefined && staged.holds === 'fresh')
    throw failure('FILES_IN_THE_WAY', { source, what: `${showName(entry.path)} is there already` });
  await work.step(entry.path);
  if (current !== undefined && !work.late.isHeld(entry.path, current))
    withAccess(work, entry.path, () => work.late.setAside(entry.path));
  replace(work, entry);
}

/** Makes it in the private directory and renames it into its place. */
function replace(work: Work, entry: PlacedEntry): void {
  const at = work.at(entry.path);
  const temporary = path.join(work.staged.temporaryDirectory, randomBytes(8).toString('hex'));
  try {
    make(work, entry, temporary);
    withAccess(work, entry.path, () => renameSync(temporary, at));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
    replaceBeside(work, entry);
  } finally {
    // Renaming one name of a file to another name of it leaves both.
    rmSync(temporary, { force: true });
  }
}

/** Behind another mount it is made beside its place. The next attempt finds it by its name. */
function replaceBeside(work: Work, entry: PlacedEntry): void {
  const above = parentOf(entry.path);
  const key = digestHex(digestOf(bytesOfName(entry.path))).slice(0, 16);
  const name = (above === undefined ? '' : `${above}/`) + ownPrefix + key;
  const temporary = work.at(name as ByteName);
  try {
    rmSync(temporary, { force: true });
    withAccess(work, entry.path, () => make(work, entry, temporary));
    renameSync(temporary, work.at(entry.path));
  } finally {
    rmSync(temporary, { force: true });
  }
}

function make(work: Work, entry: PlacedEntry, temporary: FsPath): void {
  if (entry.type === 'link') {
    symlinkSync(bytesOfName(entry.target), temporary);
    giveMetadata(temporary, entry, 'link');
    return;
  }
  const content = work.staged.contentFile(entry);
  if (hasLinked(content, temporary)) return;
  copyFileSync(content, temporary, constants.COPYFILE_FICLONE);
  giveMetadata(temporary, entry, 'other');
}
