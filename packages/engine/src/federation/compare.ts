// What restoring a record would change in a member, for people. Reads only.
import { countText, type Json } from '@stillpoint/core';
import type { Change, ObjectSource } from '../sources/contract.ts';
import { blobId, hashLarge } from './content.ts';
import { parseRefs } from './capture.ts';
import { refuseWhatIsInTheWay } from './in-the-way.ts';
import { listIndex, listOthers } from './listing.ts';
import type { MemberContext } from './member.ts';
import {
  type ByteName,
  createBreather,
  decodeName,
  readTarget,
  readWhole,
  showName,
  smallFileBytes,
} from '../file-tree/index.ts';
import { existingIds } from './objects.ts';
import {
  boundariesOfRestore,
  parseRecord,
  readListing,
  type GitRecord,
  type ListedEntry,
} from './record.ts';
import { listRefs, parseHead } from './refs.ts';
import { readOptional } from './optional-file.ts';
import { openRepository, type Repository } from './repository.ts';
import { createWorkTree } from './work-tree.ts';

const shownNames = 5;

export async function compareWith(
  context: MemberContext,
  json: Json,
  source: ObjectSource,
  signal: AbortSignal,
): Promise<Change> {
  await refuseWhatIsInTheWay(context, json, source);
  const record = parseRecord(context.member, json);
  const repository = await openRepository(context);
  const details = await compareRefs(repository, record, source, signal);
  const [moved] = details;
  const files = await compareFiles(
    { ...context, ...boundariesOfRestore(context, record) },
    repository,
    await readListing(context.member, record, source),
    signal,
  );
  for (const [word, names] of Object.entries(files)) {
    if (names.length === 0) continue;
    const more = names.length > shownNames ? `, and ${names.length - shownNames} more` : '';
    details.push(`${word}: ${names.slice(0, shownNames).map(showName).join(', ')}${more}`);
  }
  const count = files.changed.length + files.added.length + files.removed.length;
  const summary =
    details.length === 0
      ? 'nothing changes'
      : `${countText(count, 'file changes', 'files change')}${moved === undefined ? '' : `; ${moved}`}`;
  return { summary, details };
}

async function compareRefs(
  repository: Repository,
  record: GitRecord,
  source: ObjectSource,
  signal: AbortSignal,
): Promise<string[]> {
  const current = await listRefs(repository, signal);
  const head = parseHead(
    (await readOptional(repository.gitDirectory, 'HEAD')) ?? Buffer.alloc(0),
    current,
  );
  const details: string[] = [];
  const targetRef = record.head.ref === null ? null : decodeName(record.head.ref);
  if (head.commit !== record.head.commit || head.ref !== targetRef) {
    const distance = await countCommits(repository, head.commit, record.head.commit, signal);
    details.push(
      `HEAD: ${describeHead(head.ref, head.commit)} → ${describeHead(targetRef, record.head.commit)}${distance}`,
    );
  }
  const target = new Map(
    parseRefs(await source.readBytes(record.refs)).map(({ name, id }) => [name, id]),
  );
  for (const { name, id } of current) {
    const wanted = target.get(name);
    if (wanted === undefined) details.push(`${showName(name)} goes (${id.slice(0, 8)})`);
    else if (wanted !== id)
      details.push(`${showName(name)}: ${id.slice(0, 8)} → ${wanted.slice(0, 8)}`);
    target.delete(name);
  }
  for (const [name, id] of target) details.push(`${showName(name)} comes back (${id.slice(0, 8)})`);
  return details;
}

function describeHead(ref: ByteName | null, commit: string | null): string {
  const at = commit === null ? 'no commit' : commit.slice(0, 8);
  return ref === null
    ? `detached at ${at}`
    : `${showName(ref.replace(/^refs\/heads\//, '') as ByteName)} at ${at}`;
}

async function countCommits(
  repository: Repository,
  from: string | null,
  to: string | null,
  signal: AbortSignal,
): Promise<string> {
  if (from === null || to === null || from === to) return '';
  if ((await existingIds(repository, [to], signal)).length === 0)
    return ', which is not in the repository any more';
  const { code, stdout } = await repository.git.attempt(
    ['rev-list', '--left-right', '--count', `${from}...${to}`],
    { signal },
  );
  if (code !== 0) return '';
  const [left = 0, right = 0] = stdout.toString('latin1').trim().split('\t').map(Number);
  const parts = [
    left === 0 ? '' : countText(left, 'commit is left', 'commits are left'),
    right === 0 ? '' : countText(right, 'commit comes back', 'commits come back'),
  ].filter((part) => part !== '');
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`;
}

async function compareFiles(
  context: MemberContext,
  repository: Repository,
  listing: readonly ListedEntry[],
  signal: AbortSignal,
): Promise<{ changed: ByteName[]; added: ByteName[]; removed: ByteName[] }> {
  const workTree = createWorkTree(context, repository.workTree);
  const cache = await context.openCache(repository);
  const lists = { repository, include: context.include, signal };
  const [index, others] = await Promise.all([listIndex(lists), listOthers(lists)]);
  const present = new Set(workTree.select([...index.names.keys(), ...others.names]));
  const result = { changed: [] as ByteName[], added: [] as ByteName[], removed: [] as ByteName[] };
  const breathe = createBreather(signal);
  for (const entry of listing) {
    await breathe();
    if (entry.type === 'directory' || workTree.outside(entry.path)) continue;
    present.delete(entry.path);
    const stat = workTree.stat(entry.path);
    if (stat === undefined) {
      result.added.push(entry.path);
      continue;
    }
    const at = workTree.at(entry.path);
    const same =
      entry.type === 'link'
        ? stat.kind === 'link' && readTarget(at) === entry.target
        : stat.kind === 'file' &&
          stat.mode === entry.mode &&
          stat.sizeBytes === entry.sizeBytes &&
          (cache.lookup(entry.path, stat)?.id ??
            (await idOf(repository, at, stat.sizeBytes, signal))) === entry.id;
    if (!same) result.changed.push(entry.path);
  }
  for (const name of present) if (workTree.stat(name) !== undefined) result.removed.push(name);
  return result;
}

async function idOf(
  { format }: Repository,
  at: Parameters<typeof readWhole>[0],
  sizeBytes: number,
  signal: AbortSignal,
): Promise<string> {
  if (sizeBytes <= smallFileBytes) return blobId(format, readWhole(at));
  return (await hashLarge(format, at, sizeBytes, signal)).id;
}
