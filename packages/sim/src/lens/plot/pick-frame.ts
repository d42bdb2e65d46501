// Which frame a picture of one frame shows.
import { failure } from '@stillpoint/core';
import { queryLens } from '../ask/index.ts';
import type { FieldSamples } from '../contract.ts';
import type { FrameTime, Lens, ReadOptions } from '../read/index.ts';
import type { MapPlot } from './contract.ts';

/** Later than any tick. */
const LATEST = Number.MAX_SAFE_INTEGER;

export interface PickedFrame {
  readonly frame: FrameTime;
  readonly samples: FieldSamples;
  /** Where it is another than was asked for. */
  readonly note: string;
}

/** Throws LENS_TICK_MISSING, LENS_EMPTY. */
export async function pickFrame(
  lens: Lens,
  { field, when }: Pick<MapPlot, 'field' | 'when'>,
  options: ReadOptions,
): Promise<PickedFrame> {
  if (when !== 'last' && 'timeSeconds' in when) {
    for await (const { tick, timeSeconds } of queryLens(lens, { field, when }, options))
      return await picked(
        lens,
        field,
        { tick, timeSeconds },
        timeSeconds === when.timeSeconds ? '' : ` (nearest to ${when.timeSeconds} s)`,
        options,
      );
    throw failure('LENS_EMPTY', { path: lens.runId });
  }
  const { tick, exact = false } = when === 'last' ? { tick: LATEST } : when;
  const frame = await lens.nearest(tick, { ...options, exact });
  const isThat = when === 'last' || frame.tick === tick;
  return await picked(lens, field, frame, isThat ? '' : ` (nearest to tick ${tick})`, options);
}

async function picked(
  lens: Lens,
  field: string,
  frame: FrameTime,
  note: string,
  options: ReadOptions,
): Promise<PickedFrame> {
  return { frame, note, samples: await lens.samples(field, frame.tick, options) };
}
