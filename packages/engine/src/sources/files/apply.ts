// Brings the live directory to a listing, name by name. Every step looks before it acts, so the whole can be repeated after
// dying anywhere: what is right is left alone, files are put in their place by one rename each, and what no snapshot holds stays.
// Why not one rename of the whole directory:
// docs/decisions/0009-restore-a-directory-name-by-name.md
import {
  chmodSync,
  constants,
  copyFileSync,
  mkdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  unlinkSync,
} from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { digestHex, digestOf, failure, isFailure, type ProgressListener } from '@stillpoint/core';
import {
  bytesOfName,
  createBreather,
  parentOf,
  pathsBelow,
  showName,
  syncFileSystem,
  type ByteName,
  type FsPath,
} from '../../file-tree/index.ts';
import type { FilesContext } from './context.ts';
import { ownPrefix } from './exclusions.ts';
import { createLikeness } from './likeness.ts';
import { hasLinked } from './link.ts';
import { giveMetadata, hasMetadata, isOurs, type Metadata } from './metadata.ts';
import type { ListedEntry } from './record.ts';
import { openStaged, type FilesPlacement, type StagedState } from './staged.ts';
import { entryStat, type LiveTree } from './walk.ts';

interface Work {
  readonly source: string;
  readonly directory: string;
  readonly at: (name: ByteName) => FsPath;
  readonly staged: StagedState;
  /** Without what is excluded now or was then. */
  readonly wanted: ReadonlyMap<ByteName, ListedEntry>;
  readonly live: LiveTree;
  readonly isRight: (entry: ListedEntry) => Promise<boolean>;
  /** Modes of directories that had to be opened for writing. */
  readonly opened: Map<ByteName | undefined, number>;
  /** Before each change. */
  readonly step: (name: ByteName) => Promise<void>;
}

export async function switchTo(
  context: FilesContext,
  placement: FilesPlacement,
  progress: ProgressListener,
): Promise<void> {
  const work = await beginWork(context, placement, progress);
  await removeWhatGoes(work);
  await makeDirectories(work);
  for (const entry of work.wanted.values()) {
    if (entry.type !== 'directory') await guard(work, entry.path, () => placeEntry(work, entry));
  }
  await finishDirectories(work);
  await syncFileSystem(work.directory);
}

async function beginWork(
  context: FilesContext,
  placement: FilesPlacement,
  progress: ProgressListener,
): Promise<Work> {
  const { source, directory } = context;
  const staged = await openStaged(source, placement);
  await context.refuseWay();
  await mkdir(directory, { recursive: true });
  await mkdir(staged.temporaryDirectory, { recursive: true, mode: 0o700 });
  const exclusions = context.exclusions(staged.record.exclude);
  const listing = staged.listing.filter(({ path: name }) => !exclusions.excludes(name));
  const live = await context.walk(exclusions);
  const cache = await context.openCache();
  const breathe = createBreather();
  let steps = 0;
  return {
    source,
    directory,
    at: pathsBelow(directory),
    staged,
    wanted: new Map(listing.map((entry) => [entry.path, entry])),
    live,
    isRight: createLikeness({ directory, cache, live, listing }),
    opened: new Map(),
    async step() {
      steps += 1;
      progress({ type: 'bytes:advanced', phase: 'switch', doneBytes: steps });
      await breathe();
    },
  };
}

/** Runs a step on one name; what the system refuses becomes an error that names it. */
async function guard(work: Work, name: ByteName, step: () => Promise<void>): Promise<void> {
  try {
    await step();
  } catch (error) {
    if (isFailure(error)) throw error;
    const what = error instanceof Error ? error.message : String(error);
    throw failure('FILES_NOT_SWITCHED', { source: work.source, what, file: showName(name) }, error);
  }
}

/** Files and links first, then the directories that this empties, inner ones first. */
async function removeWhatGoes(work: Work): Promise<void> {
  const { live, wanted, staged } = work;
  if (staged.holds === 'fresh') return;
  const goes = [...live].filter(([name, { kind }]) => {
    const type = wanted.get(name)?.type;
    if (kind === 'directory') return type !== 'directory';
    return kind !== 'special' && (type === undefined || type === 'directory');
  });
  for (const [name, { kind }] of goes) {
    if (kind !== 'directory') await guard(work, name, () => remove(work, name, unlinkSync));
  }
  const directories = goes.filter(([, { kind }]) => kind === 'directory').map(([name]) => name);
  for (const name of directories.toSorted().toReversed())
    await guard(work, name, () => removeDirectory(work, name));
}

async function remove(work: Work, name: ByteName, action: (at: FsPath) => void): Promise<void> {
  await work.step(name);
  try {
    withAccess(work, name, () => action(work.at(name)));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/** One that still holds something which no snapshot has stays where nothing else is to be in its place. */
async function removeDirectory(work: Work, name: ByteName): Promise<void> {
  try {
    await remove(work, name, rmdirSync);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (work.wanted.has(name) || (code !== 'ENOTEMPTY' && code !== 'EEXIST')) throw error;
  }
}

async function makeDirectories(work: Work): Promise<void> {
  for (const { type, path: name } of work.wanted.values()) {
    if (type !== 'directory' || entryStat(work.at(name))?.kind === 'directory') continue;
    await guard(work, name, async () => {
      await work.step(name);
      withAccess(work, name, () => mkdirSync(work.at(name), { mode: 0o700 }));
    });
  }
}

async function placeEntry(
  work: Work,
  entry: Exclude<ListedEntry, { type: 'directory' }>,
): Promise<void> {
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
  replace(work, entry);
}

/** Makes it in the private directory and renames it into its place. */
function replace(work: Work, entry: Exclude<ListedEntry, { type: 'directory' }>): void {
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
function replaceBeside(work: Work, entry: Exclude<ListedEntry, { type: 'directory' }>): void {
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

function make(
  work: Work,
  entry: Exclude<ListedEntry, { type: 'directory' }>,
  temporary: FsPath,
): void {
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

/** Last, inner ones first: some do not let anybody write, and each change in one changes its time. */
async function finishDirectories(work: Work): Promise<void> {
  const { wanted, opened, staged } = work;
  const directories = [...wanted.values()].filter(({ type }) => type === 'directory');
  for (const [name, mode] of opened) {
    if (name === undefined || wanted.has(name)) continue;
    if (entryStat(work.at(name)) !== undefined) chmodSync(work.at(name), mode);
  }
  for (const entry of directories.toReversed()) {
    await guard(work, entry.path, async () => {
      const at = work.at(entry.path);
      const current = entryStat(at);
      if (current?.kind !== 'directory' || !isOurs(current) || hasMetadata(current, entry)) return;
      await work.step(entry.path);
      giveMetadata(at, entry, 'other');
    });
  }
  const { mtime, ...root } = staged.record.root;
  const metadata: Metadata = { ...root, mtimeNs: BigInt(mtime) };
  const current = entryStat(work.directory)!;
  if (isOurs(current) && !hasMetadata(current, metadata))
    giveMetadata(work.directory, metadata, 'other');
}

/** Some directories do not let their owner write. */
function withAccess(work: Work, name: ByteName, action: () => void): void {
  try {
    action();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EACCES' && code !== 'EPERM') throw error;
    const above = parentOf(name);
    const at = above === undefined ? work.directory : work.at(above);
    const mode = entryStat(at)?.mode ?? 0o700;
    if ((mode & 0o700) === 0o700) throw error;
    work.opened.set(above, mode);
    chmodSync(at, mode | 0o700);
    action();
  }
}
