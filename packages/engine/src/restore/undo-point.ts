// The undo point: what a restore is about to replace, as a sealed snapshot, and for each source the way back to it.
import path from 'node:path';
import type { ProgressListener } from '@stillpoint/core';
import type { EngineContext } from '../context.ts';
import type { Held } from '../freeze/index.ts';
import { sayDiskFull, type Capture, type Sealed } from '../snapshot/index.ts';
import type { Placement, SourceDriver } from '../sources/contract.ts';

interface Call {
  readonly signal: AbortSignal;
  readonly progress: ProgressListener;
}

/**
 * The undo point is a sealed snapshot like any other, taken at the very moment that the restore replaces. It holds what stays, too:
 * going back is then going back to one moment, and the seal is whole again.
 */
export async function takeUndoPoint(
  engine: EngineContext,
  target: Sealed,
  capture: Capture,
  held: Held,
): Promise<Sealed> {
  const startedAt = engine.clock.now();
  const startedMs = engine.clock.monotonicMs();
  await capture.mark(held.signal);
  await held.check();
  const markMs = Math.round(engine.clock.monotonicMs() - startedMs);
  const drainMs = Math.round(held.drainMs);
  return await capture.seal({
    kind: 'undo',
    name: null,
    message: `before restoring ${target.manifest.name ?? target.manifest.id}`,
    freeze: { totalMs: drainMs + markMs, drainMs, markMs, participants: [] },
    startedAt,
    startedMs,
  });
}

export async function waysBack(
  engine: EngineContext,
  drivers: readonly SourceDriver[],
  { manifest }: Sealed,
  { signal, progress }: Call,
): Promise<Map<string, Placement>> {
  const before = new Map<string, Placement>();
  const undo = manifest.id;
  for (const [index, driver] of drivers.entries()) {
    const source = manifest.sources.find(({ name }) => name === driver.name);
    if (source === undefined) throw new TypeError(`the undo point lacks ${driver.name}`);
    const workDirectory = path.join(engine.state.workDirectory, undo, `before-${index}`);
    const options = { snapshot: undo, source: engine.vault, workDirectory, signal, progress };
    const placing = driver.placementOfUndo(source.record, options);
    const placed = await placing.catch((error: unknown) => {
      throw sayDiskFull(error, driver.name);
    });
    before.set(driver.name, placed);
  }
  return before;
}

/** As a snapshot has them: databases first. A member that is no longer configured comes last. */
export function inOrder(engine: EngineContext, drivers: readonly SourceDriver[]): SourceDriver[] {
  const place = ({ name }: SourceDriver): number => {
    const index = engine.drivers.findIndex((one) => one.name === name);
    return index === -1 ? engine.drivers.length : index;
  };
  return drivers.toSorted((a, b) => place(a) - place(b));
}
