// Brings what lies in the git directory to a record, but for refs: objects are added, operations in progress, ignore files,
// sparse settings and the index are put back byte for byte. Each step can be repeated.
import {
  chown,
  copyFile,
  link,
  mkdir,
  readdir,
  rename,
  rm,
  rmdir,
  stat,
  writeFile,
} from 'node:fs/promises';
import path from 'node:path';
import { failure, fsyncDirectory, removeFileDurable, writeFileAtomic } from '@stillpoint/core';
import { largeFileDirectory, largeFilePath } from './large-files.ts';
import type { MemberContext } from './member.ts';
import { existingIds } from './objects.ts';
import { readOptional } from './optional-file.ts';
import { gitOf, initRepository } from './prepare.ts';
import { statOf } from '../file-tree/index.ts';
import { exists, type Repository } from './repository.ts';
import { formatSettings, parseList, settingOf, withoutFilters, type Setting } from './settings.ts';
import type { StagedState } from './staged.ts';
import { infoFiles, isSharedIndex, readStateFiles } from './state-files.ts';

/** Makes a repository where there is none: prepared beside, renamed into place. */
export async function createRepository(context: MemberContext, staged: StagedState): Promise<void> {
  const { record } = staged;
  const target = path.join(context.directory, '.git');
  if (await exists(target)) return;
  await makeMemberDirectory(context.directory);
  const fresh = await besideTarget(context, staged);
  await rm(fresh, { recursive: true, force: true });
  await mkdir(fresh, { mode: 0o755 });
  await initRepository(gitOf(context, fresh), fresh, record.format);
  const settings: Setting[] = [
    ...record.settings.filter(([key]) => key !== 'core.bare'),
    ['core.bare', 'false'],
  ];
  if (settingOf(settings, 'core.repositoryformatversion') === undefined) {
    settings.unshift(['core.repositoryformatversion', '0']);
  }
  await writeFile(path.join(fresh, 'config'), formatSettings(settings));
  if (record.worktreeSettings !== null) {
    await writeFile(path.join(fresh, 'config.worktree'), formatSettings(record.worktreeSettings));
  }
  await rename(fresh, target);
  await fsyncDirectory(context.directory);
}

/** Where a rename reaches the target: the member may be a volume that is mounted into the project. */
async function besideTarget(context: MemberContext, staged: StagedState): Promise<string> {
  const { dev } = await stat(context.directory);
  if ((await stat(staged.directory)).dev === dev) return path.join(staged.directory, 'fresh');
  return path.join(context.directory, '.stillpoint-fresh');
}

/** Owned like the directory it lies in, when root makes it for somebody. */
async function makeMemberDirectory(directory: string): Promise<void> {
  if ((await mkdir(directory, { recursive: true })) === undefined) return;
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = await stat(path.dirname(directory));
  await chown(directory, uid, gid);
}

/** A lock that somebody's git holds. One that appeared during an earlier attempt of this switch was left by its death. */
export async function refuseLocks(
  member: string,
  repository: Repository,
  began: number,
): Promise<void> {
  const own = ['HEAD.lock', 'index.lock'].map((name) => path.join(repository.gitDirectory, name));
  const shared = ['packed-refs.lock', 'config.lock', 'shallow.lock'].map((name) =>
    path.join(repository.commonDirectory, name),
  );
  const refs = (await readdir(path.join(repository.commonDirectory, 'refs'), { recursive: true }))
    .filter((name) => name.endsWith('.lock') && !name.startsWith('stillpoint/'))
    .map((name) => path.join(repository.commonDirectory, 'refs', name));
  const ours = (
    await readdir(path.join(repository.commonDirectory, 'refs', 'stillpoint'), {
      recursive: true,
    }).catch(() => [])
  )
    .filter((name) => name.endsWith('.lock'))
    .map((name) => path.join(repository.commonDirectory, 'refs', 'stillpoint', name));
  for (const file of ours) await rm(file, { force: true });
  for (const file of [...own, ...shared, ...refs]) {
    const found = statOf(file);
    if (found === undefined) continue;
    if (found.ctimeMs < began) throw failure('MEMBER_LOCKED', { member, file });
    await rm(file, { force: true });
  }
}

/** Adds packs that hold anything the repository lacks. */
export async function addObjects(
  context: MemberContext,
  repository: Repository,
  staged: StagedState,
): Promise<void> {
  if (staged.objects === 'live') return;
  const from = path.join(staged.repositoryDirectory, 'objects', 'pack');
  const to = path.join(repository.commonDirectory, 'objects', 'pack');
  await mkdir(to, { recursive: true });
  const prepared = gitOf(context, staged.repositoryDirectory);
  for (const index of (await readdir(from)).filter((name) => name.endsWith('.idx'))) {
    if (await exists(path.join(to, index))) continue;
    const list = await prepared.output(['show-index', `--object-format=${staged.record.format}`], {
      input: await readRequired(from, index),
    });
    const ids = list
      .toString('latin1')
      .split('\n')
      .filter(Boolean)
      .map((line) => line.split(' ')[1] ?? '');
    if ((await existingIds(repository, ids)).length === ids.length) continue;
    // The index last: git looks for it first.
    await place(from, to, index.replace(/\.idx$/, '.pack'));
    await place(from, to, index);
  }
  await fsyncDirectory(to);
}

async function place(from: string, to: string, name: string): Promise<void> {
  const target = path.join(to, name);
  if (await exists(target)) return;
  try {
    await link(path.join(from, name), target);
  } catch {
    const partial = path.join(to, `tmp_${name}`);
    await copyFile(path.join(from, name), partial);
    await rename(partial, target);
  }
}

async function readRequired(...parts: string[]): Promise<Buffer> {
  const content = await readOptional(...parts);
  if (content === null) throw new Error(`${path.join(...parts)} is gone`);
  return content;
}

export async function addLargeFiles(repository: Repository, staged: StagedState): Promise<void> {
  const directory = largeFileDirectory(repository);
  for (const { id, content } of staged.record.lfs) {
    const target = largeFilePath(directory, id);
    if (await exists(target)) continue;
    await mkdir(path.dirname(target), { recursive: true });
    await copyFile(staged.streamFile(content), `${target}.partial`);
    await rename(`${target}.partial`, target);
  }
}

/** Operations in progress and the files that say what is ignored and sparse. */
export async function applyState(repository: Repository, staged: StagedState): Promise<void> {
  const { gitDirectory, commonDirectory, linked } = repository;
  const { state, info } = staged.record;
  const wanted = new Set(state.map(({ path }) => path));
  for (const file of readStateFiles(repository)) {
    if (!wanted.has(file.path)) await removeFileDurable(path.join(gitDirectory, file.path));
  }
  for (const name of ['rebase-merge', 'rebase-apply', 'sequencer']) {
    const needed = state.some((file) => file.path.startsWith(`${name}/`));
    if (!needed) await rmdir(path.join(gitDirectory, name)).catch(() => {});
  }
  await putFiles(staged, gitDirectory, state);
  await replaceFiles(staged, gitDirectory, infoFiles.own, info.own);
  if (!linked) await replaceFiles(staged, commonDirectory, infoFiles.shared, info.shared);
}

type Files = StagedState['record']['state'];

async function putFiles(staged: StagedState, root: string, files: Files): Promise<void> {
  for (const file of files) {
    const target = path.join(root, file.path);
    await mkdir(path.dirname(target), { recursive: true });
    await writeFileAtomic(target, await staged.read(file.content), { mode: file.mode });
  }
}

async function replaceFiles(
  staged: StagedState,
  root: string,
  managed: readonly string[],
  files: Files,
): Promise<void> {
  const wanted = new Set(files.map(({ path }) => path));
  for (const file of managed) {
    if (!wanted.has(file) && (await exists(path.join(root, file))))
      await removeFileDurable(path.join(root, file));
  }
  await putFiles(staged, root, files);
}

/**
 * The record's shallow boundary, and of the present one what the kept tips still need: commits whose parents are not here.
 * Comes after the objects and before the refs.
 */
export async function applyShallow(repository: Repository, staged: StagedState): Promise<void> {
  const { git, commonDirectory } = repository;
  const file = path.join(commonDirectory, 'shallow');
  const wanted = new Set(
    lines(staged.record.shallow === null ? null : await staged.read(staged.record.shallow)),
  );
  const current = lines(await readOptional(file));
  for (const id of current) {
    if (wanted.has(id)) continue;
    const { code, stdout } = await git.attempt(['cat-file', 'commit', id]);
    if (code !== 0) continue;
    const [header = ''] = stdout.toString('latin1').split('\n\n');
    const parents = [...header.matchAll(/^parent ([0-9a-f]+)$/gm)].map(([, parent = '']) => parent);
    if ((await existingIds(repository, parents)).length < new Set(parents).size) wanted.add(id);
  }
  if (wanted.size === 0) await removeFileDurable(file);
  else await writeFileAtomic(file, [...wanted].map((id) => `${id}\n`).join(''), { mode: 0o644 });
}

function lines(content: Buffer | null): string[] {
  return content === null ? [] : content.toString('latin1').split('\n').filter(Boolean);
}

const sparseKeys = ['core.sparsecheckout', 'core.sparsecheckoutcone', 'index.sparse'];

/** The only settings that follow a snapshot into a repository that exists: without them the index means something else. */
export async function applySparseSettings(
  repository: Repository,
  staged: StagedState,
): Promise<void> {
  const { git, gitDirectory, commonDirectory } = repository;
  const { settings, worktreeSettings } = staged.record;
  const target = [...settings, ...(worktreeSettings ?? [])];
  const own = path.join(gitDirectory, 'config.worktree');
  const file = (await exists(own)) ? own : path.join(commonDirectory, 'config');
  const { code, stdout } = await git.attempt(['config', '--null', '--list']);
  const found = code === 0 ? parseList(stdout) : [];
  for (const key of sparseKeys) {
    const wanted = settingOf(target, key);
    if (wanted === settingOf(found, key)) continue;
    if (wanted === undefined) await git.attempt(['config', '--file', file, '--unset-all', key]);
    else await git.output(['config', '--file', file, '--replace-all', key, wanted]);
  }
}

/** The index byte for byte, then refreshed: only what it knows of the files' times changes, never what is staged. */
export async function applyIndex(repository: Repository, staged: StagedState): Promise<void> {
  const { git, gitDirectory } = repository;
  const { index, sharedIndexes } = staged.record;
  await putFiles(
    staged,
    gitDirectory,
    sharedIndexes.filter(({ path }) => isSharedIndex(path)),
  );
  const file = path.join(gitDirectory, 'index');
  if (index === null) {
    await removeFileDurable(file);
    return;
  }
  await writeFileAtomic(file, await staged.read(index), { mode: 0o644 });
  await git.attempt(['update-index', '-q', '--refresh'], {
    environment: await withoutFilters(git),
  });
}
