// Where a member's repository keeps its parts. A plain one has them all in `.git`; a linked worktree and a submodule have a
// `.git` file that points elsewhere, and a linked worktree shares refs, objects and settings with its main repository.
// Only reads. Whatever cannot be captured is refused here or in probe.ts, by name.
import { readFile, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { failure } from '@stillpoint/core';
import { createGit, type Git } from './git.ts';
import { readOptional } from './optional-file.ts';
import { parseSettings, settingOf, type Setting } from './settings.ts';

export type ObjectFormat = 'sha1' | 'sha256';

export interface Repository {
  /** Absolute. */
  readonly workTree: string;
  /** HEAD, the index and what is in progress. */
  readonly gitDirectory: string;
  /** Refs, objects, settings; the same directory unless this is a linked worktree. */
  readonly commonDirectory: string;
  /** A worktree of a repository that lives elsewhere: most refs and settings are not its own. */
  readonly linked: boolean;
  readonly format: ObjectFormat;
  readonly settings: readonly Setting[];
  readonly git: Git;
}

export interface OpenOptions {
  /** How the member is called in messages. */
  readonly member: string;
  readonly directory: string;
  readonly environment?: Readonly<Record<string, string>>;
}

export async function openRepository(options: OpenOptions): Promise<Repository> {
  const { member, directory } = options;
  if (!(await isDirectory(directory))) throw failure('MEMBER_MISSING', { file: directory, member });
  const workTree = await realpath(directory);
  const gitDirectory = await findGitDirectory(member, workTree);
  const commonDirectory = await findCommonDirectory(gitDirectory);
  const complete =
    (await exists(path.join(gitDirectory, 'HEAD'))) &&
    (await isDirectory(path.join(commonDirectory, 'objects'))) &&
    (await isDirectory(path.join(commonDirectory, 'refs')));
  if (!complete) throw failure('MEMBER_NOT_REPOSITORY', { file: directory, member });

  const environment = options.environment === undefined ? {} : { environment: options.environment };
  const git = createGit({ gitDirectory, workTree, ...environment });
  const settings = await parseSettings(git, await readOptional(commonDirectory, 'config'));
  const linked = gitDirectory !== commonDirectory;
  if (settingOf(settings, 'core.bare') === 'true' && !linked) {
    throw failure('MEMBER_BARE', { member, directory });
  }
  return {
    workTree,
    gitDirectory,
    commonDirectory,
    linked,
    settings,
    git,
    format: formatOf(member, settings),
  };
}

function formatOf(member: string, settings: readonly Setting[]): ObjectFormat {
  const format = settingOf(settings, 'extensions.objectformat') ?? 'sha1';
  if (format !== 'sha1' && format !== 'sha256') {
    throw failure('MEMBER_UNSUPPORTED', { member, what: `the object format ${format}` });
  }
  const refStorage = settingOf(settings, 'extensions.refstorage') ?? 'files';
  if (refStorage !== 'files') {
    throw failure('MEMBER_UNSUPPORTED', { member, what: `the ref storage ${refStorage}` });
  }
  return format;
}

async function findGitDirectory(member: string, directory: string): Promise<string> {
  const dotGit = path.join(directory, '.git');
  const found = await stat(dotGit).catch(() => undefined);
  if (found?.isDirectory() === true) return await realpath(dotGit);
  if (found?.isFile() === true) {
    const target = /^gitdir: (.+?)\n*$/.exec(await readFile(dotGit, 'utf8'))?.[1];
    const resolved = target === undefined ? undefined : path.resolve(directory, target);
    if (resolved !== undefined && (await isDirectory(resolved))) return await realpath(resolved);
    throw failure('MEMBER_NOT_REPOSITORY', { file: directory, member });
  }
  const bare =
    (await exists(path.join(directory, 'HEAD'))) &&
    (await isDirectory(path.join(directory, 'objects'))) &&
    (await isDirectory(path.join(directory, 'refs')));
  if (bare) throw failure('MEMBER_BARE', { member, directory });
  throw failure('MEMBER_NOT_REPOSITORY', { file: directory, member });
}

async function findCommonDirectory(gitDirectory: string): Promise<string> {
  const pointer = await readFile(path.join(gitDirectory, 'commondir'), 'utf8').catch(
    () => undefined,
  );
  if (pointer === undefined) return gitDirectory;
  return await realpath(path.resolve(gitDirectory, pointer.trimEnd()));
}

export async function exists(file: string): Promise<boolean> {
  return (await stat(file).catch(() => undefined)) !== undefined;
}

async function isDirectory(directory: string): Promise<boolean> {
  return (await stat(directory).catch(() => undefined))?.isDirectory() === true;
}
