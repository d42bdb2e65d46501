// Free space is checked before anything is paused or prepared.
import { statfs } from 'node:fs/promises';
import { failure } from '@stillpoint/core';

const marginBytes = 64 * 1024 * 1024;
const megabyte = 1_000_000;

export interface SpaceNeed {
  /** 'This snapshot', 'Preparing the restore'. */
  readonly what: string;
  readonly where: string;
  readonly neededBytes: number;
  /** undefined: unknown, taken as enough. */
  readonly freeBytes: number | undefined;
}

/** Throws NO_SPACE. */
export function checkSpace({ what, where, neededBytes, freeBytes }: SpaceNeed): void {
  if (freeBytes === undefined || freeBytes >= neededBytes + marginBytes) return;
  const neededMb = Math.ceil((neededBytes + marginBytes) / megabyte);
  throw failure('NO_SPACE', { what, where, neededMb, freeMb: Math.floor(freeBytes / megabyte) });
}

export async function freeBytesAt(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory);
  return bavail * bsize;
}

/** There was room, and others took it: DISK_FULL instead of what the file system says. Other errors are given back. */
export function sayDiskFull(error: unknown, source: string): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return error;
  return failure('DISK_FULL', { source }, error);
}
