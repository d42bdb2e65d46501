// Objects of a repository as packs in the vault. Each capture adds one pack with what its tips reach and the tips of the
// capture before did not; together the packs of a record hold every object whole (packs.ts). Nothing is ever written into the
// repository.
import { failure, isFailure } from '@stillpoint/core';
import type { ObjectSink, StreamRef } from '../sources/contract.ts';
import type { Repository } from './repository.ts';

/** Full ids of those that exist; abbreviated ones are completed. */
export async function existingIds(
  repository: Repository,
  ids: Iterable<string>,
  signal?: AbortSignal,
): Promise<string[]> {
  const input = [...new Set(ids)].join('\n');
  if (input === '') return [];
  const output = await repository.git.output(['cat-file', '--batch-check=%(objectname)'], {
    input: `${input}\n`,
    ...(signal === undefined ? {} : { signal }),
  });
  return output
    .toString('latin1')
    .split('\n')
    .filter((line) => /^[0-9a-f]{40,64}$/.test(line));
}

/** Objects that the index names and the commit does not: staged content, and trees that git keeps in mind with the index. */
export async function indexOnlyIds(
  repository: Repository,
  indexFile: string,
  commit: string | null,
  signal: AbortSignal,
): Promise<string[]> {
  const args = [
    'rev-list',
    '--objects',
    '--no-object-names',
    '--indexed-objects',
    '--single-worktree',
    '--stdin',
  ];
  const output = await damaged(repository, () =>
    repository.git.output(args, {
      input: commit === null ? '' : `^${commit}^{tree}\n`,
      environment: { GIT_INDEX_FILE: indexFile },
      signal,
    }),
  );
  return output.toString('latin1').split('\n').filter(Boolean);
}

export interface Beyond {
  readonly repository: Repository;
  readonly tips: Iterable<string>;
  /** What these reach is left out. All must exist in the repository. */
  readonly covered: Iterable<string>;
  /** HEAD's commit, if there is one: where it is covered, what an index names is left out by its tree. */
  readonly head: string | null;
  readonly signal: AbortSignal;
}

/**
 * Words for `--stdin` that mean what the tips reach and `covered` does not; undefined when there is no tip beyond. A commit hides its
 * history, but not its files from a tree that only an index names: HEAD's tree does, and the two have most in common.
 */
function wordsBeyond({ tips, covered, head }: Beyond): string | undefined {
  const hidden = new Set(covered);
  const wanted = [...new Set(tips)].filter((id) => !hidden.has(id));
  if (wanted.length === 0) return undefined;
  const tree = head !== null && hidden.has(head) ? [`${head}^{tree}`] : [];
  const words = [...wanted, ...[...hidden, ...tree].map((word) => `^${word}`)];
  return words.map((word) => `${word}\n`).join('');
}

/** Rough bytes, compressed, of what the tips reach and `covered` does not. */
export async function sizeBeyond(beyond: Beyond): Promise<number> {
  const { repository, signal } = beyond;
  const input = wordsBeyond(beyond);
  if (input === undefined) return 0;
  const args = ['rev-list', '--objects', '--no-object-names', '--stdin'];
  return await damaged(repository, async () => {
    const ids = await repository.git.output(args, { input, signal });
    if (ids.length === 0) return 0;
    const sizes = await repository.git.output(['cat-file', '--batch-check=%(objectsize:disk)'], {
      input: ids,
      signal,
    });
    // What cannot be looked at is named and not measured.
    const bytes = sizes.toString('latin1').split('\n').map(Number).filter(Number.isFinite);
    return bytes.reduce((sum, one) => sum + one, 0);
  });
}

/** Stores what the tips reach and `covered` does not; undefined when that is nothing. */
export function storePack(
  options: Beyond & { readonly sink: ObjectSink },
): Promise<StreamRef | undefined> {
  return packStream(options, (pack) => options.sink.writeStream(pack));
}

/** Hands what the tips reach and `covered` does not to `take`, as a pack; undefined when that is nothing. */
export async function packStream<T>(
  beyond: Beyond,
  take: (pack: AsyncIterable<Buffer>) => Promise<T>,
): Promise<T | undefined> {
  const { repository, signal } = beyond;
  const input = wordsBeyond(beyond);
  if (input === undefined) return undefined;
  const args = ['pack-objects', '--revs', '--stdout', '--delta-base-offset', '-q'];
  return await damaged(repository, async () => {
    const pack = repository.git.stream(args, { input, signal });
    const first = await readHeader(pack);
    if (first.readUInt32BE(8) === 0) {
      for await (const _ of pack); // its end tells whether git was content
      return undefined;
    }
    return await take(startingWith(first, pack));
  });
}

async function readHeader(pack: AsyncGenerator<Buffer>): Promise<Buffer> {
  let first = Buffer.alloc(0);
  while (first.length < 12) {
    const { value, done } = await pack.next();
    if (done === true) return Buffer.alloc(12);
    first = Buffer.concat([first, value]);
  }
  return first;
}

async function* startingWith(first: Buffer, rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield first;
  yield* rest;
}

/** Git failing at reading its own objects means that some are missing or broken. */
async function damaged<T>(repository: Repository, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (!isFailure(error, 'GIT_FAILED')) throw error;
    const what = String(error.data['words'] ?? error.message);
    throw failure('MEMBER_DAMAGED', { member: repository.workTree, what }, error);
  }
}
