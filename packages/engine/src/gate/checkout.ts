// The code that is there: each member's HEAD, and how a commit that something else names is related to it.
import type { EngineContext } from '../context.ts';
import type { MemberHistory } from '../federation/index.ts';

export interface Member {
  readonly path: string;
  /** null: no commit yet. */
  readonly head: string | null;
  readonly history: MemberHistory;
}

export interface Checkout {
  readonly members: readonly Member[];
  /** Paths of members whose repository is not there. */
  readonly missing: readonly string[];
}

export async function readCheckout(engine: EngineContext, signal: AbortSignal): Promise<Checkout> {
  const paths = engine.config.members.map((member) => member.path);
  const found = await Promise.all(
    paths.map(async (path): Promise<Member | undefined> => {
      const history = await engine.openHistory(path, signal);
      return history === undefined ? undefined : { path, history, head: await history.head() };
    }),
  );
  return {
    members: found.filter((member) => member !== undefined),
    missing: paths.filter((_, at) => found[at] === undefined),
  };
}

/**
 * Where HEAD is, seen from `commit`. 'same': the same files, whatever they are called; 'unknown': this repository does not
 * have the commit.
 */
export type Relation = 'same' | 'ahead' | 'behind' | 'diverged' | 'unknown';

export async function relate({ head, history }: Member, commit: string | null): Promise<Relation> {
  if (commit === head) return 'same';
  if (commit === null) return 'ahead';
  if (head === null) return (await history.hasCommit(commit)) ? 'diverged' : 'unknown';
  if (await history.isAncestor(commit, head)) return 'ahead';
  const [then, now] = await Promise.all([history.treeOf(commit), history.treeOf(head)]);
  if (then === undefined) return 'unknown';
  if (then === now) return 'same';
  return (await history.isAncestor(head, commit)) ? 'behind' : 'diverged';
}

export function short(commit: string | null): string {
  return commit === null ? 'no commit' : commit.slice(0, 12);
}
