// HEAD, refs and the stash's log, read as they are. refs/stillpoint/ is ours: it is neither captured nor ever removed.
import { type ByteName, nameOfBytes } from '../file-tree/index.ts';
import type { Repository } from './repository.ts';

export interface Ref {
  readonly name: ByteName;
  readonly id: string;
  /** The ref that it stands for, e.g. of refs/remotes/origin/HEAD. */
  readonly symbolic?: ByteName;
}

export interface Head {
  /** null: detached. */
  readonly ref: ByteName | null;
  /** null: no commit yet. */
  readonly commit: string | null;
}

export const ownRefs = 'refs/stillpoint/';

export async function listRefs(
  repository: Repository,
  signal: AbortSignal,
  prefix = 'refs/',
): Promise<Ref[]> {
  const format = '%(objectname)%00%(refname)%00%(symref)';
  const output = await repository.git.output(['for-each-ref', `--format=${format}`, prefix], {
    signal,
  });
  const refs: Ref[] = [];
  for (const line of output.toString('latin1').split('\n')) {
    const [id, name, symbolic] = line.split('\0');
    if (id === undefined || name === undefined) continue;
    if (prefix === 'refs/' && name.startsWith(ownRefs)) continue;
    const ref = { id, name: name as ByteName };
    refs.push(symbolic ? { ...ref, symbolic: symbolic as ByteName } : ref);
  }
  return refs;
}

export function parseHead(content: Buffer, refs: readonly Ref[]): Head {
  const text = nameOfBytes(content).trimEnd();
  if (!text.startsWith('ref:')) return { ref: null, commit: text };
  const ref = text.slice(4).trim() as ByteName;
  return { ref, commit: refs.find(({ name }) => name === ref)?.id ?? null };
}

/** The commits of the stash, oldest first: the last one is stash@{0}. */
export function stashEntries(log: Buffer | null): string[] {
  if (log === null) return [];
  return log
    .toString('latin1')
    .split('\n')
    .map((line) => /^[0-9a-f]{40,64} ([0-9a-f]{40,64}) /.exec(line)?.[1])
    .filter((id) => id !== undefined);
}
