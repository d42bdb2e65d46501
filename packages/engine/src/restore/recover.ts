// What the first thing of every command is: to look whether an earlier process died in a restore, and to end it.
import { newSnapshotId, type ProgressListener } from '@stillpoint/core';
import type { EngineContext } from '../context.ts';
import { beginCapture, type Known } from '../snapshot/index.ts';
import type { SourceDriver } from '../sources/contract.ts';
import { carryBack, carryForward, dropPrepared, type Run } from './carry.ts';
import { findJournal, type JournalState } from './journal.ts';

export interface Recovered {
  readonly action: 'none' | 'finished' | 'reversed';
  readonly text: string;
}

/** The caller holds the lease. Throws RESTORE_STUCK, and RESTORE_FAILED when it could only go back. */
export async function recoverRestore(
  engine: EngineContext,
  signal: AbortSignal,
  progress: ProgressListener,
): Promise<Recovered> {
  const journal = await findJournal({
    file: engine.state.journalFile,
    crashPoint: engine.crashPoint,
  });
  if (journal === undefined) return { action: 'none', text: '' };
  const found = journal.current();
  const { snapshot } = found;
  const drivers = engine.driversFor(found.sources, snapshot);
  const run: Run = {
    engine,
    journal,
    drivers,
    progress,
    kept: [],
    signal,
    verifyHeld: async () => {},
  };

  if (found.state === 'preparing') {
    await dropPrepared(run);
    return {
      action: 'reversed',
      text: `the restore of ${snapshot} had not begun to switch; dropped`,
    };
  }
  if (found.state === 'ready') {
    // Writers may have gone on since the undo point was taken: going forward would lose what they wrote.
    await journal.turn('found before anything was switched');
    await carryBack(run);
    return {
      action: 'reversed',
      text: `the restore of ${snapshot} had switched nothing; taken back`,
    };
  }
  await rescue(engine, found, drivers, signal, progress);
  if (found.state === 'reversing') {
    await carryBack(run);
    return { action: 'reversed', text: `the restore of ${snapshot} was taken back` };
  }
  await carryForward(run);
  return { action: 'finished', text: `the restore of ${snapshot} was carried to its end` };
}

/**
 * Nobody was kept out of the members since the process died, so what was edited meanwhile is in no snapshot. It is captured
 * before the switch goes on; if that fails the person is told, because half a restore is no place to stay.
 */
async function rescue(
  engine: EngineContext,
  found: JournalState,
  drivers: ReadonlyMap<string, SourceDriver>,
  signal: AbortSignal,
  progress: ProgressListener,
): Promise<void> {
  try {
    const open = [...drivers.values()].filter(
      ({ name, supports }) => !supports.closes && found.placements[name]?.before !== null,
    );
    // From `finish` on nothing is switched any more, neither forward nor back.
    if (open.length === 0 || found.forward.begun.has('finish')) return;
    const { sealed: earlier } = await engine.catalogue.list(signal);
    await protect(engine, found, open, earlier);
    const id = newSnapshotId();
    const startedAt = engine.clock.now();
    const startedMs = engine.clock.monotonicMs();
    await using capture = await beginCapture(engine, {
      id,
      drivers: open,
      earlier,
      forUndo: true,
      signal,
      progress,
    });
    await capture.mark(signal);
    const freeze = { totalMs: 0, drainMs: 0, markMs: 0, participants: [] };
    const message = `found while ending the restore of ${found.snapshot}`;
    await capture.seal({ kind: 'undo', name: null, message, freeze, startedAt, startedMs });
    progress({
      type: 'note:said',
      level: 'info',
      text: `what was found in the members is kept as ${id}`,
    });
  } catch (error) {
    const text = `what was edited since the crash could not be kept: ${(error as Error).message}`;
    progress({ type: 'note:said', level: 'warn', text });
  }
}

/** What the switch will overwrite is kept too, ignored or not. */
async function protect(
  engine: EngineContext,
  { snapshot }: JournalState,
  drivers: readonly SourceDriver[],
  earlier: readonly Known[],
): Promise<void> {
  const known = earlier.find(({ manifest }) => manifest.id === snapshot);
  const target = known === undefined ? undefined : await engine.catalogue.read(known);
  if (target === undefined || !('manifest' in target)) return;
  for (const driver of drivers) {
    const source = target.manifest.sources.find(({ name }) => name === driver.name);
    if (source !== undefined) await driver.protect?.(source.record, engine.vault);
  }
}
