// What a switch removes: paths that are there now and not in the target. Decided once, by the first attempt, and written down:
// later attempts see ignore rules and an index that are neither those of before nor those of after.
//   certain    tracked now, captured because the configuration names them, or brought by a restore from the target
//   untracked  untracked and not ignored now. They go only if the target's rules do not ignore them either: a snapshot does
//              not know whether an ignored file was there
// What is ignored now is in no list: it is not in the undo point, so it is never removed.
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { writeFileAtomic } from '@stillpoint/core';
import * as z from 'zod';
import { listIncluded, listIndex, listOthers } from './listing.ts';
import type { MemberContext } from './member.ts';
import { type ByteName, decodeName, encodeName } from '../file-tree/index.ts';
import { readOptional } from './optional-file.ts';
import { boundariesOfRestore, parseListing } from './record.ts';
import { exists, openRepository, type Repository } from './repository.ts';
import type { StagedState } from './staged.ts';
import { createWorkTree } from './work-tree.ts';

export interface Removals {
  readonly certain: readonly ByteName[];
  readonly untracked: readonly ByteName[];
  /** There was no repository, hence no undo point. */
  readonly fromNothing: boolean;
  /** When the first attempt began, by the clock that stamps files. */
  readonly began: number;
}

const never = new AbortController().signal;
const names = z.array(z.union([z.string(), z.strictObject({ b64: z.string() })]));
const schema = z.strictObject({ certain: names, untracked: names, fromNothing: z.boolean() });

export async function decideRemovals(
  context: MemberContext,
  staged: StagedState,
): Promise<Removals> {
  const file = path.join(staged.directory, 'removals.json');
  if ((await readOptional(file)) === null) {
    const { certain, untracked } = await findRemovals(context, staged);
    const text = {
      certain: certain.map(encodeName),
      untracked: untracked.map(encodeName),
      fromNothing: !(await exists(path.join(context.directory, '.git'))),
    };
    await writeFileAtomic(file, JSON.stringify(text));
  }
  const decided = schema.parse(JSON.parse(String(await readOptional(file))));
  return {
    certain: decided.certain.map(decodeName),
    untracked: decided.untracked.map(decodeName),
    fromNothing: decided.fromNothing,
    began: (await stat(file)).ctimeMs,
  };
}

async function findRemovals(
  context: MemberContext,
  staged: StagedState,
): Promise<{ certain: ByteName[]; untracked: ByteName[] }> {
  const { record } = staged;
  const certain = new Set<ByteName>();
  const untracked = new Set<ByteName>();
  if (!(await exists(path.join(context.directory, '.git')))) return { certain: [], untracked: [] };
  for (const ref of record.considered) {
    const text = (await staged.read(ref)).toString('utf8');
    for (const entry of parseListing(context.member, text)) {
      if (entry.type !== 'directory') certain.add(entry.path);
    }
  }
  const repository = await openRepository(context);
  const include = context.include.filter((pattern) => record.include.includes(pattern));
  const lists = { repository, include: [], signal: never };
  const [index, others, included] = await Promise.all([
    listIndex(lists),
    listOthers(lists),
    listIncluded({ ...lists, include }),
  ]);
  for (const name of [...index.names.keys(), ...included]) certain.add(name);
  for (const name of others.names) untracked.add(name);
  const kept = new Set(
    staged.listing.filter(({ type }) => type !== 'directory').map(({ path }) => path),
  );
  const workTree = createWorkTree(boundariesOfRestore(context, record), context.directory);
  const goes = (name: ByteName) =>
    !kept.has(name) && !workTree.outside(name) && !name.endsWith('/');
  return {
    certain: [...certain].filter(goes),
    untracked: [...untracked.difference(certain)].filter(goes),
  };
}

/** Of the untracked ones those that the target does not ignore. Asked when its files and its index are in place. */
export async function untrackedToRemove(
  repository: Repository,
  { untracked }: Removals,
): Promise<ByteName[]> {
  if (untracked.length === 0) return [];
  const lists = { repository, include: [], signal: never };
  const [index, others] = await Promise.all([listIndex(lists), listOthers(lists)]);
  const present = new Set(others.names);
  return untracked.filter((name) => present.has(name) || index.names.has(name));
}
