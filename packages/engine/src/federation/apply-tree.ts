// Brings the files of a work tree to a listing. Every step looks before it acts, so the whole can be repeated after dying
// anywhere: files that are right already are left alone, others are written beside and renamed into place. Ignored files that
// the listing does not name stay.
import {
  chmodSync,
  closeSync,
  fchmodSync,
  fchownSync,
  lchownSync,
  mkdirSync,
  openSync,
  renameSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { digestHex, digestOf, failure, isFailure, type ProgressListener } from '@stillpoint/core';
import { blobId, createBlobHash, hashLarge } from './content.ts';
import {
  byBytes,
  type ByteName,
  bytesOfName,
  createBreather,
  directoriesAbove,
  type FsPath,
  parentOf,
  pathsBelow,
  readPieces,
  readTarget,
  readWhole,
  showName,
  smallFileBytes,
  type StatCache,
  statOf,
} from '../file-tree/index.ts';
import type { Git } from './git.ts';
import { openObjectReader, type ObjectReader } from './object-reader.ts';
import type { ListedEntry } from './record.ts';
import type { StagedState } from './staged.ts';
import type { WorkTree } from './work-tree.ts';

export interface TreeWork {
  readonly member: string;
  readonly workTree: WorkTree;
  readonly staged: StagedState;
  /** Directories that submodules and other members need. */
  readonly standing: readonly ByteName[];
  readonly cache: StatCache;
  /** Who shall own what is made; undefined: whoever runs this. */
  readonly owner: { readonly uid: number; readonly gid: number } | undefined;
  readonly progress: ProgressListener;
  /** Where there was no repository there is no undo point: what stands in the way is moved here instead of being replaced. */
  readonly aside?: string;
}

/** Removes files, and the directories that this empties. */
export async function applyRemovals(work: TreeWork, names: readonly ByteName[]): Promise<void> {
  const { workTree } = work;
  const breathe = createBreather();
  workTree.refresh();
  for (const name of names) {
    await guard(work, name, () => removeName(work, name));
    await breathe();
  }
  prune(work, names);
  workTree.refresh();
}

export async function applyListing(work: TreeWork, git: Git): Promise<void> {
  const { workTree, staged } = work;
  const breathe = createBreather();
  for (const name of wantedDirectories(work)) {
    await guard(work, name, () => makeDirectory(work, name));
  }
  workTree.refresh();
  const entries = staged.listing.filter(({ path }) => !workTree.outside(path));
  await using objects = openObjectReader(git);
  for (const [at, entry] of entries.entries()) {
    if (entry.type === 'directory') continue;
    await guard(work, entry.path, () => applyEntry(work, entry, objects));
    work.progress({
      type: 'bytes:advanced',
      phase: 'switch',
      doneBytes: at + 1,
      totalBytes: entries.length,
    });
    await breathe();
  }
}

/** Last, because some directories do not let anybody write. */
export async function applyDirectoryModes(work: TreeWork): Promise<void> {
  const directories = work.staged.listing.filter((entry) => entry.type === 'directory');
  for (const { path: name, mode } of directories.toSorted((a, b) => byBytes(b.path, a.path))) {
    if (work.workTree.outside(name)) continue;
    await guard(work, name, () => setDirectoryMode(work, name, mode));
  }
}

/** Outer ones first. */
function wantedDirectories({ workTree, staged, standing }: TreeWork): ByteName[] {
  const names = staged.listing.map(({ path }) => path).filter((name) => !workTree.outside(name));
  const listed = staged.listing
    .filter(({ type, path }) => type === 'directory' && !workTree.outside(path))
    .map(({ path }) => path);
  const wanted = new Set([...directoriesAbove([...names, ...standing]), ...listed, ...standing]);
  return [...wanted].toSorted(byBytes);
}

/** Runs a step on one name; what the system refuses becomes the member's error. */
async function guard(
  work: TreeWork,
  name: ByteName,
  step: () => Promise<void> | void,
): Promise<void> {
  try {
    await step();
  } catch (error) {
    if (isFailure(error, 'MEMBER_CHECKOUT_FAILED')) throw error;
    const what = error instanceof Error ? error.message : String(error);
    throw failure(
      'MEMBER_CHECKOUT_FAILED',
      { member: work.member, what, file: showName(name) },
      error,
    );
  }
}

function removeName(work: TreeWork, name: ByteName): void {
  if (work.workTree.stat(name) === undefined) return;
  withAccess(work, name, () => unlinkSync(work.workTree.at(name)));
}

/** Removes directories that the removals have emptied, inner ones first. */
function prune(work: TreeWork, removed: readonly ByteName[]): void {
  const wanted = new Set(wantedDirectories(work));
  for (const name of directoriesAbove(removed).toReversed()) {
    if (wanted.has(name) || work.workTree.outside(name)) continue;
    try {
      withAccess(work, name, () => rmdirSync(work.workTree.at(name)));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (!['ENOTEMPTY', 'EEXIST', 'ENOENT', 'ENOTDIR'].includes(code ?? '')) throw error;
    }
  }
}

async function applyEntry(
  work: TreeWork,
  entry: Exclude<ListedEntry, { type: 'directory' }>,
  objects: ObjectReader,
): Promise<void> {
  const { workTree } = work;
  const at = workTree.at(entry.path);
  const current = statOf(at);
  if (current?.kind === 'directory') removeDirectory(work, entry.path);
  const makeRoom = () => {
    if (current !== undefined && current.kind !== 'directory') setAside(work, entry.path);
  };
  if (entry.type === 'link') {
    if (current?.kind === 'link' && readTarget(at) === entry.target) return;
    makeRoom();
    await replace(work, entry.path, (temporary) =>
      symlinkSync(bytesOfName(entry.target), temporary),
    );
    return;
  }
  if (current?.kind === 'file' && (await holds(work, entry, at))) {
    if (current.mode !== entry.mode) withAccess(work, entry.path, () => chmodSync(at, entry.mode));
    return;
  }
  makeRoom();
  await replace(work, entry.path, (temporary) => writeContent(work, entry, objects, temporary));
}

type FileEntry = Extract<ListedEntry, { type: 'file' }>;

async function holds(
  { cache, staged, workTree }: TreeWork,
  entry: FileEntry,
  at: FsPath,
): Promise<boolean> {
  const stat = workTree.stat(entry.path);
  if (stat === undefined || stat.sizeBytes !== entry.sizeBytes) return false;
  const remembered = cache.lookup(entry.path, stat);
  if (remembered !== undefined) return remembered.id === entry.id;
  const { format } = staged.record;
  try {
    if (stat.sizeBytes <= smallFileBytes) return blobId(format, readWhole(at)) === entry.id;
    return (await hashLarge(format, at, stat.sizeBytes)).id === entry.id;
  } catch (error) {
    // A file that nobody may read can still be replaced.
    if ((error as NodeJS.ErrnoException).code === 'EACCES') return false;
    throw error;
  }
}

async function writeContent(
  work: TreeWork,
  entry: FileEntry,
  objects: ObjectReader,
  temporary: FsPath,
): Promise<void> {
  const { staged, owner } = work;
  const descriptor = openSync(temporary, 'wx', 0o600);
  try {
    const hash = createBlobHash(staged.record.format, entry.sizeBytes);
    for await (const piece of contentOf(work, entry, objects)) {
      hash.update(piece);
      for (let written = 0; written < piece.length;)
        written += writeSync(descriptor, piece, written);
    }
    if (hash.digest('hex') !== entry.id) throw new Error('the prepared content is damaged');
    if (owner !== undefined) fchownSync(descriptor, owner.uid, owner.gid);
    fchmodSync(descriptor, entry.mode);
  } finally {
    closeSync(descriptor);
  }
}

async function* contentOf(
  { staged }: TreeWork,
  entry: FileEntry,
  objects: ObjectReader,
): AsyncGenerator<Buffer> {
  if (entry.content !== undefined) yield* readPieces(staged.streamFile(entry.content));
  else if (entry.sizeBytes > 0) yield* objects.read(entry.id);
}

/** Makes the new thing in the private directory and renames it into place. */
async function replace(
  work: TreeWork,
  name: ByteName,
  make: (temporary: FsPath) => Promise<void> | void,
): Promise<void> {
  const at = work.workTree.at(name);
  const temporary = path.join(work.staged.temporaryDirectory, randomBytes(8).toString('hex'));
  try {
    await make(temporary);
    if (work.owner !== undefined) lchownIfLink(temporary, work.owner);
    withAccess(work, name, () => renameSync(temporary, at));
  } catch (error) {
    rmSync(temporary, { force: true });
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
    await replaceBeside(work, name, make);
  }
}

/** On another file system (a volume mounted into the project) it is made beside its place. The next attempt finds it by its name. */
async function replaceBeside(
  work: TreeWork,
  name: ByteName,
  make: (temporary: FsPath) => Promise<void> | void,
): Promise<void> {
  const above = parentOf(name);
  const key = digestHex(digestOf(bytesOfName(name))).slice(0, 16);
  const beside = `.stillpoint-${key}`;
  const temporary = work.workTree.at(
    (above === undefined ? beside : `${above}/${beside}`) as ByteName,
  );
  try {
    rmSync(temporary, { force: true });
    await make(temporary);
    if (work.owner !== undefined) lchownIfLink(temporary, work.owner);
    renameSync(temporary, work.workTree.at(name));
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

function lchownIfLink(file: FsPath, owner: { uid: number; gid: number }): void {
  if (statOf(file)?.kind === 'link') lchownSync(file, owner.uid, owner.gid);
}

/** True if it was moved away; false if it may be replaced, because the undo point holds it. */
function setAside(work: TreeWork, name: ByteName): boolean {
  if (work.aside === undefined) return false;
  const place = pathsBelow(work.aside);
  const above = parentOf(name);
  mkdirSync(above === undefined ? work.aside : place(above), { recursive: true, mode: 0o700 });
  let target = name;
  for (let copy = 1; statOf(place(target)) !== undefined; copy++)
    target = `${name}.${copy}` as ByteName;
  withAccess(work, name, () => renameSync(work.workTree.at(name), place(target)));
  return true;
}

/** A real directory; whatever else stands there goes. */
function makeDirectory(work: TreeWork, name: ByteName): void {
  const at = work.workTree.at(name);
  const current = statOf(at);
  if (current?.kind === 'directory') return;
  withAccess(work, name, () => {
    if (current !== undefined && !setAside(work, name)) unlinkSync(at);
    mkdirSync(at);
    if (work.owner !== undefined) lchownSync(at, work.owner.uid, work.owner.gid);
  });
}

/** A directory where a file or link belongs. Its files are in the undo point; a repository in it is nobody's to remove. */
function removeDirectory(work: TreeWork, name: ByteName): void {
  const { workTree } = work;
  const blocked = work.standing.some((other) => other === name || other.startsWith(`${name}/`));
  if (blocked) throw new Error('another member lies below it');
  workTree.walk(name);
  if (setAside(work, name)) return;
  withAccess(work, name, () => rmSync(workTree.at(name), { recursive: true, force: true }));
}

function setDirectoryMode(work: TreeWork, name: ByteName, mode: number): void {
  const at = work.workTree.at(name);
  const current = statOf(at);
  if (current?.kind === 'directory' && current.mode !== mode) chmodSync(at, mode);
}

/** Some directories do not let their owner write; the listing's modes are set again at the end. */
function withAccess(work: TreeWork, name: ByteName, action: () => void): void {
  try {
    action();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const above = parentOf(name);
    if ((code !== 'EACCES' && code !== 'EPERM') || above === undefined) throw error;
    const at = work.workTree.at(above);
    const mode = statOf(at)?.mode ?? 0;
    if ((mode & 0o700) === 0o700) throw error;
    chmodSync(at, mode | 0o700);
    action();
  }
}
