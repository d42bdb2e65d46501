// Turns a mark into a record, after the thaw: what the mark took into memory goes to the sink, a last pack holds what was
// committed or staged since the warm-up, and everything long becomes a stream.
import type { Captured, MemberState, ObjectSink, StreamRef } from '../sources/contract.ts';
import { blobId } from './content.ts';
import { digestOf } from '@stillpoint/core';
import { isDependencyLock, type Held } from './held-content.ts';
import { captureLargeFiles } from './large-files.ts';
import type { Moment } from './mark.ts';
import type { MemberContext } from './member.ts';
import { type ByteName, bytesOfName, encodeName, showName } from '../file-tree/index.ts';
import { indexOnlyIds, storePack } from './objects.ts';
import { formatListing, type GitRecord, type ListedEntry } from './record.ts';
import { parseHead, type Head, type Ref } from './refs.ts';
import type { StateFile } from './state-files.ts';
import { keptSettings, parseSettings, remotesOf } from './settings.ts';
import { mentionedIds } from './state-files.ts';
import { wantedTips, type WarmUp } from './warm-up.ts';

export interface CaptureWork {
  readonly context: MemberContext;
  readonly warm: WarmUp;
  readonly moment: Moment;
  readonly sink: ObjectSink;
  readonly signal: AbortSignal;
}

export async function captureMoment(work: CaptureWork): Promise<Captured> {
  const { context, warm, moment, sink, signal } = work;
  const { repository } = warm;
  const head = parseHead(moment.head, moment.refs);
  const { packs, tips } = await packRest(work, head);
  const { entries, bytesTotal } = await storeFiles(work);
  const settings = await parseSettings(repository.git, moment.config);
  const record: GitRecord = {
    version: 1,
    format: repository.format,
    head: { ref: head.ref === null ? null : encodeName(head.ref), commit: head.commit },
    refs: await sink.writeBytes(formatRefs(moment.refs)),
    tips: await sink.writeBytes(
      Buffer.from(
        [...tips]
          .toSorted()
          .map((id) => `${id}\n`)
          .join(''),
      ),
    ),
    packs,
    deadBytes: warm.deadBytes,
    stashLog: await storeOptional(sink, moment.stashLog),
    index: await storeOptional(sink, moment.indexBytes),
    sharedIndexes: await storeAll(sink, moment.sharedIndexes),
    state: await storeAll(sink, moment.state),
    info: {
      own: await storeAll(sink, moment.info.own),
      shared: await storeAll(sink, moment.info.shared),
    },
    shallow: await storeOptional(sink, moment.shallow),
    settings: keptSettings(settings).map(([key, value]) => [key, value]),
    worktreeSettings:
      moment.worktreeConfig === null
        ? null
        : keptSettings(await parseSettings(repository.git, moment.worktreeConfig)).map(
            ([key, value]) => [key, value],
          ),
    submodules: [...moment.index.gitlinks].map(([name, commit]) => ({
      path: encodeName(name),
      commit,
    })),
    lfs: await captureLargeFiles(repository, sink, warm.before, signal),
    listing: await sink.writeBytes(formatListing(entries)),
    include: [...context.include],
    considered: [...context.considered.listings],
    outside: context.own.map(encodeName),
  };
  const packedBytes = packs.reduce((sum, { bytes }) => sum + bytes, 0);
  return {
    record: JSON.parse(JSON.stringify(record)),
    strategy: 'git',
    bytesTotal: bytesTotal + packedBytes,
    member: await describeMember(work, head, settings),
  };
}

async function packRest(
  work: CaptureWork,
  head: Head,
): Promise<{ packs: StreamRef[]; tips: Set<string> }> {
  const { warm, moment, sink, signal } = work;
  const { repository } = warm;
  const { tips } = await wantedTips(repository, moment.refs, {
    head: moment.head,
    stashLog: moment.stashLog,
    mentioned: mentionedIds(moment.state),
    signal,
  });
  for (const id of await indexOnlyIds(repository, moment.indexFile, head.commit, signal))
    tips.add(id);
  const packs = [...warm.packs];
  const pack = await storePack({
    repository,
    tips,
    covered: warm.tips,
    head: warm.head,
    sink,
    signal,
  });
  if (pack !== undefined) packs.push(pack);
  return { packs, tips };
}

async function storeFiles(
  work: CaptureWork,
): Promise<{ entries: ListedEntry[]; bytesTotal: number }> {
  const { warm, moment } = work;
  const packed = warm.index.blobs.union(moment.index.blobs);
  const entries: ListedEntry[] = [];
  let bytesTotal = 0;
  for (const [path, mode] of moment.directories) entries.push({ type: 'directory', path, mode });
  for (const [path, held] of moment.held) {
    if (held.kind === 'link') {
      entries.push({ type: 'link', path, target: held.target });
      continue;
    }
    const content = await warm.content.store(held, packed);
    const sizeBytes = held.bytes?.byteLength ?? held.stat.sizeBytes;
    const entry = { type: 'file', path, mode: held.stat.mode, sizeBytes, id: held.id } as const;
    entries.push(content === undefined ? entry : { ...entry, content });
    if (content !== undefined) bytesTotal += sizeBytes;
  }
  return { entries, bytesTotal };
}

function formatRefs(refs: readonly Ref[]): Buffer {
  const lines = refs.map(({ id, name, symbolic }) => [id, name, symbolic ?? []].flat().join('\0'));
  return Buffer.from(lines.map((line) => `${line}\n`).join(''), 'latin1');
}

export function parseRefs(content: Uint8Array): Ref[] {
  const lines = Buffer.from(content).toString('latin1').split('\n').filter(Boolean);
  return lines.map((line) => {
    const [id = '', name = '', symbolic] = line.split('\0');
    const ref = { id, name: name as ByteName };
    return symbolic === undefined ? ref : { ...ref, symbolic: symbolic as ByteName };
  });
}

async function storeOptional(sink: ObjectSink, content: Buffer | null): Promise<StreamRef | null> {
  return content === null ? null : await sink.writeBytes(content);
}

async function storeAll(sink: ObjectSink, files: readonly StateFile[]) {
  const stored = [];
  for (const { path, mode, content } of files) {
    stored.push({ path, mode, content: await sink.writeBytes(content) });
  }
  return stored;
}

async function describeMember(
  work: CaptureWork,
  head: Head,
  settings: Parameters<typeof remotesOf>[0],
): Promise<MemberState> {
  const { context, moment } = work;
  const branch =
    head.ref === null ? null : showName(head.ref.replace(/^refs\/heads\//, '') as ByteName);
  const dependencyLocks = [...moment.held]
    .filter(([name, held]) => held.kind === 'file' && isDependencyLock(name))
    .map(([name, held]) => ({ path: showName(name), digest: digestOfHeld(held) }))
    .toSorted((a, b) => (a.path < b.path ? -1 : 1));
  return {
    path: context.member,
    commit: head.commit,
    branch,
    dirty: await isDirty(work, head),
    remotes: remotesOf(settings),
    dependencyLocks,
  };
}

function digestOfHeld(held: Held): string {
  if (held.kind !== 'file') return '';
  return held.bytes === undefined ? (held.digest ?? '') : digestOf(held.bytes);
}

/** As `git status` would say it, but for files behind a filter program: those count as changed when they were touched. */
async function isDirty(work: CaptureWork, head: Head): Promise<boolean> {
  const { warm, moment, signal } = work;
  if (moment.index.unmerged || moment.state.some(({ path }) => path === 'MERGE_HEAD')) return true;
  if (moment.others.names.some((name) => !warm.workTree.outside(name))) return true;
  if (head.commit === null) return moment.index.names.size > 0;
  const staged = await warm.repository.git.attempt(
    ['diff-index', '--cached', '--quiet', head.commit],
    { signal, environment: { GIT_INDEX_FILE: moment.indexFile } },
  );
  if (staged.code !== 0) return true;
  return [...moment.index.names].some(([name, id]) => differs(work, name, id));
}

function differs({ warm, moment }: CaptureWork, name: ByteName, id: string): boolean {
  const now = moment.held.get(name);
  const before = warm.held.get(name);
  if (warm.workTree.outside(name)) return false;
  if (now === before && warm.index.names.get(name) === id) return warm.modified.has(name);
  if (now === undefined) return before !== undefined;
  const held =
    now.kind === 'file' ? now.id : blobId(warm.repository.format, bytesOfName(now.target));
  return held !== id;
}
