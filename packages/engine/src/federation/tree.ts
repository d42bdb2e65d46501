// A member as `diff` sees it: the paths that a snapshot would capture now, those that one has captured, and the commits between.
// Reads only.
import type { Json } from '@stillpoint/core';
import {
  bytesOfName,
  createBreather,
  decodeName,
  readTarget,
  readWhole,
  showName,
  smallFileBytes,
  whileThere,
  type ByteName,
  type FsPath,
} from '../file-tree/index.ts';
import type {
  CommitLine,
  CommitPath,
  ObjectSource,
  TreeAccess,
  TreeEntry,
  TreeHead,
  TreeView,
} from '../sources/contract.ts';
import { blobId, hashLarge } from './content.ts';
import { isDependencyLock } from './held-content.ts';
import { listIndex, listOthers } from './listing.ts';
import type { MemberContext } from './member.ts';
import { existingIds } from './objects.ts';
import { readOptional } from './optional-file.ts';
import { parseRecord, readListing, type ListedEntry } from './record.ts';
import { listRefs, parseHead, type Head } from './refs.ts';
import { openRepository, type Repository } from './repository.ts';
import { createWorkTree } from './work-tree.ts';

/** Of each side. */
const COMMITS_TOLD = 10;

export function createTreeAccess(context: MemberContext): TreeAccess {
  return {
    live: (signal) => readLive(context, signal),
    captured: (record, source) => readCaptured(context, record, source),
    commits: (from, to, signal) => readCommits(context, from, to, signal),
  };
}

async function readLive(context: MemberContext, signal: AbortSignal): Promise<TreeView> {
  const repository = await openRepository(context);
  const workTree = createWorkTree(context, repository.workTree);
  const cache = await context.openCache(repository);
  const lists = { repository, include: context.include, signal };
  const [index, others, refs] = await Promise.all([
    listIndex(lists),
    listOthers(lists),
    listRefs(repository, signal),
  ]);
  const entries = new Map<string, TreeEntry>();
  const breathe = createBreather(signal);
  for (const name of workTree.select([...index.names.keys(), ...others.names])) {
    await breathe();
    const stat = workTree.stat(name);
    if (stat === undefined || (stat.kind !== 'file' && stat.kind !== 'link')) continue;
    const at = workTree.at(name);
    const known = stat.kind === 'file' ? cache.lookup(name, stat)?.id : undefined;
    entries.set(name, {
      ...about(name),
      kind: stat.kind,
      mode: stat.kind === 'link' ? 0 : stat.mode,
      sizeBytes: stat.sizeBytes,
      digest: async () => known ?? whileThere(() => digestAt(repository, at, { ...stat, signal })),
    });
  }
  const content = (await readOptional(repository.gitDirectory, 'HEAD')) ?? Buffer.alloc(0);
  return { entries, head: toTreeHead(parseHead(content, refs)) };
}

interface LiveFile {
  readonly kind: string;
  readonly sizeBytes: number;
  readonly signal: AbortSignal;
}

async function digestAt(
  { format }: Repository,
  at: FsPath,
  { kind, sizeBytes, signal }: LiveFile,
): Promise<string> {
  if (kind === 'link') return blobId(format, bytesOfName(readTarget(at)));
  if (sizeBytes <= smallFileBytes) return blobId(format, readWhole(at));
  return (await hashLarge(format, at, sizeBytes, signal)).id;
}

async function readCaptured(
  context: MemberContext,
  json: Json,
  source: ObjectSource,
): Promise<TreeView> {
  const record = parseRecord(context.member, json);
  const { ref, commit } = record.head;
  const entries = new Map<string, TreeEntry>();
  for (const entry of await readListing(context.member, record, source)) {
    if (entry.type === 'directory') continue;
    entries.set(entry.path, toTreeEntry(entry, record.format));
  }
  return {
    entries,
    head: toTreeHead({ ref: ref === null ? null : decodeName(ref), commit }),
  };
}

function toTreeEntry(
  entry: Exclude<ListedEntry, { type: 'directory' }>,
  format: Repository['format'],
): TreeEntry {
  if (entry.type === 'file') {
    const { mode, sizeBytes, id } = entry;
    return { ...about(entry.path), kind: 'file', mode, sizeBytes, digest: async () => id };
  }
  const target = bytesOfName(entry.target);
  return {
    ...about(entry.path),
    kind: 'link',
    mode: 0,
    sizeBytes: target.byteLength,
    digest: async () => blobId(format, target),
  };
}

function about(name: ByteName): { path: string; dependencyLock: boolean } {
  return { path: showName(name), dependencyLock: isDependencyLock(name) };
}

function toTreeHead({ ref, commit }: Head): TreeHead {
  const branch = ref === null ? null : showName(ref.replace(/^refs\/heads\//, '') as ByteName);
  return { commit, branch };
}

async function readCommits(
  context: MemberContext,
  from: string,
  to: string,
  signal: AbortSignal,
): Promise<CommitPath | undefined> {
  const repository = await openRepository(context);
  const found = await existingIds(repository, [from, to], signal);
  if (found.length < new Set([from, to]).size) return undefined;
  const args = ['rev-list', '--left-right', '--count', `${from}...${to}`];
  const counts = (await repository.git.output(args, { signal })).toString('latin1');
  const [behind = 0, ahead = 0] = counts.trim().split('\t').map(Number);
  return {
    ahead,
    behind,
    added: await subjects(repository, from, to, signal),
    removed: await subjects(repository, to, from, signal),
  };
}

async function subjects(
  { git }: Repository,
  without: string,
  tip: string,
  signal: AbortSignal,
): Promise<CommitLine[]> {
  const form = ['--encoding=UTF-8', '--format=%x00%H%x00%s'];
  const args = ['rev-list', `--max-count=${COMMITS_TOLD}`, ...form, `${without}..${tip}`];
  const output = (await git.output(args, { signal })).toString('utf8');
  // Before each line that was asked for stands one with the id alone.
  return output.split('\n').flatMap((line) => {
    const [before, id, subject] = line.split('\0');
    return before === '' && id !== undefined && subject !== undefined ? [{ id, subject }] : [];
  });
}
