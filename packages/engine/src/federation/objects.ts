// Objects of a repository as packs in the vault. Each capture adds one pack with what its tips reach and the tips of the
// capture before did not; together the packs of a record hold every object whole. After many captures one pack takes
// the place of all. Nothing is ever written into the repository.
import { failure, isFailure } from '@stillpoint/core';
import type { ObjectSink, StreamRef } from '../sources/contract.ts';
import type { Repository } from './repository.ts';

/** More packs than this and the next capture makes one of them. */
export const packLimit = 20;

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

export interface PackOptions {
  readonly repository: Repository;
  readonly tips: Iterable<string>;
  /** Objects that these reach are stored already. All must exist in the repository. */
  readonly covered: Iterable<string>;
  readonly sink: ObjectSink;
  readonly signal: AbortSignal;
}

/** Stores what the tips reach and `covered` does not; undefined when that is nothing. */
export async function storePack(options: PackOptions): Promise<StreamRef | undefined> {
  const covered = new Set(options.covered);
  const tips = [...new Set(options.tips)].filter((id) => !covered.has(id));
  if (tips.length === 0) return undefined;
  const input = [...tips, ...[...covered].map((id) => `^${id}`)]
    .map((line) => `${line}\n`)
    .join('');
  const args = ['pack-objects', '--revs', '--stdout', '--delta-base-offset', '-q'];
  return await damaged(options.repository, async () => {
    const pack = options.repository.git.stream(args, { input, signal: options.signal });
    const first = await readHeader(pack);
    if (first.readUInt32BE(8) === 0) {
      for await (const _ of pack); // its end tells whether git was content
      return undefined;
    }
    return await options.sink.writeStream(startingWith(first, pack));
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
