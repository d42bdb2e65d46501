// Puts a prepared state in the place of the live one. Nothing is undone here and nothing is asked of a vault: every step
// looks at what is there and does the rest, so after dying anywhere the same call finishes the work. What is to be removed is
// decided once, by the first attempt, because later the ignore rules are no longer those of before.
// Order: objects, files, refs, HEAD, operations in progress, index. Until the index is put back nothing claims to be done.
import { chown, lstat, mkdir, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { failure, isFailure, writeFileAtomic } from '@stillpoint/core';
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
import { applyTree } from './apply-tree.ts';
import { syncFileSystem } from './durable.ts';
import { listIncluded, listIndex, listOthers } from './listing.ts';
import type { MemberContext } from './member.ts';
import { decodeName, encodeName, type ByteName, type EncodedName } from './names.ts';
import { openObjectReader } from './object-reader.ts';
import { readOptional } from './optional-file.ts';
import { parseListing } from './record.ts';
import { exists, openRepository, type Repository } from './repository.ts';
import { openStaged, type GitPlacement, type StagedState } from './staged.ts';
import { createWorkTree, type WorkTree } from './work-tree.ts';

const never = new AbortController().signal;

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
  const plan = await planOnce(context, staged);
  step('repository');
  await createRepository(context, staged);
  const repository = await openRepository(context);
  await refuseLocks(member, repository, plan.began);
  step('objects');
  await addObjects(context, repository, staged);
  await addLargeFiles(repository, staged);
  step('files');
  const workTree = createWorkTree(context, repository.workTree);
  await applyFiles(context, repository, workTree, staged, plan.removals, options);
  step('refs');
  await applyShallow(repository, staged);
  await applyRefs(repository, staged, options.undo);
  step('state');
  await applyState(repository, staged);
  await applySparseSettings(repository, staged);
  step('index');
  await applyIndex(repository, staged);
  step('owner');
  await giveToOwner(context.directory, repository);
  await syncFileSystem(context.directory);
  return { kept: await describeKept(repository, member, options.undo) };
}

async function applyFiles(
  context: MemberContext,
  repository: Repository,
  workTree: WorkTree,
  staged: StagedState,
  removals: readonly ByteName[],
  { progress }: SwitchContext,
): Promise<void> {
  await using objects = openObjectReader(repository.git);
  const submodules = staged.record.submodules.map(({ path }) => decodeName(path));
  await applyTree({
    member: context.member,
    workTree,
    staged,
    removals,
    objects,
    progress,
    standing: await onlyDirectories(workTree, [...submodules, ...context.members]),
    cache: await context.openCache(repository),
    owner: await ownerOf(context.directory),
  });
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

interface Plan {
  /** When the first attempt began, by the clock that stamps files. */
  readonly began: number;
  readonly removals: readonly ByteName[];
}

/**
 * What the first attempt found to remove counts for all attempts, because later ones see ignore rules and an index that are
 * neither those of before nor those of after.
 */
async function planOnce(context: MemberContext, staged: StagedState): Promise<Plan> {
  const file = path.join(staged.directory, 'removals.json');
  const before = await readOptional(file);
  const names = before === null ? [] : (JSON.parse(before.toString('utf8')) as EncodedName[]);
  const removals = new Set(names.map(decodeName));
  const known = removals.size;
  for (const name of await findRemovals(context, staged)) removals.add(name);
  if (before === null || removals.size > known) {
    await writeFileAtomic(file, JSON.stringify([...removals].map(encodeName)));
  }
  const began = path.join(staged.directory, 'began');
  if (!(await exists(began))) await writeFileAtomic(began, '');
  return { removals: [...removals], began: (await stat(began)).ctimeMs };
}

/**
 * What is there now and not in the target: tracked files, untracked ones that are not ignored, ignored ones that the configuration
 * names now and named then, and what a restore from this state may have written.
 */
async function findRemovals(context: MemberContext, staged: StagedState): Promise<ByteName[]> {
  const { record } = staged;
  const found = new Set<ByteName>();
  for (const ref of record.considered) {
    const text = (await staged.read(ref)).toString('utf8');
    for (const entry of parseListing(context.member, text))
      if (entry.type !== 'directory') found.add(entry.path);
  }
  if (await exists(path.join(context.directory, '.git'))) {
    const repository = await openRepository(context);
    const include = context.include.filter((pattern) => record.include.includes(pattern));
    const lists = { repository, include: [], signal: never };
    const [index, others, included] = await Promise.all([
      listIndex(lists),
      listOthers(lists),
      listIncluded({ ...lists, include }),
    ]);
    for (const name of [...index.names.keys(), ...others.names, ...included]) found.add(name);
  }
  const kept = new Set(
    staged.listing.filter(({ type }) => type !== 'directory').map(({ path }) => path),
  );
  const workTree = createWorkTree(context, context.directory);
  return [...found].filter(
    (name) => !kept.has(name) && !workTree.outside(name) && !name.endsWith('/'),
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
