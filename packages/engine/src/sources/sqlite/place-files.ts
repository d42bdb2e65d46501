// Putting files into the place of the live database and of what lies beside it, in the keeper: where no database is to be written
// into (nothing there, or bytes that are none), and on the way back to such bytes. Nobody may have the live file open.
//
// ORDER. -wal and -journal belong to the bytes they lie beside: applied to others they destroy them. So they go first, durably,
// then the file itself is replaced by a rename, then its own companions come. Dying in between leaves the old bytes without
// their WAL, or the new ones without theirs; whoever carries the restore on, forward or back, begins again with the first step.
import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  copyFileSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import path from 'node:path';
import { failure } from '@stillpoint/core';
import { openDatabase } from './connection.ts';
import { companionEnds, type Placed } from './record.ts';
import { usersOf } from './users-of-file.ts';

export interface PlaceFiles {
  readonly file: string;
  readonly placed: Placed;
  /** Names what nobody has captured and is moved aside. */
  readonly undo: string;
}

/** Throws SQLITE_IN_USE. */
export function refuseUsers(file: string): void {
  const users = usersOf(file);
  if (users.length > 0) throw failure('SQLITE_IN_USE', { file, who: users.join(', ') });
}

export function placeFiles({ file, placed, undo }: PlaceFiles): readonly string[] {
  makeDirectoryDurably(path.dirname(file));
  const fresh = freshNameOf(file);
  copyDurably(placed.file, fresh, placed);
  if (placed.kind === 'database' && placed.journal === 'wal') convertToWal(fresh);
  const kept = clearCompanions(file, undo);
  renameSync(fresh, file);
  fsyncPath(path.dirname(file));
  if (placed.kind === 'files') placeCompanions(file, placed);
  return kept;
}

function placeCompanions(file: string, placed: Extract<Placed, { kind: 'files' }>): void {
  for (const { end, file: from } of placed.companions) {
    const fresh = freshNameOf(file + end);
    copyDurably(from, fresh, placed);
    renameSync(fresh, file + end);
  }
  fsyncPath(path.dirname(file));
}

/** Beside a file they are part of its undo point and go; alone they are in none, so they are kept under a name of their own. */
function clearCompanions(file: string, undo: string): readonly string[] {
  const alone = !isThere(file);
  const kept: string[] = [];
  for (const end of companionEnds) {
    const companion = file + end;
    if (!isThere(companion)) continue;
    if (alone && statSync(companion).size > 0) {
      renameSync(companion, `${companion}.${undo}`);
      kept.push(`${companion} lay there without its database: kept as ${companion}.${undo}`);
    } else rmSync(companion);
  }
  // Only an index of the WAL: worth nothing without it.
  rmSync(`${file}-shm`, { force: true });
  fsyncPath(path.dirname(file));
  return kept;
}

/** In a project that has just been made the file's directory is in no repository, so nobody else makes it. */
function makeDirectoryDurably(directory: string): void {
  const first = mkdirSync(directory, { recursive: true });
  if (first === undefined) return;
  const above = path.dirname(first);
  for (let one = directory; one !== above; one = path.dirname(one)) fsyncPath(one);
  fsyncPath(above);
}

/** One name for all attempts, so that what a dead one left is overwritten. */
function freshNameOf(file: string): string {
  return path.join(path.dirname(file), `.${path.basename(file)}.stillpoint-new`);
}

function copyDurably(from: string, to: string, access: Placed): void {
  rmSync(to, { force: true });
  copyFileSync(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  applyAccess(to, access);
  fsyncPath(to);
}

/** Of the database and, where they exist, of what SQLite keeps beside it: it would give them the same. */
export function applyAccessToAll(file: string, access: Placed): void {
  for (const end of ['', ...companionEnds, '-shm']) {
    if (isThere(file + end)) applyAccess(file + end, access);
  }
}

function applyAccess(file: string, { mode, uid, gid }: Placed): void {
  const now = statSync(file);
  // Only root can give files away; and giving away clears bits of the mode.
  if (process.geteuid?.() === 0 && (now.uid !== uid || now.gid !== gid)) chownSync(file, uid, gid);
  if ((now.mode & 0o7777) !== mode) chmodSync(file, mode);
}

/** The copy of a database says "rollback" in its header; nobody has it open yet. */
function convertToWal(file: string): void {
  using database = openDatabase(file, 'rw');
  database.exec('PRAGMA journal_mode = WAL');
  fsyncPath(file);
}

function isThere(file: string): boolean {
  return lstatSync(file, { throwIfNoEntry: false }) !== undefined;
}

function fsyncPath(file: string): void {
  const descriptor = openSync(file, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
