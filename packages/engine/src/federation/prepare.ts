// Builds a state beside the live one and proves that it is whole. Nothing of the member's directory is touched or needed.
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rename, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { countText, digestHex, digestOf, failure, isFailure, type Json } from '@stillpoint/core';
import type { ObjectSource, PrepareOptions, Proof, StreamRef } from '../sources/contract.ts';
import { createBlobHash } from './content.ts';
import { makeTreeDurable, readPieces, showName } from '../file-tree/index.ts';
import { createGit, type Git } from './git.ts';
import type { MemberContext } from './member.ts';
import { existingIds } from './objects.ts';
import { parseRecord, readListing, streamsOf, type GitRecord, type ListedEntry } from './record.ts';
import { openRepository } from './repository.ts';
import {
  makeStagedDirectory,
  openStaged,
  streamFile,
  type GitPlacement,
  type StagedState,
} from './staged.ts';

export async function prepareState(
  context: MemberContext,
  json: Json,
  options: PrepareOptions,
  objects: 'staged' | 'live',
): Promise<GitPlacement> {
  const { member } = context;
  const record = parseRecord(member, json);
  const staged = stagedDirectory(context, options, objects);
  await makeStagedDirectory(staged);
  const { source, signal } = options;
  const listing = await readListing(member, record, source);
  for (const ref of stagedStreams(record, listing)) await fetchStream(staged, ref, source, signal);
  if (objects === 'staged') await fetchPacks(context, record, staged, options);
  await writeFile(path.join(staged, 'record.json'), JSON.stringify(record), { mode: 0o600 });
  await makeTreeDurable(staged);
  return { version: 1, staged, objects };
}

function stagedDirectory(
  { member }: MemberContext,
  { workDirectory, snapshot }: PrepareOptions,
  objects: string,
): string {
  const name = digestHex(digestOf(Buffer.from(`${member} ${snapshot} ${objects}`))).slice(0, 16);
  return path.join(workDirectory, `git-${name}`);
}

function stagedStreams(record: GitRecord, listing: readonly ListedEntry[]): StreamRef[] {
  const packs = new Set<StreamRef>(record.packs);
  const contents = listing.flatMap((entry) => (entry.type === 'file' ? (entry.content ?? []) : []));
  return [...streamsOf(record).filter((ref) => !packs.has(ref)), ...contents];
}

async function fetchStream(
  staged: string,
  ref: StreamRef,
  source: ObjectSource,
  signal: AbortSignal,
): Promise<void> {
  const file = streamFile(staged, ref);
  if ((await stat(file).catch(() => undefined)) !== undefined) return;
  const partial = `${file}.partial`;
  await pipeline(source.readStream(ref), createWriteStream(partial, { mode: 0o600 }), { signal });
  await rename(partial, file);
}

async function fetchPacks(
  context: MemberContext,
  record: GitRecord,
  staged: string,
  { source, signal, progress }: PrepareOptions,
): Promise<void> {
  const repository = path.join(staged, 'repository');
  await mkdir(repository, { recursive: true, mode: 0o700 });
  const git = gitOf(context, repository);
  await initRepository(git, repository, record.format);
  if (record.shallow !== null) {
    await writeFile(path.join(repository, 'shallow'), await source.readBytes(record.shallow));
  }
  for (const pack of record.packs) {
    progress({ type: 'phase:started', phase: 'prepare', detail: `${context.member}: history` });
    await git.feed(['index-pack', '--stdin'], source.readStream(pack), { signal });
  }
}

export function gitOf(context: MemberContext, gitDirectory: string): Git {
  const { environment } = context;
  return createGit(environment === undefined ? { gitDirectory } : { gitDirectory, environment });
}

/** A bare repository with nothing of the machine's templates in it. */
export async function initRepository(git: Git, directory: string, format: string): Promise<void> {
  await git.output([
    'init',
    '--quiet',
    '--bare',
    '--template=',
    `--object-format=${format}`,
    directory,
  ]);
}

export async function proveState(
  context: MemberContext,
  placement: GitPlacement,
  signal: AbortSignal,
): Promise<Proof> {
  const staged = await openStaged(context.member, placement);
  const git =
    placement.objects === 'staged'
      ? gitOf(context, staged.repositoryDirectory)
      : (await openRepository(context)).git;
  const commits = await proveHistory(context, staged, git, signal);
  const files = await proveFiles(context, staged, git, signal);
  const tips = countText(commits, 'tip with its', 'tips with their');
  return { checks: [`${tips} whole history`, `${countText(files, 'file')} byte for byte`] };
}

/** Every object that any tip reaches is there. */
async function proveHistory(
  { member }: MemberContext,
  staged: StagedState,
  git: Git,
  signal: AbortSignal,
): Promise<number> {
  const tips = (await staged.read(staged.record.tips)).toString('latin1');
  const count = tips.split('\n').length - 1;
  if (count === 0) return 0;
  try {
    await git.output(['rev-list', '--objects', '--quiet', '--stdin'], { input: tips, signal });
  } catch (error) {
    if (!isFailure(error, 'GIT_FAILED')) throw error;
    throw failure('MEMBER_NOT_PROVED', { member, what: String(error.data['words']) }, error);
  }
  return count;
}

async function proveFiles(
  { member }: MemberContext,
  staged: StagedState,
  git: Git,
  signal: AbortSignal,
): Promise<number> {
  const files = staged.listing.filter((entry) => entry.type === 'file');
  const inPacks = new Map<string, number>();
  for (const { id, sizeBytes, content, path } of files) {
    if (content === undefined) {
      if (sizeBytes > 0) inPacks.set(id, sizeBytes);
      continue;
    }
    const hash = createBlobHash(staged.record.format, sizeBytes);
    for await (const piece of readPieces(staged.streamFile(content), signal)) hash.update(piece);
    if (hash.digest('hex') !== id)
      throw failure('MEMBER_NOT_PROVED', { member, what: showName(path) });
  }
  await proveBlobs(member, inPacks, git, signal);
  for (const { id, content } of staged.record.lfs) {
    const hash = createHash('sha256');
    for await (const piece of readPieces(staged.streamFile(content), signal)) hash.update(piece);
    if (hash.digest('hex') !== id)
      throw failure('MEMBER_NOT_PROVED', { member, what: `git-lfs ${id}` });
  }
  return files.length;
}

async function proveBlobs(
  member: string,
  wanted: ReadonlyMap<string, number>,
  git: Git,
  signal: AbortSignal,
): Promise<void> {
  if (wanted.size === 0) return;
  const input = `${[...wanted.keys()].join('\n')}\n`;
  const output = await git.output(['cat-file', '--batch-check'], { input, signal });
  for (const line of output.toString('latin1').split('\n').filter(Boolean)) {
    const [id = '', type, size] = line.split(' ');
    if (type === 'blob' && wanted.get(id) === Number(size)) continue;
    throw failure('MEMBER_NOT_PROVED', { member, what: `the content ${id} is missing` });
  }
}

/** Whether the live repository holds every tip of the record: true right after it was captured from it. */
export async function liveHoldsAll(
  context: MemberContext,
  json: Json,
  options: PrepareOptions,
): Promise<boolean> {
  try {
    const repository = await openRepository(context);
    const record = parseRecord(context.member, json);
    const text = Buffer.from(await options.source.readBytes(record.tips)).toString('latin1');
    const tips = text.split('\n').filter(Boolean);
    return (await existingIds(repository, tips, options.signal)).length === tips.length;
  } catch (error) {
    options.signal.throwIfAborted();
    if (isFailure(error, 'MEMBER_RECORD_INVALID')) throw error;
    return false;
  }
}
