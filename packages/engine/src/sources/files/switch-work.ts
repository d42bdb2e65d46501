// What the steps of one switch share: what is wanted, what is there, and how a step on one name is taken.
import { chmodSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { failure, isFailure } from '@stillpoint/core';
import {
  createBreather,
  parentOf,
  pathsBelow,
  showName,
  type ByteName,
  type FsPath,
} from '../../file-tree/index.ts';
import type { SwitchContext } from '../contract.ts';
import type { FilesContext } from './context.ts';
import { createLateWrites, type LateWrites } from './late-writes.ts';
import { createLikeness } from './likeness.ts';
import type { ListedEntry } from './record.ts';
import { openStaged, type FilesPlacement, type StagedState } from './staged.ts';
import { entryStat, type LiveTree } from './walk.ts';

export interface Work {
  readonly source: string;
  readonly directory: string;
  readonly at: (name: ByteName) => FsPath;
  readonly staged: StagedState;
  /** Without what is excluded now or was then. */
  readonly wanted: ReadonlyMap<ByteName, ListedEntry>;
  readonly live: LiveTree;
  readonly isRight: (entry: ListedEntry) => Promise<boolean>;
  readonly late: LateWrites;
  /** Modes of directories that had to be opened for writing. */
  readonly opened: Map<ByteName | undefined, number>;
  /** Before each change. */
  readonly step: (name: ByteName) => Promise<void>;
}

export async function beginWork(
  context: FilesContext,
  placement: FilesPlacement,
  { progress, undo }: SwitchContext,
): Promise<Work> {
  const { source, directory } = context;
  const staged = await openStaged(source, placement);
  await context.refuseWay();
  await mkdir(directory, { recursive: true });
  await mkdir(staged.temporaryDirectory, { recursive: true, mode: 0o700 });
  const exclusions = context.exclusions(staged.record.exclude);
  const listing = staged.listing.filter(({ path: name }) => !exclusions.excludes(name));
  const live = await context.walk(exclusions);
  const cache = await context.openCache();
  const breathe = createBreather();
  let steps = 0;
  return {
    source,
    directory,
    at: pathsBelow(directory),
    staged,
    wanted: new Map(listing.map((entry) => [entry.path, entry])),
    live,
    isRight: createLikeness({ directory, cache, live, listing }),
    late: createLateWrites({ source, staged, undo, at: pathsBelow(directory) }),
    opened: new Map(),
    async step() {
      steps += 1;
      progress({ type: 'bytes:advanced', phase: 'switch', doneBytes: steps });
      await breathe();
    },
  };
}

/** Runs a step on one name; what the system refuses becomes an error that names it. */
export async function guard(work: Work, name: ByteName, step: () => Promise<void>): Promise<void> {
  try {
    await step();
  } catch (error) {
    if (isFailure(error)) throw error;
    const what = error instanceof Error ? error.message : String(error);
    throw failure('FILES_NOT_SWITCHED', { source: work.source, what, file: showName(name) }, error);
  }
}

/** Some directories do not let their owner write. */
export function withAccess(work: Work, name: ByteName, action: () => void): void {
  try {
    action();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EACCES' && code !== 'EPERM') throw error;
    const above = parentOf(name);
    const at = above === undefined ? work.directory : work.at(above);
    const mode = entryStat(at)?.mode ?? 0o700;
    if ((mode & 0o700) === 0o700) throw error;
    work.opened.set(above, mode);
    chmodSync(at, mode | 0o700);
    action();
  }
}
