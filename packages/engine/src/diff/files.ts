// Which files differ between two states of a directory. Content is asked for only where everything else is equal.
import type { TreeEntry, TreeView } from '../sources/contract.ts';
import type { FileChange, FilesDiff } from './contract.ts';

export interface FilesOptions {
  /** How many changes are listed; all are counted. */
  readonly shown: number;
  readonly signal: AbortSignal;
}

export interface FilesResult extends FilesDiff {
  /** Of dependency lockfiles, however many are listed. */
  readonly dependencyLocks: readonly FileChange[];
}

const nothing: TreeView['entries'] = new Map();

export async function compareFiles(
  from: TreeView | undefined,
  to: TreeView | undefined,
  { shown, signal }: FilesOptions,
): Promise<FilesResult> {
  const before = from?.entries ?? nothing;
  const after = to?.entries ?? nothing;
  const changes: FileChange[] = [];
  const dependencyLocks: FileChange[] = [];
  const counts = { added: 0, removed: 0, changed: 0 };
  for (const id of [...new Set([...before.keys(), ...after.keys()])].toSorted()) {
    signal.throwIfAborted();
    const change = await compareEntry(before.get(id), after.get(id));
    if (change === undefined) continue;
    counts[change.state]++;
    if (changes.length < shown) changes.push(change);
    if ((before.get(id) ?? after.get(id))!.dependencyLock) dependencyLocks.push(change);
  }
  return {
    count: { from: before.size, to: after.size },
    bytes: { from: sumBytes(before), to: sumBytes(after) },
    ...counts,
    changes,
    dependencyLocks,
  };
}

async function compareEntry(
  from: TreeEntry | undefined,
  to: TreeEntry | undefined,
): Promise<FileChange | undefined> {
  if (from === undefined || to === undefined) {
    const state = from === undefined ? 'added' : 'removed';
    return describe(state, from, to);
  }
  const alike = from.kind === to.kind && from.mode === to.mode && from.sizeBytes === to.sizeBytes;
  if (!alike) return describe('changed', from, to);
  const [before, after] = await Promise.all([from.digest(), to.digest()]);
  if (before === undefined || after === undefined) {
    // Gone since it was listed.
    if (before === after) return undefined;
    return before === undefined
      ? describe('added', undefined, to)
      : describe('removed', from, undefined);
  }
  return before === after ? undefined : describe('changed', from, to);
}

function describe(
  state: FileChange['state'],
  from: TreeEntry | undefined,
  to: TreeEntry | undefined,
): FileChange {
  return {
    state,
    path: (to ?? from)!.path,
    bytes: { from: from?.sizeBytes ?? null, to: to?.sizeBytes ?? null },
    mode: { from: from?.mode ?? null, to: to?.mode ?? null },
  };
}

function sumBytes(entries: TreeView['entries']): number {
  let sum = 0;
  for (const { sizeBytes } of entries.values()) sum += sizeBytes;
  return sum;
}
