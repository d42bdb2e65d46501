// Says before anything is paused what cannot be captured, by name, and how much there is.
import { lstat, readdir } from 'node:fs/promises';
import path from 'node:path';
import { failure } from '@stillpoint/core';
import type { Probe } from '../sources/contract.ts';
import { type ByteName, bytesOfName, pathsBelow, statOf } from '../file-tree/index.ts';
import { listIndex, listOthers, refuseForeignRepositories } from './listing.ts';
import type { MemberContext } from './member.ts';
import { exists, openRepository, type Repository } from './repository.ts';
import { settingOf } from './settings.ts';

export async function probeMember(context: MemberContext, signal: AbortSignal): Promise<Probe> {
  const repository = await openRepository(context);
  const { names } = await refuseWhatCannotBeCaptured(context, repository, signal);
  const at = pathsBelow(repository.workTree);
  let bytesNext = 0;
  for (const name of names) bytesNext += statOf(at(name))?.sizeBytes ?? 0;
  const bytesPacked = await countPacked(repository, signal);
  const notes: string[] = [];
  if (repository.linked) {
    notes.push(
      `${context.member} is a linked worktree: a restore in place moves its own branch and leaves the other branches of ${repository.commonDirectory} alone; elsewhere it becomes a repository of its own.`,
    );
  }
  return { strategy: 'git', bytesTotal: bytesNext + bytesPacked, bytesNext, notes };
}

/** Throws the named error of the first thing that cannot be captured; else gives the paths that will be read. */
export async function refuseWhatCannotBeCaptured(
  context: MemberContext,
  repository: Repository,
  signal: AbortSignal,
): Promise<{ names: ReadonlySet<ByteName> }> {
  const { member } = context;
  refusePartialClone(member, repository);
  await refusePromisedPacks(member, repository);
  const lists = { repository, include: context.include, signal };
  const [index, others] = await Promise.all([listIndex(lists), listOthers(lists)]);
  const root = Buffer.from(`${repository.workTree}/`);
  await refuseForeignRepositories(member, others, index, context, async (name) =>
    lstat(Buffer.concat([root, bytesOfName(name), Buffer.from('/.git')])).then(
      () => true,
      () => false,
    ),
  );
  return { names: new Set([...index.names.keys(), ...others.names]) };
}

function refusePartialClone(member: string, { settings }: Repository): void {
  const promisor = settings.find(
    ([key, value]) => /^remote\..+\.promisor$/.test(key) && value !== 'false',
  );
  const remote = promisor?.[0].slice('remote.'.length, -'.promisor'.length);
  const named = remote ?? settingOf(settings, 'extensions.partialclone');
  if (named !== undefined) throw failure('PARTIAL_CLONE', { member, remote: named });
}

async function refusePromisedPacks(member: string, repository: Repository): Promise<void> {
  const packs = path.join(repository.commonDirectory, 'objects', 'pack');
  if (!(await exists(packs))) return;
  const promised = (await readdir(packs)).some((name) => name.endsWith('.promisor'));
  if (promised) throw failure('PARTIAL_CLONE', { member, remote: 'origin' });
}

async function countPacked(repository: Repository, signal: AbortSignal): Promise<number> {
  const output = (await repository.git.output(['count-objects', '-v'], { signal })).toString(
    'latin1',
  );
  const kilobytes = [...output.matchAll(/^size(?:-pack)?: (\d+)$/gm)];
  return kilobytes.reduce((sum, match) => sum + Number(match[1]) * 1024, 0);
}
