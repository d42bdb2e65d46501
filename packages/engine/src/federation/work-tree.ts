// A member's directory as names: which of them are its own, and what lies there. A name whose directory is really a link leads
// out of the tree, so there is nothing there (git sees it the same way).
import { readdirSync } from 'node:fs';
import { failure } from '@stillpoint/core';
import { createOutside, type Boundaries } from './listing.ts';
import {
  type ByteName,
  directoriesAbove,
  type FileStat,
  type FsPath,
  nameOfBytes,
  parentOf,
  pathsBelow,
  showName,
  statOf,
} from '../file-tree/index.ts';

export interface WorkTree {
  readonly at: (name: ByteName) => FsPath;
  /** True for what belongs to another member or to Stillpoint. */
  readonly outside: (name: ByteName) => boolean;
  /** Own names, each once. */
  select(names: Iterable<ByteName>): ByteName[];
  /** The file, link or special file at a name; undefined for directories, for nothing, and below a link. */
  stat(name: ByteName): FileStat | undefined;
  /** A real directory's permission bits. */
  directoryMode(name: ByteName): number | undefined;
  /** Forgets which directories were seen; before each pass. */
  refresh(): void;
  /** Names of the files and links below a directory, whatever git thinks of them. */
  walk(name: ByteName): ByteName[];
}

export function createWorkTree(boundaries: Boundaries, directory: string): WorkTree {
  const at = pathsBelow(directory);
  const outside = createOutside(boundaries);
  let directories = new Map<ByteName, FileStat | undefined>();

  function directoryStat(name: ByteName): FileStat | undefined {
    if (directories.has(name)) return directories.get(name);
    const above = parentOf(name);
    const reachable = above === undefined || directoryStat(above) !== undefined;
    const stat = reachable ? statOf(at(name)) : undefined;
    const found = stat?.kind === 'directory' ? stat : undefined;
    directories.set(name, found);
    return found;
  }

  function walk(name: ByteName): ByteName[] {
    const found: ByteName[] = [];
    for (const entry of readdirSync(at(name), { withFileTypes: true, encoding: 'buffer' })) {
      const child = `${name}/${nameOfBytes(entry.name)}` as ByteName;
      if (outside(child)) continue;
      if (entry.name.toString('latin1') === '.git') {
        throw failure('NESTED_REPOSITORY', { member: directory, nested: showName(name) });
      }
      if (entry.isDirectory()) found.push(...walk(child));
      else found.push(child);
    }
    return found;
  }

  return {
    at,
    outside,
    walk,
    select: (names) => [...new Set(names)].filter((name) => !outside(name)),
    stat(name) {
      const above = parentOf(name);
      if (above !== undefined && directoryStat(above) === undefined) return undefined;
      const stat = statOf(at(name));
      return stat?.kind === 'directory' ? undefined : stat;
    },
    directoryMode: (name) => directoryStat(name)?.mode,
    refresh() {
      directories = new Map();
    },
  };
}

/** The directories that hold the names, with their modes. */
export function directoryModes(
  workTree: WorkTree,
  names: Iterable<ByteName>,
): Map<ByteName, number> {
  const modes = new Map<ByteName, number>();
  for (const name of directoriesAbove(names)) {
    const mode = workTree.directoryMode(name);
    if (mode !== undefined) modes.set(name, mode);
  }
  return modes;
}
