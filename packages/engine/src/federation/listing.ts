// Which paths of a work tree are captured, as git itself decides it: tracked ones, untracked ones that are not ignored, and
// ignored ones that the configuration names. Other members and Stillpoint's own files are never among them.
import type { ByteName } from '../file-tree/index.ts';
import { failure } from '@stillpoint/core';
import { gitFailed } from './git.ts';
import { splitNames } from './names.ts';
import type { Repository } from './repository.ts';

export interface IndexView {
  /** Blob ids that the index names at any stage, and the names that have an entry. */
  readonly blobs: ReadonlySet<string>;
  readonly names: ReadonlyMap<ByteName, string>;
  readonly gitlinks: ReadonlyMap<ByteName, string>;
  readonly unmerged: boolean;
}

export interface ListOptions {
  readonly repository: Repository;
  readonly include: readonly string[];
  readonly signal: AbortSignal;
  /** Read this copy of the index instead of the live one. */
  readonly indexFile?: string;
}

/** Reads the entries of an index, sparse and split ones included. */
export async function listIndex(options: ListOptions): Promise<IndexView> {
  const output = await options.repository.git.output(
    ['ls-files', '--stage', '-z'],
    gitOptions(options),
  );
  const blobs = new Set<string>();
  const names = new Map<ByteName, string>();
  const gitlinks = new Map<ByteName, string>();
  let unmerged = false;
  for (const entry of splitNames(output)) {
    // <mode> SP <id> SP <stage> TAB <name>
    const tab = entry.indexOf('\t');
    const [mode, id = '', stage] = entry.slice(0, tab).split(' ');
    const name = entry.slice(tab + 1) as ByteName;
    if (stage !== '0') unmerged = true;
    if (mode === '160000') {
      gitlinks.set(name, id);
    } else {
      blobs.add(id);
      names.set(name, id);
    }
  }
  return { blobs, names, gitlinks, unmerged };
}

export interface Others {
  readonly names: readonly ByteName[];
  /** Directories with a repository of their own. */
  readonly repositories: readonly ByteName[];
}

/** Untracked paths, and ignored ones that match `include`. */
export async function listOthers(options: ListOptions): Promise<Others> {
  const calls = [list(options, ['--exclude-standard'])];
  if (options.include.length > 0) {
    calls.push(
      list(options, ['--', ...options.include.map((pattern) => `:(glob)${stripSlash(pattern)}`)]),
    );
  }
  const found = new Set((await Promise.all(calls)).flat());
  const names: ByteName[] = [];
  const repositories: ByteName[] = [];
  for (const name of found) {
    if (name.endsWith('/')) repositories.push(name.slice(0, -1) as ByteName);
    else names.push(name);
  }
  return { names, repositories };
}

/** Of `include`, what exists now. */
export async function listIncluded(options: ListOptions): Promise<ByteName[]> {
  if (options.include.length === 0) return [];
  const patterns = options.include.map((pattern) => `:(glob)${stripSlash(pattern)}`);
  return await list(options, ['--', ...patterns]);
}

async function list(options: ListOptions, args: readonly string[]): Promise<ByteName[]> {
  const call = ['ls-files', '--others', '-z', ...args];
  const { code, stdout, stderr } = await options.repository.git.attempt(call, gitOptions(options));
  if (code !== 0) throw gitFailed(call, stderr, code);
  // Git goes on without a directory that it may not read; a snapshot must not.
  const unreadable = /could not open directory '(.*)': Permission denied/.exec(stderr)?.[1];
  if (unreadable !== undefined) {
    throw failure('MEMBER_UNREADABLE', { member: options.repository.workTree, file: unreadable });
  }
  return splitNames(stdout);
}

function gitOptions({ indexFile, signal }: ListOptions) {
  return indexFile === undefined
    ? { signal }
    : { signal, environment: { GIT_INDEX_FILE: indexFile } };
}

function stripSlash(pattern: string): string {
  return pattern.replace(/\/+$/, '').replace(/^\.\//, '');
}

/** What lies inside the member's directory and is none of its business. */
export interface Boundaries {
  /** Other members' directories, as names in this one. */
  readonly members: readonly ByteName[];
  /** Stillpoint's own files, as names in this member. */
  readonly own: readonly ByteName[];
}

export function createOutside(boundaries: Boundaries): (name: ByteName) => boolean {
  const roots = [...boundaries.members, ...boundaries.own];
  if (roots.length === 0) return () => false;
  return (name) => roots.some((root) => name === root || name.startsWith(`${root}/`));
}

/** Refuses repositories in the work tree that nobody would capture. */
export async function refuseForeignRepositories(
  member: string,
  others: Others,
  index: IndexView,
  boundaries: Boundaries,
  hasRepository: (name: ByteName) => Promise<boolean>,
): Promise<void> {
  const outside = createOutside(boundaries);
  const shown = (name: ByteName) => (member === '.' ? name : `${member}/${name}`);
  const nested = others.repositories.find((name) => !outside(name) && !index.gitlinks.has(name));
  if (nested !== undefined) throw failure('NESTED_REPOSITORY', { member, nested: shown(nested) });
  for (const name of index.gitlinks.keys()) {
    if (!outside(name) && (await hasRepository(name))) {
      throw failure('SUBMODULE_NOT_MEMBER', { member, submodule: shown(name) });
    }
  }
}
