// An old snapshot told again by records that keep less alive (SourceDriver.rebase): sealed as a snapshot of its own, proved by a
// restore beside the live system, and only then is the old one forgotten. What names it goes on: its name, its hold, its old id.
// Whatever dies in between leaves the old one, or both, whole; the next call proves the new one again and ends it. docs/decisions/0017
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { failure, newSnapshotId, type ProgressListener, type SnapshotId } from '@stillpoint/core';
import type { RebaseResult } from '../api.ts';
import type { EngineContext } from '../context.ts';
import type { SourceDriver } from '../sources/contract.ts';
import type { VaultSession } from '../vault/contract.ts';
import { manifestBytes, type Manifest, type ManifestSource, type Sealed } from './manifest.ts';
import { resolveRef } from './refs.ts';
import { readSealed } from './sealed.ts';
import { checkSpace, freeBytesAt } from './space.ts';
import { streamsIn } from './streams.ts';
import { verifySnapshot } from './verify.ts';

export interface RebaseCall {
  readonly signal: AbortSignal;
  readonly progress: ProgressListener;
}

/**
 * Those that are named; without refs all that people took in this project. The caller holds the lease. Throws the errors of
 * resolveRef(), SNAPSHOT_NOT_REBASED, NO_SPACE: what was rebased before stays so.
 */
export async function rebaseSnapshots(
  engine: EngineContext,
  refs: readonly string[],
  call: RebaseCall,
): Promise<RebaseResult> {
  const rebased = await endOpenOnes(engine, call);
  const unchanged: SnapshotId[] = [];
  let { sealed } = await readSealed(engine.vault, call.signal);
  const chosen = refs.map((ref) => chosenBy(ref, sealed, engine));
  const all = refs.length > 0 ? chosen : sealed.filter(({ manifest }) => isOurs(engine, manifest));
  for (const { entry, manifest } of new Set(all)) {
    call.signal.throwIfAborted();
    if (rebased.some(({ to }) => to === entry.id)) continue;
    // What was rebased just now is what the next one is compared with.
    const next = await sealRebased(engine, { entry, manifest }, sealed, call);
    if (next === undefined) {
      unchanged.push(entry.id);
      continue;
    }
    await replace(engine, { entry, manifest }, next, call);
    rebased.push({ from: entry.id, to: next.entry.id });
    sealed = sealed.map((one) => (one.entry.id === entry.id ? next : one));
  }
  return { rebased, unchanged };
}

function isOurs({ state }: EngineContext, { kind, project }: Manifest): boolean {
  return kind === 'snapshot' && project.id === state.id;
}

function chosenBy(ref: string, sealed: readonly Sealed[], engine: EngineContext): Sealed {
  const found = resolveRef(ref, sealed, engine.state.id);
  const { id, kind, project } = found.manifest;
  if (isOurs(engine, found.manifest)) return found;
  const reason =
    kind === 'undo'
      ? 'it is an undo point, and what goes back to it knows it by its id'
      : `it is one of ${project.directory}, and is rebased there`;
  throw failure('SNAPSHOT_NOT_REBASED', { id, reason });
}

/** Both are there: somebody died after the seal. */
async function endOpenOnes(
  engine: EngineContext,
  call: RebaseCall,
): Promise<{ from: SnapshotId; to: SnapshotId }[]> {
  const { sealed } = await readSealed(engine.vault, call.signal);
  const ended: { from: SnapshotId; to: SnapshotId }[] = [];
  for (const next of sealed.filter(({ manifest }) => isOurs(engine, manifest))) {
    const [from] = next.manifest.rebasedFrom ?? [];
    const old = sealed.find(({ entry }) => entry.id === from);
    if (old === undefined) continue;
    await replace(engine, old, next, call);
    ended.push({ from: old.entry.id, to: next.entry.id });
  }
  return ended;
}

/** undefined: there is nothing to gain. */
async function sealRebased(
  engine: EngineContext,
  old: Sealed,
  sealed: readonly Sealed[],
  call: RebaseCall,
): Promise<Sealed | undefined> {
  const worth = (source: ManifestSource): boolean =>
    driverOf(engine, source)?.worthRebasing(source.record) === true;
  if (!old.manifest.sources.some(worth)) return undefined;
  await using session = await engine.vault.openSession({ signal: call.signal });
  // What was forgotten before the session was open may be pruned already: nothing is built on it.
  const listed = new Set((await engine.vault.list()).map(({ digest }) => digest));
  if (!listed.has(old.entry.digest)) return undefined;
  const known = sealed.filter(({ entry }) => listed.has(entry.digest));
  const sources: ManifestSource[] = [];
  for (const source of old.manifest.sources) {
    sources.push(await rebaseSource(engine, { old, source, sealed: known, session }, call));
  }
  if (sources.every((source, at) => source === old.manifest.sources[at])) return undefined;
  const id = newSnapshotId();
  const earlier = old.manifest.rebasedFrom ?? [];
  const manifest = { ...old.manifest, id, rebasedFrom: [old.entry.id, ...earlier], sources };
  call.progress({ type: 'phase:started', phase: 'seal' });
  const references = streamsIn(engine, manifest);
  return { manifest, entry: await session.seal(id, manifestBytes(manifest), references) };
}

type Rebaser = SourceDriver & Required<Pick<SourceDriver, 'rebase' | 'worthRebasing'>>;

function driverOf({ drivers }: EngineContext, { name, driver }: ManifestSource) {
  const found = drivers.find((one) => one.name === name && one.kind === driver);
  return found?.rebase === undefined ? undefined : (found as Rebaser);
}

async function rebaseSource(
  engine: EngineContext,
  work: {
    readonly old: Sealed;
    readonly source: ManifestSource;
    readonly sealed: readonly Sealed[];
    readonly session: VaultSession;
  },
  { signal, progress }: RebaseCall,
): Promise<ManifestSource> {
  const { old, source, sealed, session } = work;
  const driver = driverOf(engine, source);
  if (driver === undefined) return source;
  await checkRoom(driver, source, old);
  const sink = session.sink();
  const record = await driver.rebase(source.record, {
    snapshot: old.entry.id,
    others: recordsLike(source, sealed, old),
    sink,
    source: engine.vault,
    signal,
    progress,
  });
  if (record === undefined) return source;
  return { ...source, record, bytesStored: sink.stats().bytesStored };
}

async function checkRoom(
  driver: SourceDriver,
  { record }: ManifestSource,
  { entry }: Sealed,
): Promise<void> {
  const room = await driver.roomToPrepare?.(record, entry.id);
  if (room === undefined) return;
  const freeBytes = await freeBytesAt(room.directory);
  const need = { where: room.directory, neededBytes: room.bytes, freeBytes };
  checkSpace({ what: 'Rebasing a snapshot', ...need });
}

async function* recordsLike(
  { name, driver }: ManifestSource,
  sealed: readonly Sealed[],
  old: Sealed,
): AsyncGenerator<ManifestSource['record']> {
  for (const { entry, manifest } of sealed.toReversed()) {
    if (entry.id === old.entry.id) continue;
    const like = manifest.sources.find((one) => one.name === name && one.driver === driver);
    if (like !== undefined) yield like.record;
  }
}

async function replace(
  engine: EngineContext,
  old: Sealed,
  next: Sealed,
  call: RebaseCall,
): Promise<void> {
  const { vault, clock } = engine;
  try {
    await proveEqual(engine, old, next, call);
  } catch (error) {
    // The old one was touched by nobody. Without the new one everything is as it was; if it stays, it is proved again next time.
    await vault.forget(next.entry).catch(() => {});
    throw error;
  }
  if ((await vault.holds()).has(old.entry.id)) {
    await vault.hold(next.entry, clock.now());
    await vault.release(old.entry.id);
  }
  await vault.forget(old.entry);
}

/** Everything it names is there, and each source that was rebased restores to what the old one says of it. */
async function proveEqual(
  engine: EngineContext,
  old: Sealed,
  next: Sealed,
  call: RebaseCall,
): Promise<void> {
  const { id } = old.manifest;
  const { report } = await verifySnapshot(engine, next, { deep: false, signal: call.signal });
  const [damage] = report.damages;
  if (damage !== undefined) {
    throw failure('SNAPSHOT_NOT_REBASED', { id, reason: `${damage.key} ${damage.what}` });
  }
  for (const [at, source] of next.manifest.sources.entries()) {
    const was = old.manifest.sources[at];
    if (JSON.stringify(source.record) === JSON.stringify(was?.record)) continue;
    const driver = driverOf(engine, source);
    if (driver === undefined) {
      const reason = `${source.name} is no source of this project any more`;
      throw failure('SNAPSHOT_NOT_REBASED', { id, reason });
    }
    // Reads every byte of it.
    await proveSource(engine, driver, source, next, call);
  }
}

async function proveSource(
  { state, vault }: EngineContext,
  driver: SourceDriver,
  source: ManifestSource,
  { entry }: Sealed,
  { signal, progress }: RebaseCall,
): Promise<void> {
  const workDirectory = path.join(state.workDirectory, 'rebase');
  await mkdir(workDirectory, { recursive: true, mode: 0o700 });
  try {
    progress({ type: 'phase:started', phase: 'prepare', detail: source.name });
    const shared = { source: vault, workDirectory, signal, progress };
    const preparing = { ...shared, snapshot: entry.id, onlyToProve: true };
    const placement = await driver.prepare(source.record, preparing);
    progress({ type: 'phase:started', phase: 'prove', detail: source.name });
    await driver.prove(placement, signal);
  } finally {
    await driver.abandon();
    await rm(workDirectory, { recursive: true, force: true });
  }
}
