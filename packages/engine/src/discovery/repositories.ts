// The git repositories of a project, and what git makes of the other things that were found in them.
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { isFailure } from '@stillpoint/core';
import { inspectPaths, type InspectOptions, type PathState } from '../federation/index.ts';
import type { FoundRepository } from './contract.ts';
import type { Walked } from './walk.ts';

export interface Repositories {
  readonly repositories: readonly FoundRepository[];
  /** Of a path relative to the project; 'outside' of every repository. */
  readonly stateOf: (file: string) => PathState | 'outside';
  readonly notes: readonly string[];
}

/** `asked`: every path of which stateOf() will be asked. */
export async function readRepositories(
  directory: string,
  walked: Walked,
  asked: readonly string[],
  git: InspectOptions,
): Promise<Repositories> {
  const notes: string[] = [];
  const states = new Map<string, PathState | 'outside'>();
  const owned = Map.groupBy(asked, (file) => ownerOf(file, walked.repositories));
  const repositories: FoundRepository[] = [];
  for (const repository of walked.repositories) {
    const mine = owned.get(repository) ?? [];
    const within = new Map(mine.map((file) => [path.posix.relative(repository, file), file]));
    try {
      const kind = await kindOf(path.join(directory, repository));
      const found = await inspectPaths(path.join(directory, repository), [...within.keys()], git);
      for (const [name, file] of within) states.set(file, found.get(name) ?? 'untracked');
      const secrets = [...within]
        .filter(
          ([name, file]) => walked.environmentFiles.includes(file) && found.get(name) === 'ignored',
        )
        .map(([name]) => name);
      repositories.push({ path: repository, kind, secrets });
    } catch (error) {
      if (!isFailure(error) || error.code === 'GIT_MISSING') throw error;
      notes.push(`${repository} cannot be a member: ${error.message} ${error.hint}`);
    }
  }
  return { repositories, notes, stateOf: (file) => states.get(file) ?? 'outside' };
}

async function kindOf(directory: string): Promise<FoundRepository['kind']> {
  const dotGit = path.join(directory, '.git');
  if (!(await stat(dotGit)).isFile()) return 'repository';
  const pointer = (await readFile(dotGit, 'utf8').catch(() => '')).trim();
  return pointer.includes('/worktrees/') ? 'worktree' : 'submodule';
}

/** The innermost repository around a path. */
function ownerOf(file: string, repositories: readonly string[]): string | undefined {
  const around = repositories.filter((one) => file.startsWith(`${one}/`));
  const [innermost] = around.toSorted((one, other) => other.length - one.length);
  return innermost ?? (repositories.includes('.') ? '.' : undefined);
}
