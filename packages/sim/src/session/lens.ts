// The lens of a session: opened for the run that it works on, closed when that has ended.
import { failure, isFailure } from '@stillpoint/core';
import path from 'node:path';
import {
  createLensCapture,
  createSampler,
  lensFieldsOf,
  type LensCapture,
} from '../lens/capture/index.ts';
import { lensFilesIn } from '../lens/record/index.ts';
import type { LensFrom } from './begin.ts';
import type { DrivenLens, Run } from '../runner/contract.ts';
import type { SessionEnd, SessionEvent, SessionLens, SessionOptions } from './contract.ts';

const USUAL_STRIDE_TICKS = 100;
const USUAL_CHUNK_TICKS = 50_000;

/** Before anything of the run is written. Throws LENS_FIELD_UNKNOWN, LENS_FIELD_TWICE, LENS_SAMPLE_TOO_LARGE and LENS_CHUNK_TOO_SMALL. */
export function refuseLens({ lens, loaded }: SessionOptions): void {
  if (lens === undefined) return;
  lensFieldsOf(loaded.world.ir, lens.fields);
  const { strideTicks = USUAL_STRIDE_TICKS, chunkTicks = USUAL_CHUNK_TICKS } = lens;
  if (chunkTicks < strideTicks) throw failure('LENS_CHUNK_TOO_SMALL', { chunkTicks, strideTicks });
}

/** A run that begins has a lens of its own. Throws LENS_NOT_EMPTY, before there is a run that could not be begun again. */
export async function refuseTakenLens(
  { lens }: Pick<SessionOptions, 'lens'>,
  runId: string,
): Promise<void> {
  if (lens === undefined) return;
  const directory = path.join(lens.directory, runId);
  if ((await lensFilesIn(directory)).length > 0) throw failure('LENS_NOT_EMPTY', { directory });
}

export interface LensOfRunOptions {
  readonly lens: SessionLens;
  readonly run: Run;
  readonly runId: string;
  /** Undefined: the run is a new one. */
  readonly from: LensFrom | undefined;
  readonly onEvent: ((event: SessionEvent) => void) | undefined;
  readonly signal: AbortSignal | undefined;
}

export interface LensOfRun extends AsyncDisposable {
  readonly driven: DrivenLens;
  /** Seals what is open. What goes wrong is told, and the run is none the worse for it. */
  close(): Promise<NonNullable<SessionEnd['lens']>>;
}

/** Throws LENS_FIELD_FAILED before anything of the lens is written, and what opening a recorder throws. */
export async function openLensOfRun(options: LensOfRunOptions): Promise<LensOfRun> {
  const { lens, run, runId, from, onEvent, signal } = options;
  const { world } = run;
  const { strideTicks = USUAL_STRIDE_TICKS } = lens;
  const sources = lensFieldsOf(world.ir, lens.fields);
  const sampler = createSampler(world, sources);
  // Once for nothing: what cannot be sampled is said now.
  sampler.sample(run.view());
  const directory = path.join(lens.directory, runId);
  const fields = sources.map(({ field }) => field);
  const capture = await createLensCapture({
    directory,
    runId,
    world: world.ir.name,
    fields,
    frameBytes: sampler.frameBytes,
    chunkTicks: lens.chunkTicks ?? USUAL_CHUNK_TICKS,
    ...(from === undefined ? {} : { resumedTick: from.tick }),
    ...(onEvent === undefined ? {} : { onEvent }),
  });
  if (from !== undefined) tellGap(capture, from, strideTicks);
  onEvent?.({
    type: 'lens:opened',
    runId,
    directory,
    fields: fields.map(({ name }) => name),
    strideTicks,
  });
  let closed: Promise<void> | undefined;
  const close = async (): Promise<NonNullable<SessionEnd['lens']>> => {
    // Who has ended the run by it asked for its end, and not for that of the lens, which takes no longer than its disk.
    const giveUp = signal === undefined || signal.aborted ? {} : { signal };
    closed ??= capture.close(giveUp).catch((error: unknown) => {
      // That was told.
      if (isFailure(error, 'LENS_NOT_CLOSED')) return;
      const { lastTick: tick, dropped } = capture;
      onEvent?.({ type: 'lens:failed', tick, error, dropped });
    });
    await closed;
    const { frames, dropped } = capture;
    return { directory, frames, dropped };
  };
  return {
    driven: { capture, sampler, strideTicks },
    close,
    async [Symbol.asyncDispose]() {
      await close();
    },
  };
}

/**
 * Frames before the checkpoint that are not there: the run was killed while its disk was behind, went on without a lens for a while, or came
 * back from a snapshot in which some were still on their way. That of the checkpoint's own tick is made when the run goes on.
 */
function tellGap(capture: LensCapture, { tick, seenTick }: LensFrom, strideTicks: number): void {
  const { accountedTick } = capture;
  // All of it was removed: whoever did it knows.
  if (accountedTick < 0) return;
  const first = (Math.floor(accountedTick / strideTicks) + 1) * strideTicks;
  const end = seenTick === null ? tick : Math.min(seenTick + 1, tick);
  const frames = Math.ceil((end - first) / strideTicks);
  if (frames <= 0) return;
  const ticks = { start: first, end: first + (frames - 1) * strideTicks + 1 };
  const why = `${frames} frames before tick ${tick} were not in the lens when the run was resumed.`;
  capture.miss(ticks, frames, new Error(why));
}
