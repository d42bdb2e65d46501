// What lstat says of a path, reduced to what tells whether a file is still the one that was read. Synchronous on
// purpose: inside the freeze thousands of these must fit into milliseconds, which a thread pool cannot do.
import { lstatSync, type Stats } from 'node:fs';
import type { FsPath } from './names.ts';

export interface FileStat {
  readonly kind: 'file' | 'link' | 'directory' | 'special';
  /** The permission bits, all twelve. */
  readonly mode: number;
  readonly sizeBytes: number;
  readonly mtimeMs: number;
  readonly ctimeMs: number;
  readonly inode: number;
}

export function statOf(path: FsPath): FileStat | undefined {
  try {
    const stats = lstatSync(path, { throwIfNoEntry: false });
    return stats === undefined ? undefined : reduceStats(stats);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return undefined;
    throw error;
  }
}

export function reduceStats(stats: Stats): FileStat {
  return {
    kind: kindOf(stats),
    mode: stats.mode & 0o7777,
    sizeBytes: stats.size,
    mtimeMs: stats.mtimeMs,
    ctimeMs: stats.ctimeMs,
    inode: stats.ino,
  };
}

export function kindOf(
  stats: Pick<Stats, 'isFile' | 'isSymbolicLink' | 'isDirectory'>,
): FileStat['kind'] {
  if (stats.isFile()) return 'file';
  if (stats.isSymbolicLink()) return 'link';
  return stats.isDirectory() ? 'directory' : 'special';
}

export function sameStat(a: FileStat, b: FileStat): boolean {
  return (
    a.kind === b.kind &&
    a.mode === b.mode &&
    a.sizeBytes === b.sizeBytes &&
    a.mtimeMs === b.mtimeMs &&
    a.ctimeMs === b.ctimeMs &&
    a.inode === b.inode
  );
}

/**
 * True when a write right after the reading could have left the same times. File times come from the kernel's coarse clock,
 * up to 10 ms behind; a file system that keeps whole seconds only (both times are) needs a wider margin.
 */
export function isRacy(stat: FileStat, readAtMs: number, marginMs: number): boolean {
  const coarse = stat.mtimeMs % 1000 === 0 && stat.ctimeMs % 1000 === 0;
  return (
    Math.max(stat.mtimeMs, stat.ctimeMs) > readAtMs - (coarse ? Math.max(2500, marginMs) : marginMs)
  );
}
