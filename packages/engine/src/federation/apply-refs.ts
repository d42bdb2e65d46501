// Brings refs, the stash and HEAD to those of a record. What moves or goes keeps its tip under
// refs/stillpoint/<undo>/<ref without refs/>, written first, so that nothing is ever without a name. Of a linked worktree only
// its own branch and its own refs move: the others belong to the main repository.
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { removeFileDurable, writeFileAtomic, type SnapshotId } from '@stillpoint/core';
import { parseRefs } from './capture.ts';
import { type ByteName, decodeName, showName } from '../file-tree/index.ts';
import { existingIds } from './objects.ts';
import { readOptional } from './optional-file.ts';
import { listRefs, ownRefs, parseHead, stashEntries, type Ref } from './refs.ts';
import type { Repository } from './repository.ts';
import type { StagedState } from './staged.ts';

const identity = {
  GIT_COMMITTER_NAME: 'stillpoint',
  GIT_COMMITTER_EMAIL: 'stillpoint@localhost',
};
const never = new AbortController().signal;

export async function applyRefs(
  repository: Repository,
  staged: StagedState,
  undo: SnapshotId,
): Promise<void> {
  const { record } = staged;
  const targetHead = record.head.ref === null ? null : decodeName(record.head.ref);
  const manages = (name: ByteName) =>
    !repository.linked || name === targetHead || /^refs\/(bisect|worktree|rewritten)\//.test(name);
  const current = (await listRefs(repository, never)).filter(({ name }) => manages(name));
  const target = parseRefs(await staged.read(record.refs)).filter(({ name }) => manages(name));
  const targetLog = record.stashLog === null ? null : await staged.read(record.stashLog);
  const currentLog = await readOptional(repository.commonDirectory, 'logs', 'refs', 'stash');
  const stashMoves = !repository.linked && !sameBytes(targetLog, currentLog);

  await keepTips(repository, current, target, {
    undo,
    headCommit: record.head.commit,
    stash: stashMoves ? stashEntries(currentLog) : [],
  });
  await moveRefs(repository, current, target, undo);
  if (stashMoves) await applyStashLog(repository, targetLog);
  await applyHead(repository, targetHead, record.head.commit, undo);
}

async function keepTips(
  repository: Repository,
  current: readonly Ref[],
  target: readonly Ref[],
  more: {
    readonly undo: SnapshotId;
    readonly headCommit: string | null;
    readonly stash: readonly string[];
  },
): Promise<void> {
  const wanted = new Map(target.map(({ name, id }) => [name, id]));
  const kept = new Map<string, string>();
  for (const { name, id, symbolic } of current) {
    if (symbolic !== undefined || wanted.get(name) === id) continue;
    if (name === 'refs/stash') kept.set('stash/0', id);
    else kept.set(name.slice('refs/'.length), id);
  }
  for (const [at, id] of more.stash.toReversed().entries()) kept.set(`stash/${at}`, id);
  const head = parseHead(
    (await readOptional(repository.gitDirectory, 'HEAD')) ?? Buffer.alloc(0),
    current,
  );
  if (
    head.ref === null &&
    head.commit !== '' &&
    head.commit !== null &&
    head.commit !== more.headCommit
  ) {
    kept.set('HEAD', head.commit);
  }
  const existing = new Set(await existingIds(repository, kept.values()));
  const wantedNames = [...kept].filter(([, id]) => existing.has(id));
  const prefix = await freePrefix(repository, wantedNames, more.undo);
  const commands = wantedNames.map(([name, id]) => `update ${prefix}${name}\0${id}\0\0`);
  await updateRefs(repository, commands, more.undo);
}

/**
 * refs/stillpoint/<undo>/, or a place below it when other tips are kept there already: a switch back after a failed one keeps
 * the same names once more, and nothing that is kept is ever replaced.
 */
async function freePrefix(
  repository: Repository,
  wanted: readonly (readonly [name: string, id: string])[],
  undo: SnapshotId,
): Promise<string> {
  const taken = await listRefs(repository, never, `${ownRefs}${undo}/`);
  for (let attempt = 0; ; attempt++) {
    const prefix = attempt === 0 ? `${ownRefs}${undo}/` : `${ownRefs}${undo}/again-${attempt}/`;
    const collides = wanted.some(([name, id]) =>
      taken.some(
        (ref) =>
          (ref.name === `${prefix}${name}` && ref.id !== id) ||
          ref.name.startsWith(`${prefix}${name}/`) ||
          `${prefix}${name}`.startsWith(`${ref.name}/`),
      ),
    );
    if (!collides) return prefix;
  }
}

/** Deletions first: a branch `a` must go before `a/b` can come. */
async function moveRefs(
  repository: Repository,
  current: readonly Ref[],
  target: readonly Ref[],
  undo: SnapshotId,
): Promise<void> {
  const before = new Map(current.map((ref) => [ref.name, ref]));
  const wanted = new Map(target.map((ref) => [ref.name, ref]));
  const gone = current.filter(({ name, symbolic }) => {
    const ref = wanted.get(name);
    return ref === undefined || (ref.symbolic === undefined) !== (symbolic === undefined);
  });
  await updateRefs(
    repository,
    gone.map(({ name }) => `option no-deref\0delete ${name}\0\0`),
    undo,
  );
  const removed = new Set(gone.map(({ name }) => name));
  const moved = target.filter(
    ({ name, id, symbolic }) =>
      symbolic === undefined && (removed.has(name) || before.get(name)?.id !== id),
  );
  await updateRefs(
    repository,
    moved.map(({ name, id }) => `option no-deref\0update ${name}\0${id}\0\0`),
    undo,
  );
  for (const { name, symbolic } of target) {
    if (symbolic === undefined || (!removed.has(name) && before.get(name)?.symbolic === symbolic))
      continue;
    await repository.git.output(['symbolic-ref', text(name), text(symbolic)]);
  }
}

async function updateRefs(
  repository: Repository,
  commands: readonly string[],
  undo: SnapshotId,
): Promise<void> {
  if (commands.length === 0) return;
  await repository.git.output(['update-ref', '-m', `stillpoint: ${undo}`, '--stdin', '-z'], {
    input: Buffer.from(commands.join(''), 'latin1'),
    environment: identity,
  });
}

async function applyStashLog(repository: Repository, log: Buffer | null): Promise<void> {
  const file = path.join(repository.commonDirectory, 'logs', 'refs', 'stash');
  if (log === null) {
    await removeFileDurable(file).catch(() => {});
    return;
  }
  await mkdir(path.dirname(file), { recursive: true });
  await writeFileAtomic(file, log, { mode: 0o644 });
}

async function applyHead(
  repository: Repository,
  ref: ByteName | null,
  commit: string | null,
  undo: SnapshotId,
): Promise<void> {
  const { git, gitDirectory } = repository;
  const current = (await readOptional(gitDirectory, 'HEAD'))?.toString('latin1').trimEnd();
  const message = ['-m', `stillpoint: ${undo}`];
  if (ref !== null) {
    if (current === `ref: ${ref}`) return;
    await git.output(['symbolic-ref', ...message, 'HEAD', text(ref)], { environment: identity });
  } else if (commit !== null && current !== commit) {
    await git.output(['update-ref', '--no-deref', ...message, 'HEAD', commit], {
      environment: identity,
    });
  }
}

/** What is kept under this undo point's name, as the report says it. */
export async function describeKept(
  repository: Repository,
  member: string,
  undo: SnapshotId,
): Promise<string[]> {
  const prefix = `${ownRefs}${undo}/`;
  const refs = await listRefs(repository, never, prefix);
  return refs.map(({ name, id }) => {
    const short = showName(name.slice(prefix.length).replace(/^heads\//, '') as ByteName);
    return `${member}: ${short} was ${id.slice(0, 8)}, kept as ${showName(name)}`;
  });
}

/** Arguments of a process are text: the few refs with other bytes in their names cannot be symbolic. */
function text(name: ByteName): string {
  return Buffer.from(name, 'latin1').toString('utf8');
}

function sameBytes(a: Buffer | null, b: Buffer | null): boolean {
  return a === null || b === null ? a === b : a.equals(b);
}
