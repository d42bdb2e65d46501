// What git leaves in its directory while a merge, rebase, cherry-pick, revert or bisect is under way, and the few files under
// info/ that decide what belongs to the work tree. They are kept as raw bytes; commits that they mention are kept too.
import { readdirSync, readFileSync, lstatSync } from 'node:fs';
import path from 'node:path';
import type { Repository } from './repository.ts';

/** Relative to the git directory of this work tree. */
export interface StateFile {
  readonly path: string;
  readonly mode: number;
  readonly content: Buffer;
}

const singleFiles =
  /^(MERGE_HEAD|MERGE_MSG|MERGE_MODE|MERGE_RR|MERGE_AUTOSTASH|SQUASH_MSG|CHERRY_PICK_HEAD|REVERT_HEAD|REBASE_HEAD|ORIG_HEAD|AUTO_MERGE|BISECT_[A-Z_]+|NOTES_MERGE_(REF|PARTIAL))$/;
const directories = ['rebase-merge', 'rebase-apply', 'sequencer'];

export function isStatePath(file: string): boolean {
  const [first = ''] = file.split('/');
  return singleFiles.test(file) || (directories.includes(first) && isPlainPath(file));
}

export function readStateFiles(repository: Repository): StateFile[] {
  const root = repository.gitDirectory;
  const files = readdirSync(root).filter((name) => singleFiles.test(name));
  for (const directory of directories) files.push(...listBelow(root, directory));
  return readAll(root, files.toSorted());
}

/** Files that say what is ignored, filtered and sparse. `own` lies in the git directory of the work tree, `shared` in the common one. */
export const infoFiles = {
  own: ['info/sparse-checkout'],
  shared: ['info/exclude', 'info/attributes', 'info/grafts'],
} as const;

export interface InfoFiles {
  readonly own: readonly StateFile[];
  readonly shared: readonly StateFile[];
}

export function readInfoFiles(repository: Repository): InfoFiles {
  return {
    own: readAll(repository.gitDirectory, infoFiles.own),
    shared: readAll(repository.commonDirectory, infoFiles.shared),
  };
}

/** A split index keeps most entries in files beside it. */
export function readSharedIndexes(repository: Repository): StateFile[] {
  const root = repository.gitDirectory;
  return readAll(root, readdirSync(root).filter(isSharedIndex).toSorted());
}

export function isSharedIndex(file: string): boolean {
  return /^sharedindex\.[0-9a-f]{40,64}$/.test(file);
}

/** Every word that could be an object id; abbreviated ones too, for a todo list that is being edited. */
export function mentionedIds(files: readonly StateFile[]): string[] {
  const found = new Set<string>();
  for (const { content } of files) {
    for (const [word] of content.toString('latin1').matchAll(/\b[0-9a-f]{7,64}\b/g))
      found.add(word);
  }
  return [...found];
}

function readAll(root: string, files: readonly string[]): StateFile[] {
  const result: StateFile[] = [];
  for (const file of files) {
    const at = path.join(root, file);
    try {
      const stats = lstatSync(at);
      if (!stats.isFile()) continue;
      result.push({ path: file, mode: stats.mode & 0o7777, content: readFileSync(at) });
    } catch (error) {
      // Git ends an operation by removing its files, perhaps right now.
      if (!isAbsent(error)) throw error;
    }
  }
  return result;
}

export function listBelow(root: string, directory: string): string[] {
  try {
    return readdirSync(path.join(root, directory), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.join(path.relative(root, entry.parentPath), entry.name))
      .filter(isPlainPath);
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
}

export function isAbsent(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR';
}

function isPlainPath(file: string): boolean {
  return file.split('/').every((part) => /^[A-Za-z0-9_.@+=-]+$/.test(part) && !/^\.+$/.test(part));
}
