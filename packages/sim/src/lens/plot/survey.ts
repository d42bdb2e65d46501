// The first look at the frames that will be drawn: which there are, the range of their values, and how far their points reach.
import { failure } from '@stillpoint/core';
import type { FieldSamples } from '../contract.ts';
import type { FrameRange, FrameTime, Lens, ReadOptions } from '../read/index.ts';
import { nothingSeen, see, type Seen } from './look/value-range.ts';
import { scalarsOf, type Subject } from './subject.ts';
import { SeenBounds, type Bounds } from './view/points-view.ts';

export interface Survey {
  readonly ticks: readonly number[];
  readonly first: FrameTime;
  readonly last: FrameTime;
  readonly seen: Seen;
  readonly bounds: Bounds;
}

export interface SurveyOptions extends ReadOptions {
  readonly subject: Subject;
  readonly axes: readonly [number, number];
  readonly range?: readonly [number, number];
}

export async function surveyFrame(
  frame: FrameTime,
  samples: FieldSamples,
  options: SurveyOptions,
): Promise<Survey> {
  const look = createLook(options);
  look.at(samples);
  return { ticks: [frame.tick], first: frame, last: frame, ...look.found() };
}

/** Of many frames; memory holds one at a time. Throws LENS_PLOT_NO_FRAMES where there are fewer than two. */
export async function surveyFrames(
  lens: Lens,
  range: FrameRange,
  options: SurveyOptions,
): Promise<Survey> {
  const { name } = options.subject.field;
  const look = createLook(options);
  const ticks: number[] = [];
  let first: FrameTime | undefined;
  let last: FrameTime | undefined;
  const reading = { ...options, reuse: true };
  for await (const { tick, simTimeSeconds, fields } of lens.each([name], range, reading)) {
    options.signal?.throwIfAborted();
    last = { tick, timeSeconds: simTimeSeconds };
    first ??= last;
    ticks.push(tick);
    look.at(fields.get(name)!);
  }
  if (first === undefined || last === undefined || ticks.length < 2)
    throw failure('LENS_PLOT_NO_FRAMES', { path: lens.runId, frames: ticks.length, needed: 2 });
  return { ticks, first, last, ...look.found() };
}

function createLook({ subject, axes, range }: SurveyOptions): {
  readonly at: (samples: FieldSamples) => void;
  readonly found: () => { readonly seen: Seen; readonly bounds: Bounds };
} {
  const seen = nothingSeen();
  const bounds = new SeenBounds(axes);
  return {
    at: ({ values, positions }) => {
      see(seen, scalarsOf(subject, values), range);
      if (positions !== null) bounds.see(positions);
    },
    found: () => ({ seen, bounds: bounds.bounds() }),
  };
}
