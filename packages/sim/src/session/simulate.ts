// One session from its beginning to its end.
import { systemClock } from '@stillpoint/core';
import path from 'node:path';
import type { WorldIdentity } from '../checkpoint/contract.ts';
import { createCheckpointWriter } from '../checkpoint/index.ts';
import type { Control } from '../control/contract.ts';
import { startControl } from '../control/index.ts';
import { checkpointName } from '../directory/index.ts';
import { identify } from '../identity/index.ts';
import { driveRun, startRun } from '../runner/index.ts';
import type { DriveOptions, Ended, Run } from '../runner/contract.ts';
import { begin, newRunId, type Begun, type LensFrom } from './begin.ts';
import type { SessionEnd, SessionOptions, SessionStore } from './contract.ts';
import { openLensOfRun, refuseLens, type LensOfRun } from './lens.ts';

const USUAL_INTERVAL_MS = 30_000;

/**
 * Runs a world: a new run or one that goes on, with checkpoints or without. Resolves also where it was stopped or aborted; rejects with
 * what a step threw, and where the last checkpoint could not be written.
 */
export async function simulate(options: SessionOptions): Promise<SessionEnd> {
  const { store, loaded } = options;
  refuseLens(options);
  if (store === undefined) return await withoutStore(options);
  const identity = await identify(loaded);
  const begun = await begin({ options, store, identity });
  await using directory = begun.directory;
  await using stack = new AsyncDisposableStack();
  const { runId } = directory;
  let lens: LensOfRun | undefined;
  let ended: Ended;
  try {
    const control = await controlOf(options, store, begun);
    stack.defer(() => control?.close());
    await directory.setStatus('running');
    // Only now: whoever reads it may ask the run something at once, also by the name of the latest.
    tellBegun(options, begun);
    lens = stack.use(await lensOf(options, begun.run, runId, begun.lensFrom));
    ended = await drive(options, store, begun, { identity, control, lens: lens?.driven });
  } catch (error) {
    // What went wrong is said, and not that it could not be written down.
    await directory.setStatus('failed').catch(() => {});
    throw error;
  }
  await directory.setStatus(ended.reason === 'reached' ? 'finished' : 'stopped');
  return await endOf(begun.run, runId, ended, lens);
}

async function withoutStore(options: SessionOptions): Promise<SessionEnd> {
  const { loaded, seed, parameters, onEvent } = options;
  const run = startRun({
    world: loaded.world,
    assets: loaded.assets,
    ...(seed === undefined ? {} : { seed }),
    ...(parameters === undefined ? {} : { parameters }),
  });
  const untilTick = lastTick(options, run);
  onEvent?.({
    type: 'started',
    runId: null,
    directory: null,
    tick: 0,
    untilTick: untilTick ?? null,
    resumedFrom: null,
    skipped: [],
    forced: null,
  });
  const now = (options.clock ?? systemClock).now();
  await using lens = await lensOf(options, run, newRunId(loaded.world.ir.name, now), undefined);
  const ended = await driveRun(run, driveOptions(options, untilTick, lens?.driven));
  return await endOf(run, null, ended, lens);
}

async function lensOf(
  { lens, onEvent, signal }: SessionOptions,
  run: Run,
  runId: string,
  from: LensFrom | undefined,
): Promise<LensOfRun | undefined> {
  return lens && (await openLensOfRun({ lens, run, runId, from, onEvent, signal }));
}

async function controlOf(
  options: SessionOptions,
  { socketDirectory }: SessionStore,
  { run, directory: { path: runDirectory, runId }, newest }: Begun,
): Promise<Control | undefined> {
  if (socketDirectory === undefined) return undefined;
  const untilTick = lastTick(options, run);
  const control = await startControl({ runDirectory, runId, socketDirectory, untilTick, newest });
  control.tell(run.tick, run.simTimeSeconds);
  return control;
}

async function drive(
  options: SessionOptions,
  store: SessionStore,
  { run, directory, lineage, newest }: Begun,
  {
    identity,
    control,
    lens,
  }: { identity: WorldIdentity; control: Control | undefined; lens: DriveOptions['lens'] },
): Promise<Ended> {
  const { runId } = directory;
  const { keep, fullEvery } = store;
  const writer = createCheckpointWriter({
    runDirectory: directory.path,
    ...(keep === undefined ? {} : { keep }),
    ...(fullEvery === undefined ? {} : { fullEvery }),
  });
  let ended: Ended | undefined;
  try {
    ended = await driveRun(run, {
      ...driveOptions(options, lastTick(options, run), lens),
      ...(control === undefined ? {} : { control }),
      checkpoints: {
        writer,
        label: { runId, identity, lineage },
        cadence: cadenceOf(store),
        fileOf: (tick) => path.join(directory.path, checkpointName(tick)),
        ...(newest === undefined ? {} : { newest }),
      },
    });
    return ended;
  } finally {
    await control?.close(ended?.checkpoints.last ?? undefined);
    await writer.close();
  }
}

function driveOptions(
  { onEvent, signal, clock }: SessionOptions,
  untilTick: number | undefined,
  lens: DriveOptions['lens'],
): DriveOptions {
  return {
    ...(lens === undefined ? {} : { lens }),
    ...(untilTick === undefined ? {} : { untilTick }),
    ...(onEvent === undefined ? {} : { onEvent }),
    ...(signal === undefined ? {} : { signal }),
    ...(clock === undefined ? {} : { clock }),
  };
}

function lastTick({ steps, untilTick }: SessionOptions, run: Run): number | undefined {
  return steps === undefined ? untilTick : run.tick + steps;
}

function cadenceOf({ cadence = {} }: SessionStore): NonNullable<SessionStore['cadence']> {
  const { strideTicks, intervalMs } = cadence;
  return strideTicks === undefined && intervalMs === undefined
    ? { intervalMs: USUAL_INTERVAL_MS }
    : cadence;
}

function tellBegun(options: SessionOptions, begun: Begun): void {
  const { run, directory, resumedFrom, skipped, forced, warnings } = begun;
  options.onEvent?.({
    type: 'started',
    runId: directory.runId,
    directory: directory.path,
    tick: run.tick,
    untilTick: lastTick(options, run) ?? null,
    resumedFrom,
    skipped,
    forced,
  });
  for (const text of warnings) options.onEvent?.({ type: 'warned', text });
}

async function endOf(
  run: Run,
  runId: string | null,
  { reason, tick, checkpoints }: Ended,
  lens: LensOfRun | undefined,
): Promise<SessionEnd> {
  const { simTimeSeconds } = run;
  const stateHash = run.stateHash();
  return {
    runId,
    reason,
    tick,
    simTimeSeconds,
    stateHash,
    checkpoints,
    lens: (await lens?.close()) ?? null,
  };
}
