// Which packs a record names: those of the record before and one with what is new; a few of them as one where there are many; or one
// with everything, where too much of the old ones serves nobody any more. All outside the freeze, in private directories.
// INVARIANTS: together the packs hold every object that the tips reach. Each is at least twice as large as all after it when they
// were last merged, so that what is merged again and again is small, and the number grows with the logarithm of the bytes.
import { mkdir, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { isFailure } from '@stillpoint/core';
import type { BeginOptions, StreamRef } from '../sources/contract.ts';
import type { MemberContext } from './member.ts';
import { existingIds, packStream, sizeBeyond, storePack } from './objects.ts';
import { gitOf, initRepository } from './prepare.ts';
import type { GitRecord } from './record.ts';
import type { Repository } from './repository.ts';

/** No record names more: restoring and checking read them one by one. One is left for what comes between warm-up and mark. */
export const packLimit = 8;
const packsBeforeMark = packLimit - 1;

export interface PackWork {
  readonly context: MemberContext;
  readonly repository: Repository;
  readonly tips: ReadonlySet<string>;
  /** HEAD's commit. */
  readonly head: string | null;
  readonly shallow: Buffer | null;
  readonly before: GitRecord | undefined;
  /** A private directory of this capture. */
  readonly scratch: string;
  readonly options: BeginOptions;
}

export interface Packed {
  readonly packs: readonly StreamRef[];
  readonly deadBytes: number;
}

export async function packAll(work: PackWork): Promise<Packed> {
  const { before, options } = work;
  if (before === undefined || !(await sameDepth(work, before))) return await packWhole(work);
  const { covered, deadBytes } = await readPast(work, before);
  if (options.forUndo !== true) {
    if (deadBytes * 2 > bytesOf(before.packs)) return await packWhole(work);
    if (before.packs.length >= packsBeforeMark) {
      return { packs: await mergeOrPackWhole(work, before, covered), deadBytes };
    }
  }
  const { repository, tips } = work;
  const { sink, signal } = options;
  const head = before.head.commit;
  const pack = await storePack({ repository, tips, covered, head, sink, signal });
  return { packs: pack === undefined ? before.packs : [...before.packs, pack], deadBytes };
}

async function packWhole({ repository, tips, options }: PackWork): Promise<Packed> {
  const { sink, signal } = options;
  const pack = await storePack({ repository, tips, covered: [], head: null, sink, signal });
  return { packs: pack === undefined ? [] : [pack], deadBytes: 0 };
}

/** A clone that was deepened since has more behind the same tips. */
async function sameDepth({ shallow, options }: PackWork, before: GitRecord): Promise<boolean> {
  if (shallow === null || before.shallow === null) return shallow === before.shallow;
  return shallow.equals(await options.source.readBytes(before.shallow));
}

interface Past {
  /** Tips of the record before that are still in the repository. */
  readonly covered: readonly string[];
  /** Of its packs. All of them, where a tip of its history is gone: nobody can say how much went with it. */
  readonly deadBytes: number;
}

async function readPast(
  { repository, tips, head, options }: PackWork,
  before: GitRecord,
): Promise<Past> {
  const { source, signal } = options;
  const read = async (ref: StreamRef): Promise<string[]> =>
    Buffer.from(await source.readBytes(ref))
      .toString('latin1')
      .split('\n')
      .filter(Boolean);
  const covered = await existingIds(repository, await read(before.tips), signal);
  // Not what only an index named: that goes every day, and is little.
  const history = (await read(before.refs)).map((line) => line.split('\0', 1)[0]!);
  if (before.head.commit !== null) history.push(before.head.commit);
  const there = new Set(covered);
  if (history.some((id) => !there.has(id))) return { covered, deadBytes: bytesOf(before.packs) };
  const leftBytes = await sizeBeyond({ repository, tips: covered, covered: tips, head, signal });
  return { covered, deadBytes: before.deadBytes + leftBytes };
}

/** What earlier captures stored may be damaged or gone; the repository itself has all that is needed. */
async function mergeOrPackWhole(
  work: PackWork,
  before: GitRecord,
  covered: readonly string[],
): Promise<readonly StreamRef[]> {
  const { signal, progress } = work.options;
  try {
    return await mergePacks(work, before, covered);
  } catch (error) {
    signal.throwIfAborted();
    if (!isFailure(error)) throw error;
    const text = `${work.context.member}: its history is stored whole again, for what was stored of it cannot be read (${error.message}).`;
    progress({ type: 'note:said', level: 'warn', text });
    return (await packWhole(work)).packs;
  }
}

async function mergePacks(
  { context, repository, tips, scratch, options }: PackWork,
  before: GitRecord,
  covered: readonly string[],
): Promise<readonly StreamRef[]> {
  const { source, sink, signal } = options;
  const head = before.head.commit;
  const directory = path.join(scratch, 'merge');
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const git = gitOf(context, directory);
  await initRepository(git, directory, repository.format);
  const take = (pack: AsyncIterable<Uint8Array>) =>
    git.feed(['index-pack', '--stdin'], pack, { signal });
  // What is new is not stored by itself first: it would be stored twice.
  const added = await packStream({ repository, tips, covered, head, signal }, take);
  if (added === undefined) return before.packs;
  const addedBytes = await bytesOfPacks(directory);
  const first = firstToMerge([...before.packs.map(({ bytes }) => bytes), addedBytes]);
  for (const pack of before.packs.slice(first)) await take(source.readStream(pack));
  // In the order in which they lie: what lay together is read together again.
  const listing = ['cat-file', '--batch-all-objects', '--unordered'];
  const input = await git.output([...listing, '--batch-check=%(objectname)'], { signal });
  const args = ['pack-objects', '--stdout', '--delta-base-offset', '-q'];
  const merged = await sink.writeStream(git.stream(args, { input, signal }));
  return [...before.packs.slice(0, first), merged];
}

/** Where to begin so that afterwards each pack is at least twice as large as all after it together, and there are few. */
export function firstToMerge(bytes: readonly number[], most = packsBeforeMark): number {
  let first = bytes.length - 1;
  let bytesAfter = 0;
  for (const [at, own] of [...bytes.entries()].toReversed()) {
    if (own < 2 * bytesAfter) first = at;
    bytesAfter += own;
  }
  return Math.min(first, most - 1);
}

async function bytesOfPacks(directory: string): Promise<number> {
  const packs = path.join(directory, 'objects', 'pack');
  let bytes = 0;
  for (const name of await readdir(packs)) {
    if (name.endsWith('.pack')) bytes += (await stat(path.join(packs, name))).size;
  }
  return bytes;
}

function bytesOf(packs: readonly StreamRef[]): number {
  return packs.reduce((sum, { bytes }) => sum + bytes, 0);
}
