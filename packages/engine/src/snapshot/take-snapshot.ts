// A snapshot, step by step: check, begin (warm up), freeze -> mark -> thaw, capture, seal.
import { failure, newSnapshotId, type ProgressListener } from '@stillpoint/core';
import type { EngineContext } from '../context.ts';
import { freeze } from '../freeze/index.ts';
import type { SourceDriver } from '../sources/contract.ts';
import { beginCapture } from './capture.ts';
import type { Sealed } from './manifest.ts';
import { checkName } from './refs.ts';
import { checkSpace } from './space.ts';

export interface TakeOptions {
  readonly name?: string;
  readonly message?: string;
  readonly signal: AbortSignal;
  readonly progress: ProgressListener;
}

/** The caller holds the lease. */
export async function takeSnapshot(context: EngineContext, options: TakeOptions): Promise<Sealed> {
  const { signal, progress } = options;
  const engine = { ...context, vault: context.vault.within(signal) };
  const startedAt = engine.clock.now();
  const startedMs = engine.clock.monotonicMs();
  if (engine.drivers.length === 0) throw failure('NOTHING_TO_CAPTURE', {});
  const { sealed: earlier } = await engine.catalogue.list(signal);
  if (options.name !== undefined) checkName(options.name, earlier);

  progress({ type: 'phase:started', phase: 'check' });
  await probeAll(engine, engine.drivers, signal, progress);

  progress({ type: 'phase:started', phase: 'warm up' });
  const id = newSnapshotId();
  const capturing = { id, drivers: engine.drivers, earlier, signal, progress };
  await using capture = await beginCapture(engine, capturing);

  progress({ type: 'phase:started', phase: 'freeze' });
  const { times } = await freeze(
    {
      participants: engine.participants,
      budgetMs: engine.config.freeze.budgetMs,
      resumesDirectory: engine.state.resumesDirectory,
      snapshot: id,
      clock: engine.clock,
      signal,
      progress,
    },
    (held) => capture.mark(held.signal),
  );

  const { name = null, message = null } = options;
  return await capture.seal({
    kind: 'snapshot',
    name,
    message,
    freeze: times,
    startedAt,
    startedMs,
  });
}

/** Every refusal comes from here, before anything is paused: missing repositories, nested ones, too little space. */
async function probeAll(
  engine: EngineContext,
  drivers: readonly SourceDriver[],
  signal: AbortSignal,
  progress: ProgressListener,
): Promise<void> {
  let neededBytes = 0;
  for (const driver of drivers) {
    const probe = await driver.probe(signal);
    neededBytes += probe.bytesNext;
    for (const note of probe.notes) {
      progress({ type: 'note:said', level: 'info', text: `${driver.name}: ${note}` });
    }
  }
  const freeBytes = await engine.vault.freeBytes();
  checkSpace({ what: 'This snapshot', where: engine.vault.description, neededBytes, freeBytes });
}
