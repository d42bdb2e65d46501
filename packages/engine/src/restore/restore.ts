// A restore, step by step: prepare beside, prove, take the undo point under a freeze, and with everybody still held
// close, switch, open. Until the journal says "ready" nothing that anybody uses was touched.
import path from 'node:path';
import { mkdir, stat } from 'node:fs/promises';
import { failure, newSnapshotId, type ProgressListener, type SnapshotId } from '@stillpoint/core';
import type { RestoreResult } from '../api.ts';
import type { EngineContext } from '../context.ts';
import { freeze, type Held } from '../freeze/index.ts';
import { gateAfterRestore, type GateVerdict } from '../gate/index.ts';
import {
  beginCapture,
  checkSpace,
  freeBytesAt,
  refuseMoved,
  sayDiskFull,
  type ManifestSource,
  type Sealed,
} from '../snapshot/index.ts';
import type { Placement, SourceDriver } from '../sources/contract.ts';
import { readBooks } from './books.ts';
import { carryForward, dropPrepared, type Run } from './carry.ts';
import { beginJournal, type Journal, type Placements } from './journal.ts';
import { keepConfig } from './journaled-config.ts';
import { rebuildsDue } from './rebuild.ts';
import {
  lockfileBeside,
  refuseToBreakSeal,
  sealAfter,
  selectSources,
  type Selection,
  type Wanted,
} from './selection.ts';
import { inOrder, takeUndoPoint, waysBack } from './undo-point.ts';

export interface RestoreInPlaceOptions extends Wanted {
  readonly target: Sealed;
  readonly breakSeal?: boolean;
  readonly signal: AbortSignal;
  readonly progress: ProgressListener;
}

/**
 * How long a restore may keep everybody out once all is prepared. Far above what switching takes; it only bounds what happens
 * when this process is stopped in the middle of it.
 */
const holdMs = 10 * 60 * 1000;
/** The same where a member may be rebuilt, which takes what it takes. */
const holdToRebuildMs = 4 * 60 * 60 * 1000;

interface Prepared {
  readonly driver: SourceDriver;
  readonly source: ManifestSource;
  readonly after: Placement;
  readonly checks: readonly string[];
  readonly existed: boolean;
}

/** The caller holds the lease and has recovered. Throws SEAL_WOULD_BREAK, SOURCE_MOVED. */
export async function restoreInPlace(
  engine: EngineContext,
  options: RestoreInPlaceOptions,
): Promise<RestoreResult> {
  const startedMs = engine.clock.monotonicMs();
  const { target } = options;
  const { manifest } = target;
  const selection = await selectSources(engine, target, options);
  refuseMoved(engine.config, manifest, selection.sources);
  if (options.breakSeal !== true) refuseToBreakSeal(target, selection);
  await checkRoom(engine, manifest.id, selection);

  const undo = newSnapshotId();
  const workDirectory = path.join(engine.state.workDirectory, undo);
  await mkdir(workDirectory, { recursive: true, mode: 0o700 });
  await keepConfig(engine.state, engine.config);
  const beganAt = engine.clock.now();
  const before = (await engine.state.readBrokenSeal()) ?? null;
  const brokenSeal = { before, after: sealAfter(target, selection, { at: beganAt, before }) };
  const journal = await beginJournal(
    { file: engine.state.journalFile, crashPoint: engine.crashPoint },
    beganAt,
    {
      snapshot: manifest.id,
      undo,
      workDirectory,
      sources: selection.sources.map(({ name, driver }) => ({ name, driver })),
      lockfile: isMixed(selection)
        ? lockfileBeside(undefined, target, selection)
        : manifest.lockfile,
      brokenSeal,
      ...(selection.partial || selection.staying.length === 0
        ? {}
        : { stayed: selection.staying.map(({ name }) => name) }),
      before: await readBooks(engine.state),
    },
  );
  const run: Run = {
    engine,
    journal,
    drivers: selection.drivers,
    progress: options.progress,
    kept: [],
    signal: options.signal,
    verifyHeld: async () => {},
  };
  using interruptible = untilReady(options.signal, journal);
  // A vault may say nothing for long, while all are held too: whoever gives up does not wait for it.
  const readying = { ...engine, vault: engine.vault.within(interruptible.signal) };
  try {
    const prepared = await prepareAll(readying, run, options, selection, workDirectory);
    const existing = prepared.filter(({ existed }) => existed);
    const readied = { prepared, selection, undo, signal: interruptible.signal };
    const { closedMs, gate } =
      existing.length + selection.staying.length === 0
        ? await switchNothing(run, prepared, selection)
        : await switchUnderFreeze(readying, run, options, readied);
    return {
      snapshot: manifest.id,
      undo: existing.length === 0 ? null : undo,
      durationMs: Math.round(engine.clock.monotonicMs() - startedMs),
      closedMs: Math.round(closedMs),
      directory: engine.config.projectDirectory,
      proofs: prepared.map(({ driver, checks }) => ({ source: driver.name, checks })),
      kept: run.kept,
      brokenSeal: brokenSeal.after,
      gate,
    };
  } catch (error) {
    if (isPreparing(journal)) await dropPrepared(run);
    throw error;
  }
}

/** Then the lockfile says of what stays what the undo point found. */
function isMixed({ partial, staying }: Selection): boolean {
  return partial || staying.length > 0;
}

function isPreparing(journal: Journal): boolean {
  return journal.current().state === 'preparing';
}

/** Each file system must hold what is prepared on it: a cluster of root's does not lie in the project. */
async function checkRoom(
  engine: EngineContext,
  snapshot: SnapshotId,
  { sources, drivers }: Selection,
): Promise<void> {
  const needs = new Map<number, { where: string; neededBytes: number }>();
  const inProject = engine.config.projectDirectory;
  for (const { name, bytesTotal, record } of sources) {
    const room = await drivers.get(name)!.roomToPrepare?.(record, snapshot);
    const { directory, bytes } = room ?? { directory: inProject, bytes: bytesTotal };
    const { dev } = await stat(directory);
    const already = needs.get(dev)?.neededBytes ?? 0;
    needs.set(dev, { where: directory, neededBytes: already + bytes });
  }
  for (const { where, neededBytes } of needs.values()) {
    const freeBytes = await freeBytesAt(where);
    checkSpace({ what: 'Preparing the restore', where, neededBytes, freeBytes });
  }
}

/** One reads and writes while another computes. The first error ends all of them, and is told when they have ended. */
const preparedAtOnce = 2;

async function prepareAll(
  engine: EngineContext,
  run: Run,
  { target, signal, progress }: RestoreInPlaceOptions,
  { sources }: Selection,
  workDirectory: string,
): Promise<readonly Prepared[]> {
  const end = new AbortController();
  const untilError = AbortSignal.any([signal, end.signal]);
  const prepareOne = async (source: ManifestSource, index: number): Promise<Prepared> => {
    const driver = run.drivers.get(source.name)!;
    const existed = await driver.exists();
    progress({ type: 'phase:started', phase: 'prepare', detail: source.name });
    const options = {
      snapshot: target.manifest.id,
      source: engine.vault,
      workDirectory: path.join(workDirectory, `after-${index}`),
      signal: untilError,
      progress,
    };
    const after = await driver.prepare(source.record, options).catch((error: unknown) => {
      throw sayDiskFull(error, source.name);
    });
    progress({ type: 'phase:started', phase: 'prove', detail: source.name });
    const { checks } = await driver.prove(after, untilError);
    return { driver, source, after, checks, existed };
  };
  const prepared: Prepared[] = [];
  const waiting = [...sources.entries()];
  let failed: { readonly error: unknown } | undefined;
  const takeTurns = async (): Promise<void> => {
    try {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        const [index, source] = next;
        untilError.throwIfAborted();
        prepared[index] = await prepareOne(source, index);
      }
    } catch (error) {
      failed ??= { error };
      end.abort(error);
    }
  };
  await Promise.all(Array.from({ length: preparedAtOnce }, takeTurns));
  if (failed !== undefined) throw failed.error;
  return prepared;
}

/** What came into being while the restore was prepared would be replaced, and no undo point holds it. */
async function refuseNewcomers(prepared: readonly Prepared[]): Promise<void> {
  for (const { driver, existed } of prepared) {
    if (existed || !(await driver.exists())) continue;
    throw failure('RESTORE_SOURCE_APPEARED', { source: driver.name });
  }
}

/** Nothing was there: nothing to close, to freeze or to go back to. */
async function switchNothing(
  run: Run,
  prepared: readonly Prepared[],
  selection: Selection,
): Promise<Switched> {
  const { engine, journal } = run;
  const after = journal.current().lockfile;
  const restored = new Set(selection.drivers.keys());
  const rebuilds = rebuildsDue(engine.config.members, { after, before: undefined, restored });
  await journal.ready(placementsOf(prepared, new Map()), rebuilds);
  await carryForward(run);
  return { closedMs: 0, gate: await gateAfterRestore(engine) };
}

interface Switched {
  readonly closedMs: number;
  readonly gate: GateVerdict;
}

interface Readied {
  readonly prepared: readonly Prepared[];
  readonly selection: Selection;
  readonly undo: SnapshotId;
  /** Aborts no more once the journal says "ready". */
  readonly signal: AbortSignal;
}

async function switchUnderFreeze(
  engine: EngineContext,
  run: Run,
  options: RestoreInPlaceOptions,
  { prepared, selection, undo, signal: interruptible }: Readied,
): Promise<Switched> {
  const { signal, progress } = options;
  const existing = prepared.filter(({ existed }) => existed);
  for (const { driver, source } of existing) await driver.protect?.(source.record, engine.vault);
  const { sealed: earlier } = await engine.catalogue.list(signal);
  progress({ type: 'phase:started', phase: 'warm up' });
  const capturing = {
    id: undo,
    drivers: inOrder(engine, [...existing.map(({ driver }) => driver), ...selection.staying]),
    earlier,
    forUndo: true,
    signal,
    progress,
  };
  await using capture = await beginCapture(engine, capturing);

  progress({ type: 'phase:started', phase: 'freeze' });
  const freezeOptions = {
    participants: engine.participants,
    budgetMs: engine.config.freeze.budgetMs,
    holdMs: engine.config.members.some(({ rebuild }) => rebuild) ? holdToRebuildMs : holdMs,
    resumesDirectory: engine.state.resumesDirectory,
    snapshot: undo,
    clock: engine.clock,
    signal: interruptible,
    progress,
  };
  const { value } = await freeze(freezeOptions, async (held) => {
    const closedAtMs = engine.clock.monotonicMs();
    await refuseNewcomers(prepared);
    const sealed = await takeUndoPoint(engine, options.target, capture, held);
    const replaced = existing.map(({ driver }) => driver);
    const before = await waysBack(engine, replaced, sealed, options);
    const { lockfile } = sealed.manifest;
    const restored = new Set(selection.drivers.keys());
    const after = options.target.manifest.lockfile;
    await run.journal.ready(
      placementsOf(prepared, before),
      rebuildsDue(engine.config.members, { after, before: lockfile, restored }),
      isMixed(selection) ? lockfileBeside(lockfile, options.target, selection) : undefined,
    );
    await carryForward({ ...run, verifyHeld: () => verifyHeld(engine, held) });
    const gate = await gateAfterRestore(engine);
    return { closedMs: engine.clock.monotonicMs() - closedAtMs, gate };
  });
  return value;
}

/** Interrupting a restore takes effect until the journal says "ready"; from then on it is carried to an end. */
function untilReady(signal: AbortSignal, journal: Journal): { signal: AbortSignal } & Disposable {
  const controller = new AbortController();
  const forward = (): void => {
    if (isPreparing(journal)) controller.abort(signal.reason);
  };
  if (signal.aborted) forward();
  signal.addEventListener('abort', forward);
  return {
    signal: controller.signal,
    [Symbol.dispose]: () => signal.removeEventListener('abort', forward),
  };
}

/** Called when no other writer is left: the locks end with the server that is stopped next, and that is no loss. */
async function verifyHeld(engine: EngineContext, held: Held): Promise<void> {
  await held.check();
  for (const { kind, name } of engine.participants)
    if (kind === 'lock' || kind === 'queue') held.expectLost(name);
}

function placementsOf(
  prepared: readonly Prepared[],
  before: ReadonlyMap<string, Placement>,
): Placements {
  return Object.fromEntries(
    prepared.map(({ driver, after }) => [
      driver.name,
      { after, before: before.get(driver.name) ?? null },
    ]),
  );
}

/** Back to what the last restore, or undo, replaced. Throws NOTHING_TO_UNDO. */
export async function findUndo(engine: EngineContext): Promise<SnapshotId> {
  const point = await engine.state.readUndo();
  if (point === undefined) throw failure('NOTHING_TO_UNDO', {});
  return point.undo;
}

/** What undo is given beside the snapshot that it goes back to. */
export async function stayedBefore(
  { state }: EngineContext,
  target: SnapshotId,
): Promise<Pick<Wanted, 'stayed'>> {
  const point = await state.readUndo();
  return point?.undo === target && point.stayed !== undefined ? { stayed: point.stayed } : {};
}
