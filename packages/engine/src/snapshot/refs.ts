// How people name a snapshot: an id, a unique prefix of one (four characters or more), a name, `latest`, `latest~2`. An id that a
// snapshot had before it was rebased still means it.
import { failure, isSnapshotId } from '@stillpoint/core';
import type { Known } from './outline.ts';

const namePattern = /^[A-Za-z][A-Za-z0-9._-]{0,63}$/;
const latestPattern = /^latest(?:~(\d{1,6}))?$/;
const prefixPattern = /^[0-9a-f]{4,12}$/;

/** Throws NAME_INVALID, NAME_TAKEN. */
export function checkName(name: string, existing: readonly Known[]): void {
  if (!namePattern.test(name) || latestPattern.test(name) || prefixPattern.test(name)) {
    throw failure('NAME_INVALID', { name });
  }
  const holder = existing.find(({ manifest }) => manifest.name === name);
  if (holder !== undefined) throw failure('NAME_TAKEN', { name, id: holder.manifest.id });
}

/**
 * `snapshots`: oldest first. `latest` counts what people took, not undo points, and this project's own snapshots when the
 * vault holds those of several. Throws VAULT_EMPTY, REF_UNKNOWN, REF_AMBIGUOUS.
 */
export function resolveRef<One extends Known>(
  ref: string,
  snapshots: readonly One[],
  projectId: string,
): One {
  const latest = latestPattern.exec(ref);
  if (latest !== null) return resolveLatest(ref, Number(latest[1] ?? 0), snapshots, projectId);
  const named = snapshots.find(({ manifest }) => manifest.name === ref || manifest.id === ref);
  if (named !== undefined) return named;
  const matching = prefixPattern.test(ref)
    ? snapshots.filter(({ manifest: { id, rebasedFrom = [] } }) =>
        [id, ...rebasedFrom].some((one) => one.startsWith(ref)),
      )
    : [];
  const [first, second] = matching;
  if (first === undefined) {
    throw snapshots.length === 0 ? failure('VAULT_EMPTY', {}) : failure('REF_UNKNOWN', { ref });
  }
  if (second !== undefined && !isSnapshotId(ref)) {
    const candidates = matching.map(({ manifest }) => manifest.id).join(', ');
    throw failure('REF_AMBIGUOUS', { ref, candidates });
  }
  return first;
}

function resolveLatest<One extends Known>(
  ref: string,
  back: number,
  snapshots: readonly One[],
  projectId: string,
): One {
  const taken = snapshots.filter(({ manifest }) => manifest.kind === 'snapshot');
  const own = taken.filter(({ manifest }) => manifest.project.id === projectId);
  const found = (own.length > 0 ? own : taken).at(-1 - back);
  if (found !== undefined) return found;
  throw taken.length === 0 ? failure('VAULT_EMPTY', {}) : failure('REF_UNKNOWN', { ref });
}
