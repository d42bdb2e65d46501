// The member at the still point: HEAD, refs, index, what is in progress, and a stat of every path. Few git processes, which
// have waited since before the freeze and begin first, so that they run beside our own stat pass. If HEAD or the index
// changed meanwhile the whole is taken again.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { failure } from '@stillpoint/core';
import { type ByteName, sameStat, statOf } from '../file-tree/index.ts';
import type { Held } from './held-content.ts';
import { listIndex, listOthers, type IndexView, type Others } from './listing.ts';
import type { MemberContext } from './member.ts';
import { readOptional } from './optional-file.ts';
import { listRefs, type Ref } from './refs.ts';
import type { Repository } from './repository.ts';
import {
  readInfoFiles,
  readSharedIndexes,
  readStateFiles,
  type InfoFiles,
  type StateFile,
} from './state-files.ts';
import { isUnchanged, refuseSpecial, type WarmUp } from './warm-up.ts';
import { directoryModes } from './work-tree.ts';

export interface Moment {
  readonly head: Buffer;
  readonly refs: readonly Ref[];
  readonly stashLog: Buffer | null;
  readonly indexBytes: Buffer | null;
  readonly indexFile: string;
  readonly index: IndexView;
  readonly sharedIndexes: readonly StateFile[];
  readonly state: readonly StateFile[];
  readonly info: InfoFiles;
  readonly shallow: Buffer | null;
  readonly config: Buffer | null;
  readonly worktreeConfig: Buffer | null;
  readonly others: Others;
  readonly held: ReadonlyMap<ByteName, Held>;
  readonly directories: ReadonlyMap<ByteName, number>;
}

const attempts = 3;

export async function takeMark(
  context: MemberContext,
  warm: WarmUp,
  signal: AbortSignal,
): Promise<Moment> {
  for (let attempt = 1; ; attempt++) {
    const before = fingerprint(warm.repository);
    const moment = await takeMoment(context, warm, signal);
    if (fingerprint(warm.repository) === before) return moment;
    if (attempt === attempts) {
      throw failure('MEMBER_BUSY', {
        member: context.member,
        what: 'HEAD or the index was written again and again',
      });
    }
    warm.content.forgetBytes();
  }
}

function fingerprint({ gitDirectory, commonDirectory }: Repository): string {
  const files = [
    path.join(gitDirectory, 'HEAD'),
    path.join(gitDirectory, 'index'),
    path.join(commonDirectory, 'packed-refs'),
    path.join(commonDirectory, 'logs', 'refs', 'stash'),
  ];
  return JSON.stringify(files.map((file) => statOf(file) ?? null));
}

async function takeMoment(
  context: MemberContext,
  warm: WarmUp,
  signal: AbortSignal,
): Promise<Moment> {
  const { repository, workTree } = warm;
  const indexBytes = await readOptional(repository.gitDirectory, 'index');
  const sameIndex = equalBytes(indexBytes, warm.indexBytes);
  const indexFile = sameIndex ? warm.indexFile : await warm.copyIndex(indexBytes);
  const asking = { ...repository, git: warm.standby.git };
  const lists = { repository: asking, include: context.include, signal, indexFile };
  const asked = Promise.all([
    listRefs(asking, signal),
    listOthers(lists),
    sameIndex ? warm.index : listIndex(lists),
    readFile(path.join(repository.gitDirectory, 'HEAD')),
    readOptional(repository.commonDirectory, 'logs', 'refs', 'stash'),
    readOptional(repository.commonDirectory, 'shallow'),
    readOptional(repository.commonDirectory, 'config'),
    readOptional(repository.gitDirectory, 'config.worktree'),
  ]);
  // Seen to below; here only so that a failure of the synchronous part leaves no rejection behind.
  asked.catch(() => {});

  workTree.refresh();
  const held = new Map<ByteName, Held>();
  const look = (name: ByteName) => {
    const found = holdNow(context.member, warm, name);
    if (found !== undefined) held.set(name, found);
  };
  for (const name of warm.held.keys()) look(name);
  const own = {
    state: readStateFiles(repository),
    info: readInfoFiles(repository),
    sharedIndexes: readSharedIndexes(repository),
  };
  const [refs, others, index, head, stashLog, shallow, config, worktreeConfig] = await asked;
  const considered = await context.consideredNames(workTree);
  const wanted = workTree.select([...index.names.keys(), ...others.names, ...considered]);
  for (const name of wanted) if (!warm.held.has(name)) look(name);
  // What was there before the freeze may be neither tracked nor untracked now, but ignored.
  const kept = new Map(
    wanted.flatMap((name) => {
      const found = held.get(name);
      return found === undefined ? [] : [[name, found] as const];
    }),
  );
  return {
    head,
    refs,
    others,
    index,
    indexBytes,
    indexFile,
    stashLog,
    shallow,
    config,
    worktreeConfig,
    ...own,
    held: kept,
    directories: directoryModes(workTree, kept.keys()),
  };
}

function holdNow(member: string, warm: WarmUp, name: ByteName): Held | undefined {
  const { workTree, content } = warm;
  const before = warm.held.get(name);
  let stat = workTree.stat(name);
  for (let attempt = 1; attempt <= attempts; attempt++) {
    if (stat === undefined) return undefined;
    refuseSpecial(member, name, stat);
    if (before !== undefined && isUnchanged(before, stat)) return before;
    const found = content.holdNow(name, stat);
    const after = workTree.stat(name);
    if (found !== undefined && after !== undefined && sameStat(stat, after)) return found;
    stat = after;
  }
  throw failure('MEMBER_BUSY', { member, what: `${name} was written while it was read` });
}

function equalBytes(a: Buffer | null, b: Buffer | null): boolean {
  return a === null || b === null ? a === b : a.equals(b);
}
