// A member's history and files as the gate and a plan ask for them: where HEAD is, how two commits are related, which files
// a checkout or a commit has. Only reads, and captures nothing.
import { lstat } from 'node:fs/promises';
import path from 'node:path';
import { digestOf, isFailure } from '@stillpoint/core';
import { isDependencyLock } from './held-content.ts';
import { type ByteName, encodeName } from '../file-tree/index.ts';
import { readOptional } from './optional-file.ts';
import { openRepository, type Repository } from './repository.ts';

export interface HistoryOptions {
  readonly projectDirectory: string;
  /** Relative to the project. */
  readonly member: string;
  readonly environment?: Readonly<Record<string, string>>;
}

/** Names of files relative to the member, '/' between parts; those that are no UTF-8 are left out. */
export interface FileTree {
  /** Those that `wanted` says yes to; what git ignores is not among them. */
  list(wanted: (name: string) => boolean): Promise<readonly string[]>;
  /** undefined: there is no such file. */
  read(name: string): Promise<Buffer | undefined>;
}

export interface MemberHistory {
  readonly member: string;
  /** HEAD's commit; null: no commit yet. */
  head(): Promise<string | null>;
  hasCommit(commit: string): Promise<boolean>;
  /** Where HEAD was of late and where the local branches are, the newest first; a few. HEAD's own is not among them. */
  recentCommits(): Promise<readonly string[]>;
  /** undefined: the repository does not have it. */
  treeOf(commit: string): Promise<string | undefined>;
  /** False also where one of the two is not there. A commit is its own ancestor. */
  isAncestor(ancestor: string, descendant: string): Promise<boolean>;
  /** The files that are there now, tracked or not. */
  readonly checkout: FileTree;
  at(commit: string): FileTree;
  /** As a capture would find them now. */
  dependencyLocks(): Promise<readonly { readonly path: string; readonly digest: string }[]>;
}

/** Of each kind. */
const recent = 8;

const commitId = /^([0-9a-f]{40}|[0-9a-f]{64})$/;

/** undefined: there is no repository. Throws the MEMBER_ errors of one that cannot be read. */
export async function openHistory(
  options: HistoryOptions,
  signal: AbortSignal,
): Promise<MemberHistory | undefined> {
  const { member, projectDirectory, environment } = options;
  const directory = path.resolve(projectDirectory, member);
  try {
    const repository = await openRepository({
      member,
      directory,
      ...(environment === undefined ? {} : { environment }),
    });
    return historyOf(member, repository, signal);
  } catch (error) {
    if (isFailure(error, 'MEMBER_MISSING')) return undefined;
    // A directory that a repository was removed from.
    if (isFailure(error, 'MEMBER_NOT_REPOSITORY')) return undefined;
    throw error;
  }
}

function historyOf(member: string, repository: Repository, signal: AbortSignal): MemberHistory {
  const { git } = repository;
  const resolve = async (name: string): Promise<string | undefined> => {
    const { code, stdout } = await git.attempt(['rev-parse', '--verify', '--quiet', name], {
      signal,
    });
    return code === 0 ? stdout.toString('latin1').trim() : undefined;
  };
  const checkout = checkoutOf(repository, signal);
  return {
    member,
    checkout,
    head: async () => (await resolve('HEAD^{commit}')) ?? null,
    hasCommit: async (commit) => (await resolve(`${checked(commit)}^{commit}`)) !== undefined,
    async recentCommits() {
      const listed = await Promise.all([
        git.attempt(['rev-list', '--walk-reflogs', `--max-count=${recent}`, 'HEAD'], { signal }),
        git.attempt(
          [
            'for-each-ref',
            '--sort=-committerdate',
            `--count=${recent}`,
            '--format=%(objectname)',
            'refs/heads',
          ],
          { signal },
        ),
      ]);
      // No commit yet, or no reflog: nothing is said, or an error.
      const names = listed.flatMap(({ code, stdout }) =>
        code === 0 ? stdout.toString('latin1').split('\n') : [],
      );
      const head = await resolve('HEAD^{commit}');
      return [...new Set(names)].filter((name) => commitId.test(name) && name !== head);
    },
    treeOf: (commit) => resolve(`${checked(commit)}^{tree}`),
    async isAncestor(ancestor, descendant) {
      const words = ['merge-base', '--is-ancestor', checked(ancestor), checked(descendant)];
      return (await git.attempt(words, { signal })).code === 0;
    },
    at: (commit) => treeAt(repository, checked(commit), signal),
    async dependencyLocks() {
      const names = await checkout.list((name) => isDependencyLock(name as ByteName));
      const locks = [];
      for (const name of names.toSorted()) {
        const content = await checkout.read(name);
        if (content !== undefined) locks.push({ path: name, digest: digestOf(content) });
      }
      return locks;
    },
  };
}

/** What a stamp says comes from a database, and becomes an argument. */
function checked(commit: string): string {
  if (!commitId.test(commit)) throw new TypeError('no commit id');
  return commit;
}

function checkoutOf({ git, workTree }: Repository, signal: AbortSignal): FileTree {
  const read: FileTree['read'] = async (name) =>
    (await readOptional(workTree, ...name.split('/'))) ?? undefined;
  return {
    read,
    async list(wanted) {
      const words = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
      const listed = await select(git.stream(words, { signal }), wanted);
      // What is tracked may be gone from the work tree.
      const there = await Promise.all(
        listed.map((name) => lstat(path.join(workTree, name)).catch(() => undefined)),
      );
      return listed.filter((_, at) => there[at] !== undefined);
    },
  };
}

function treeAt({ git }: Repository, commit: string, signal: AbortSignal): FileTree {
  return {
    list: (wanted) =>
      select(git.stream(['ls-tree', '-r', '-z', '--name-only', commit], { signal }), wanted),
    async read(name) {
      const { code, stdout } = await git.attempt(['cat-file', 'blob', `${commit}:${name}`], {
        signal,
      });
      return code === 0 ? stdout : undefined;
    },
  };
}

/** Keeps only what is wanted of a list that may be long. */
async function select(
  output: AsyncIterable<Buffer>,
  wanted: (name: string) => boolean,
): Promise<readonly string[]> {
  const found = new Set<string>();
  let rest = '';
  for await (const piece of output) {
    const parts = (rest + piece.toString('latin1')).split('\0');
    rest = parts.pop() ?? '';
    for (const part of parts) {
      const name = encodeName(part as ByteName);
      if (typeof name === 'string' && wanted(name)) found.add(name);
    }
  }
  return [...found];
}
