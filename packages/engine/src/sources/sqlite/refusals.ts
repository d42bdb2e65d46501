// What cannot be captured, said before anything is paused. Nothing here opens the live file in this process: closing it again would
// drop the locks that a view of ours may hold on it.
import { constants, type Stats } from 'node:fs';
import { access, lstat, statfs } from 'node:fs/promises';
import path from 'node:path';
import { failure } from '@stillpoint/core';
import type { Keeper } from './keeper.ts';
import type { Inspection } from './keeper-orders.ts';

const megabyte = 1_000_000;

export async function isThere(file: string): Promise<boolean> {
  return (await statOf(file)) !== undefined;
}

async function statOf(file: string): Promise<Stats | undefined> {
  return lstat(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw failure('SQLITE_NOT_ACCESSIBLE', { file, why: error.message }, error);
  });
}

/** A file that SQLite could open, by what the directory says. */
export async function examineFile(file: string): Promise<Stats> {
  const stat = await statOf(file);
  if (stat === undefined) throw failure('SQLITE_MISSING', { file });
  if (!stat.isFile()) throw failure('SQLITE_NOT_A_FILE', { file, what: whatIs(stat) });
  try {
    await access(file, constants.R_OK | constants.W_OK);
    await access(path.dirname(file), constants.W_OK | constants.X_OK);
  } catch (error) {
    throw failure('SQLITE_NOT_ACCESSIBLE', { file, why: (error as Error).message }, error);
  }
  return stat;
}

function whatIs(stat: Stats): string {
  if (stat.isDirectory()) return 'a directory';
  // SQLite follows it, and then what lies beside it belongs to a file that another source may capture too.
  return stat.isSymbolicLink() ? 'a symbolic link' : 'a special file';
}

export function inspectFile(
  keeper: Keeper,
  file: string,
  signal: AbortSignal,
): Promise<Inspection> {
  return keeper.ask('inspect', { file }, signal);
}

/** For the copy that is made of a file before it is stored. */
export async function refuseWithoutRoom(directory: string, neededBytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(directory);
  const freeBytes = bavail * bsize;
  if (freeBytes >= neededBytes) return;
  const [neededMb, freeMb] = [neededBytes, freeBytes].map((bytes) => Math.ceil(bytes / megabyte));
  throw failure('NO_SPACE', {
    what: 'Copying a SQLite file',
    where: directory,
    neededMb: neededMb!,
    freeMb: freeMb!,
  });
}
