// Puts a prepared state in the place of the live one. Nothing is undone here and nothing is asked of a vault: every step
// looks at what is there and does the rest, so after dying anywhere the same call finishes the work.
// Order: objects, files, refs, HEAD, operations in progress, index, untracked files that go. Until the index is put back nothing claims to be done.
import { chown, lstat, mkdir, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { failure, isFailure } from '@stillpoint/core';
import type { SwitchContext, SwitchReport } from '../sources/contract.ts';
import { applyRefs, describeKept } from './apply-refs.ts';
import {
  addLargeFiles,
  addObjects,
  applyIndex,
  applyShallow,
  applySparseSettings,
  applyState,
  createRepository,
  refuseLocks,
} from './apply-repository.ts';
import { applyDirectoryModes, applyListing, applyRemovals, type TreeWork } from './apply-tree.ts';
import { type ByteName, decodeName, syncFileSystem } from '../file-tree/index.ts';
import type { MemberContext } from './member.ts';
import { boundariesOfRestore } from './record.ts';
import { decideRemovals, untrackedToRemove } from './removals.ts';
import { exists, openRepository, type Repository } from './repository.ts';
import { openStaged, type GitPlacement, type StagedState } from './staged.ts';
import { createWorkTree, type WorkTree } from './work-tree.ts';

export async function switchTo(
  context: MemberContext,
  placement: GitPlacement,
  options: SwitchContext,
): Promise<SwitchReport> {
  const staged = await openStaged(context.member, placement);
  await mkdir(staged.temporaryDirectory, { recursive: true, mode: 0o700 });
  try {
    return await run(context, staged, options);
  } catch (error) {
    if (isFailure(error) && !isFailure(error, 'GIT_FAILED')) throw error;
    const what = error instanceof Error ? error.message : String(error);
    const file = (error as NodeJS.ErrnoException).path ?? context.directory;
    throw failure('MEMBER_CHECKOUT_FAILED', { member: context.member, what, file }, error);
  }
}

async function run(
  context: MemberContext,
  staged: StagedState,
  options: SwitchContext,
): Promise<SwitchReport> {
  const { member } = context;
  const step = (detail: string) =>
    options.progress({ type: 'phase:started', phase: 'switch', detail: `${member}: ${detail}` });
  const removals = await decideRemovals(context, staged);
  step('repository');
  await createRepository(context, staged);
  const repository = await openRepository(context);
  await refuseLocks(member, repository, removals.began);
  step('objects');
  await addObjects(context, repository, staged);
  await addLargeFiles(repository, staged);
  step('files');
  const aside = path.join(repository.gitDirectory, 'stillpoint', `replaced-${options.undo}`);
  const work = {
    ...(await treeWork(context, repository, staged, options)),
    ...(removals.fromNothing ? { aside } : {}),
  };
  await applyRemovals(work, removals.certain);
  await applyListing(work, repository.git);
  step('refs');
  await applyShallow(repository, staged);
  await applyRefs(repository, staged, options.undo);
  step('state');
  await applyState(repository, staged);
  await applySparseSettings(repository, staged);
  step('index');
  await applyIndex(repository, staged);
  step('untracked files');
  await applyRemovals(work, await untrackedToRemove(repository, removals));
  await applyDirectoryModes(work);
  step('owner');
  await giveToOwner(context.directory, repository);
  await syncFileSystem(context.directory);
  const kept = await describeKept(repository, member, options.undo);
  if (await exists(aside)) kept.push(`${member}: what stood in the way is kept in ${aside}`);
  return { kept };
}

async function treeWork(
  context: MemberContext,
  repository: Repository,
  staged: StagedState,
  { progress }: SwitchContext,
): Promise<TreeWork> {
  const workTree = createWorkTree(boundariesOfRestore(context, staged.record), repository.workTree);
  const submodules = staged.record.submodules.map(({ path }) => decodeName(path));
  return {
    member: context.member,
    workTree,
    staged,
    progress,
    standing: await onlyDirectories(workTree, [...submodules, ...context.members]),
    cache: await context.openCache(repository),
    owner: await ownerOf(context.directory),
  };
}

/** A submodule's directory is made; another member's only kept if it is there. */
async function onlyDirectories(
  workTree: WorkTree,
  names: readonly ByteName[],
): Promise<ByteName[]> {
  workTree.refresh();
  return names.filter(
    (name) => !workTree.outside(name) || workTree.directoryMode(name) !== undefined,
  );
}

interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** Root works for whoever owns the member's directory. */
async function ownerOf(directory: string): Promise<Owner | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const { uid, gid } = await stat(directory);
  return uid === 0 ? undefined : { uid, gid };
}

/** Gives what git made in the git directory as root to the owner, who could not go on working there. */
async function giveToOwner(directory: string, repository: Repository): Promise<void> {
  const owner = await ownerOf(directory);
  if (owner === undefined) return;
  for (const root of new Set([repository.gitDirectory, repository.commonDirectory])) {
    await chown(root, owner.uid, owner.gid);
    for (const name of await readdir(root, { recursive: true })) {
      const file = path.join(root, name);
      const found = await lstat(file).catch(() => undefined);
      if (found?.uid === 0 && !found.isSymbolicLink()) await chown(file, owner.uid, owner.gid);
    }
  }
}
