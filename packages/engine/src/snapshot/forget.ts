// Forgetting: which snapshots are meant, what speaks against it, and then one delete each. Everything is looked at before
// the first is deleted. The caller holds the lease; other machines that share the vault are told by holds and by the rules
// below, which look at their snapshots too.
import { failure, isSnapshotId, type SnapshotId } from '@stillpoint/core';
import type { DamagedSnapshot, ForgetResult, SnapshotSummary } from '../api.ts';
import type { EngineContext } from '../context.ts';
import type { KnownList } from './catalogue.ts';
import { summarize } from './manifest.ts';
import type { Known } from './outline.ts';
import { resolveRef } from './refs.ts';
import type { Damaged } from './sealed.ts';
import { verifySnapshot } from './verify.ts';

export type FoundSnapshot = Known | Damaged;

/** As resolveRef(); a snapshot that cannot be read is found by its whole id, so that it is never meant by mistake. */
export function findSnapshot(ref: string, list: KnownList, projectId: string): FoundSnapshot {
  const damaged = isSnapshotId(ref)
    ? list.damaged.find(({ entry }) => entry.id === ref)
    : undefined;
  const alsoWhole = list.sealed.some(({ entry }) => entry.id === ref);
  return damaged !== undefined && !alsoWhole ? damaged : resolveRef(ref, list.sealed, projectId);
}

/** For people, whether it can be read or not. */
export function describeFound(
  found: FoundSnapshot,
  holds: ReadonlySet<SnapshotId>,
): SnapshotSummary | DamagedSnapshot {
  if ('manifest' in found) return summarize(found, holds);
  const { entry, damaged } = found;
  return { id: entry.id, damaged, held: holds.has(entry.id) };
}

export interface ForgetSnapshotsOptions {
  readonly dryRun: boolean;
  readonly undoPoint: boolean;
  readonly last: boolean;
  readonly signal: AbortSignal;
}

/** Throws the errors of resolveRef(), SNAPSHOT_HELD, UNDO_POINT_NEEDED, LAST_SNAPSHOT: nothing is forgotten then. */
export async function forgetSnapshots(
  context: EngineContext,
  refs: readonly string[],
  options: ForgetSnapshotsOptions,
): Promise<ForgetResult> {
  const vault = context.vault.within(options.signal);
  const engine = { ...context, vault };
  const { state, catalogue } = engine;
  const list = await catalogue.list(options.signal);
  const found = [...new Set(refs.map((ref) => findSnapshot(ref, list, state.id)))];
  const holds = await vault.holds();
  for (const { entry } of found) {
    if (holds.has(entry.id)) throw failure('SNAPSHOT_HELD', { id: entry.id });
  }
  const going = new Set(found.map(({ entry }) => entry.id));
  const ownUndo = (await state.readUndo())?.undo;
  if (!options.undoPoint) refuseUndoPoints(list.sealed, going, ownUndo, state.id);
  if (!options.last) await refuseLast(engine, list.sealed, going, options.signal);
  if (!options.dryRun) {
    // First that nobody goes back to it, then that it is gone: a death in between leaves a snapshot too many.
    if (ownUndo !== undefined && going.has(ownUndo)) await state.clearUndo();
    for (const { entry } of found) {
      options.signal.throwIfAborted();
      await vault.forget(entry);
    }
  }
  return {
    forgotten: found.map((one) => describeFound(one, holds)),
    remaining: list.sealed.filter(({ entry }) => !going.has(entry.id)).length,
    done: !options.dryRun,
  };
}

/** Which undo point another project that shares the vault goes back to is written down there: each may be the one. */
function refuseUndoPoints(
  sealed: readonly Known[],
  going: ReadonlySet<SnapshotId>,
  ownUndo: SnapshotId | undefined,
  projectId: string,
): void {
  for (const { manifest } of sealed) {
    const { id, kind, project } = manifest;
    if (!going.has(id)) continue;
    if (id === ownUndo) throw failure('UNDO_POINT_NEEDED', { id, where: '' });
    if (kind === 'undo' && project.id !== projectId) {
      throw failure('UNDO_POINT_NEEDED', { id, where: ` in ${project.directory}` });
    }
  }
}

/** Each project that loses a snapshot must keep one that people took and whose streams are all there. */
async function refuseLast(
  engine: EngineContext,
  sealed: readonly Known[],
  going: ReadonlySet<SnapshotId>,
  signal: AbortSignal,
): Promise<void> {
  const taken = sealed.filter(({ manifest }) => manifest.kind === 'snapshot');
  const losing = taken.filter(({ manifest }) => going.has(manifest.id));
  const projects = new Map(losing.map(({ manifest }) => [manifest.project.id, manifest.project]));
  for (const { id, directory } of projects.values()) {
    const remaining = taken.filter(
      ({ manifest }) => manifest.project.id === id && !going.has(manifest.id),
    );
    if (!(await anyIsWhole(engine, remaining, signal))) {
      throw failure('LAST_SNAPSHOT', { directory });
    }
  }
}

/** The newest is looked at first; most often it is the only one that has to be. */
async function anyIsWhole(
  engine: EngineContext,
  snapshots: readonly Known[],
  signal: AbortSignal,
): Promise<boolean> {
  for (const known of snapshots.toReversed()) {
    const one = await engine.catalogue.read(known, signal);
    if (!('manifest' in one)) continue;
    const { report } = await verifySnapshot(engine, one, { deep: false, signal });
    if (report.damages.length === 0) return true;
  }
  return false;
}
