// What happens before the freeze: the work tree is listed and read, what the packs will not hold goes to the sink, and so
// does a pack with every object that earlier captures did not store. What is found here is only a head start: the mark looks
// at everything again and takes over what is provably unchanged.
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { failure } from '@stillpoint/core';
import type { BeginOptions, ObjectSink, ObjectSource, StreamRef } from '../sources/contract.ts';
import {
  type ByteName,
  createBreather,
  type FileStat,
  isRacy,
  sameStat,
  showName,
  type StatCache,
} from '../file-tree/index.ts';
import { createHeldContent, type Held, type HeldContent } from './held-content.ts';
import { listIndex, listOthers, type IndexView, type Others } from './listing.ts';
import type { MemberContext } from './member.ts';
import { splitNames } from './names.ts';
import { existingIds, indexOnlyIds } from './objects.ts';
import { readOptional } from './optional-file.ts';
import { packAll, type Packed } from './packs.ts';
import { readListing, tryRecord, type GitRecord, streamsOf } from './record.ts';
import { listRefs, parseHead, stashEntries, type Ref } from './refs.ts';
import type { Repository } from './repository.ts';
import { withoutFilters } from './settings.ts';
import { mentionedIds, readStateFiles } from './state-files.ts';
import { rehearse, type Standby } from './standby.ts';
import { createWorkTree, type WorkTree } from './work-tree.ts';

export interface WarmUp extends AsyncDisposable, Packed {
  readonly repository: Repository;
  readonly workTree: WorkTree;
  readonly content: HeldContent;
  readonly indexBytes: Buffer | null;
  /** A private copy of the index; absent when there is none. */
  readonly indexFile: string;
  readonly index: IndexView;
  readonly others: Others;
  readonly held: ReadonlyMap<ByteName, Held>;
  /** Tracked files that differ from the index, as git sees them (line ends converted, filters off). */
  readonly modified: ReadonlySet<ByteName>;
  /** What the packs hold whole. */
  readonly tips: ReadonlySet<string>;
  /** HEAD's commit then. */
  readonly head: string | null;
  readonly shallow: Buffer | null;
  /** What this capture adds to. */
  readonly before: GitRecord | undefined;
  readonly cache: StatCache;
  /** For what the mark asks git. */
  readonly standby: Standby;
  /** A private file for another copy of the index. */
  copyIndex(content: Buffer | null): Promise<string>;
}

export async function warmUp(
  context: MemberContext,
  repository: Repository,
  options: BeginOptions,
): Promise<WarmUp> {
  const { signal, sink } = options;
  const scratch = path.join(context.cacheDirectory, `scratch-${randomBytes(6).toString('hex')}`);
  await mkdir(scratch, { recursive: true, mode: 0o700 });
  const dispose = () => rm(scratch, { recursive: true, force: true });
  try {
    const copyIndex = async (content: Buffer | null): Promise<string> => {
      const file = path.join(scratch, `index-${randomBytes(4).toString('hex')}`);
      if (content !== null) await writeFile(file, content, { mode: 0o600 });
      return file;
    };
    const before = await lastRecord(options, repository);
    const indexBytes = await readOptional(repository.gitDirectory, 'index');
    const indexFile = await copyIndex(indexBytes);
    const lists = { repository, include: context.include, signal, indexFile };
    const rehearsal = rehearse(repository.git);
    const rehearsing = { ...repository, git: rehearsal.git };
    const [index, others, refs, modified] = await Promise.all([
      listIndex(lists),
      listOthers({ ...lists, repository: rehearsing }),
      listRefs(rehearsing, signal),
      listModified(repository, indexFile, signal),
    ]);
    const workTree = createWorkTree(context, repository.workTree);
    const cache = await context.openCache(repository);
    const content = createHeldContent({
      member: context.member,
      format: repository.format,
      at: workTree.at,
      cache,
      sink,
      packed: index.blobs,
      known: await knownContent(context.member, before, options.source, sink),
      now: () => context.clock.now().getTime(),
      signal,
    });
    const wanted = workTree.select([
      ...index.names.keys(),
      ...others.names,
      ...(await context.consideredNames(workTree)),
    ]);
    const held = await holdAll(context.member, workTree, content, wanted, signal);
    const shallow = await readOptional(repository.commonDirectory, 'shallow');
    const { tips, commit: head } = await allTips(repository, refs, indexFile, signal);
    const packing = { context, repository, tips, head, shallow, before, scratch, options };
    const packed = await packAll(packing);
    const standby = rehearsal.standBy();
    return {
      repository,
      workTree,
      content,
      indexBytes,
      indexFile,
      index,
      others,
      held,
      modified,
      shallow,
      before,
      cache,
      tips,
      head,
      ...packed,
      standby,
      copyIndex,
      async [Symbol.asyncDispose]() {
        await standby[Symbol.asyncDispose]();
        await dispose();
      },
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}

/** The newest record that this repository can add to. */
async function lastRecord(
  options: BeginOptions,
  repository: Repository,
): Promise<GitRecord | undefined> {
  for await (const json of options.history) {
    const record = tryRecord(json);
    if (record?.format !== repository.format) continue;
    if (await isThere(record, options.sink)) return record;
  }
  return undefined;
}

/** What is lost of it must not be named again. */
async function isThere(record: GitRecord, sink: ObjectSink): Promise<boolean> {
  for (const ref of streamsOf(record)) if ((await sink.has?.(ref)) === false) return false;
  return true;
}

async function knownContent(
  member: string,
  record: GitRecord | undefined,
  source: ObjectSource,
  sink: ObjectSink,
): Promise<Map<string, StreamRef>> {
  const known = new Map<string, StreamRef>();
  if (record === undefined) return known;
  for (const entry of await readListing(member, record, source)) {
    if (entry.type !== 'file' || entry.content === undefined) continue;
    // What was lost from the vault is read and stored anew.
    if ((await sink.has?.(entry.content)) === false) continue;
    known.set(entry.id, entry.content);
  }
  return known;
}

async function listModified(
  repository: Repository,
  indexFile: string,
  signal: AbortSignal,
): Promise<Set<ByteName>> {
  const environment = { ...(await withoutFilters(repository.git)), GIT_INDEX_FILE: indexFile };
  const args = ['diff-files', '--name-only', '--ignore-submodules=all', '-z'];
  return new Set(splitNames(await repository.git.output(args, { environment, signal })));
}

async function holdAll(
  member: string,
  workTree: WorkTree,
  content: HeldContent,
  names: readonly ByteName[],
  signal: AbortSignal,
): Promise<Map<ByteName, Held>> {
  const held = new Map<ByteName, Held>();
  const breathe = createBreather(signal);
  for (const name of names) {
    const stat = workTree.stat(name);
    if (stat === undefined) continue;
    refuseSpecial(member, name, stat);
    const found = await content.hold(name, stat);
    if (found !== undefined) held.set(name, found);
    await breathe();
  }
  return held;
}

export function refuseSpecial(member: string, name: ByteName, stat: FileStat): void {
  if (stat.kind === 'special') {
    throw failure('MEMBER_SPECIAL_FILE', { member, file: showName(name) });
  }
}

/** Within one snapshot the clock that stamps files is the one we read: its tick is 10 ms at most. */
const tickMarginMs = 100;

export function isUnchanged(held: Held, stat: FileStat): boolean {
  return sameStat(held.stat, stat) && !isRacy(held.stat, held.readAtMs, tickMarginMs);
}

/** Everything whose history a snapshot keeps, but for what only the index names. */
export async function wantedTips(
  repository: Repository,
  refs: readonly Ref[],
  more: {
    readonly head: Buffer | null;
    readonly stashLog: Buffer | null;
    readonly mentioned: readonly string[];
    readonly signal: AbortSignal;
  },
): Promise<{ tips: Set<string>; commit: string | null }> {
  const commit = more.head === null ? null : parseHead(more.head, refs).commit;
  const unsure = [...stashEntries(more.stashLog), ...more.mentioned];
  const tips = new Set(refs.map(({ id }) => id));
  if (commit !== null) tips.add(commit);
  for (const id of await existingIds(repository, unsure, more.signal)) tips.add(id);
  return { tips, commit };
}

async function allTips(
  repository: Repository,
  refs: readonly Ref[],
  indexFile: string,
  signal: AbortSignal,
): Promise<{ tips: Set<string>; commit: string | null }> {
  const { tips, commit } = await wantedTips(repository, refs, {
    head: await readFile(path.join(repository.gitDirectory, 'HEAD')),
    stashLog: await readOptional(repository.commonDirectory, 'logs', 'refs', 'stash'),
    mentioned: mentionedIds(readStateFiles(repository)),
    signal,
  });
  for (const id of await indexOnlyIds(repository, indexFile, commit, signal)) tips.add(id);
  return { tips, commit };
}
