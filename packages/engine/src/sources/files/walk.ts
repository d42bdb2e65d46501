// The live directory as a list of names with their stats. Synchronous between breaths: inside the freeze this is the whole
// cost of an unchanged tree.
import { lstatSync, readdirSync, type BigIntStats } from 'node:fs';
import { failure } from '@stillpoint/core';
import {
  kindOf,
  nameOfBytes,
  pathsBelow,
  showName,
  type ByteName,
  type FileStat,
  type FsPath,
} from '../../file-tree/index.ts';
import type { Exclusions } from './exclusions.ts';

export interface EntryStat extends FileStat {
  readonly mtimeNs: bigint;
  readonly uid: number;
  readonly gid: number;
  /** How many names it has, here or elsewhere. */
  readonly names: number;
  /** Device and inode: equal for two names of one file. */
  readonly identity: string;
}

export type LiveTree = ReadonlyMap<ByteName, EntryStat>;

export interface WalkOptions {
  readonly source: string;
  readonly directory: string;
  readonly exclusions: Exclusions;
  readonly breathe: () => Promise<void>;
}

/** Everything below the directory, links not followed, directories before what they hold. What vanishes meanwhile is left out. */
export async function walkTree(options: WalkOptions): Promise<LiveTree> {
  const { directory, exclusions, breathe } = options;
  const at = pathsBelow(directory);
  const found = new Map<ByteName, EntryStat>();
  const waiting: (ByteName | undefined)[] = [undefined];
  while (waiting.length > 0) {
    const above = waiting.pop();
    for (const entry of listDirectory(
      options,
      above,
      above === undefined ? directory : at(above),
    )) {
      const child = nameOfBytes(entry);
      const name = above === undefined ? child : (`${above}/${child}` as ByteName);
      if (exclusions.excludes(name)) continue;
      const stat = entryStat(at(name));
      if (stat === undefined) continue;
      found.set(name, stat);
      if (stat.kind === 'directory') waiting.push(name);
      await breathe();
    }
  }
  return found;
}

function listDirectory(
  { source, directory }: WalkOptions,
  name: ByteName | undefined,
  at: FsPath,
): Buffer[] {
  try {
    return readdirSync(at, { encoding: 'buffer' });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (name !== undefined && (code === 'ENOENT' || code === 'ENOTDIR')) return [];
    if (code !== 'EACCES' && code !== 'EPERM') throw error;
    const file = name === undefined ? directory : showName(name);
    throw failure('FILES_UNREADABLE', { source, file }, error);
  }
}

export function entryStat(at: FsPath): EntryStat | undefined {
  try {
    const stats = lstatSync(at, { bigint: true, throwIfNoEntry: false });
    return stats === undefined ? undefined : reduce(stats);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return undefined;
    throw error;
  }
}

function reduce(stats: BigIntStats): EntryStat {
  return {
    kind: kindOf(stats),
    mode: Number(stats.mode & 0o7777n),
    sizeBytes: Number(stats.size),
    mtimeMs: Number(stats.mtimeNs) / 1e6,
    ctimeMs: Number(stats.ctimeNs) / 1e6,
    inode: Number(stats.ino),
    mtimeNs: stats.mtimeNs,
    uid: Number(stats.uid),
    gid: Number(stats.gid),
    names: Number(stats.nlink),
    identity: `${stats.dev}:${stats.ino}`,
  };
}

/** The names within the tree of each file that has more than one. */
export function linkedNames(tree: LiveTree): ReadonlyMap<string, readonly ByteName[]> {
  const found = new Map<string, ByteName[]>();
  for (const [name, { kind, names, identity }] of tree) {
    if (kind !== 'file' || names < 2) continue;
    const known = found.get(identity);
    if (known === undefined) found.set(identity, [name]);
    else known.push(name);
  }
  return found;
}
