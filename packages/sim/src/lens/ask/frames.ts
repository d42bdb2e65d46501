// The frames that a question needs, and of them only the columns where that is much less than all.
import type { LensField } from '../contract.ts';
import { widthOf } from '../journal/index.ts';
import type { FrameRange, FrameTime, Lens, ReadOptions } from '../read/index.ts';
import type { ColumnRange } from '../../zarr/index.ts';

export interface Frame extends FrameTime {
  readonly count: number;
  /** Good until the next frame is asked for. */
  readonly values: Float64Array | Float32Array;
  readonly positions: Float64Array | null;
}

/** Samples that are so close are read in one go: they are packed together. */
const NEAR = 1024;
const MOST_RANGES = 8;

/** `needed`: the samples that are looked at; what else is in the values of a frame means nothing. Null: all of them. */
export async function* framesOf(
  lens: Lens,
  field: LensField,
  range: FrameRange,
  needed: Int32Array | null,
  options: ReadOptions,
): AsyncGenerator<Frame> {
  const { rows = 1, columns = 1 } = field.topology;
  const ranges = needed === null ? undefined : rangesOf(needed, rows * columns);
  if (ranges === undefined) yield* wholeFrames(lens, field, range, options);
  else yield* columnsOfFrames(lens, field, range, ranges, options);
}

async function* wholeFrames(
  lens: Lens,
  { name }: LensField,
  range: FrameRange,
  options: ReadOptions,
): AsyncGenerator<Frame> {
  for await (const { tick, simTimeSeconds, fields } of lens.each([name], range, options)) {
    const { count, values, positions } = fields.get(name)!;
    yield { tick, timeSeconds: simTimeSeconds, count, values, positions };
  }
}

async function* columnsOfFrames(
  lens: Lens,
  field: LensField,
  range: FrameRange,
  ranges: readonly ColumnRange[],
  options: ReadOptions,
): AsyncGenerator<Frame> {
  const width = widthOf(field);
  const { rows = 1, columns = 1 } = field.topology;
  const count = rows * columns;
  const Numbers = field.precision.type === 'float64' ? Float64Array : Float32Array;
  const values = new Numbers(count * width);
  const series = ranges.map((one) => lens.series(field.name, one, range, options));
  try {
    for (;;) {
      const next = await Promise.all(series.map((one) => one.next()));
      const frames = next.flatMap(({ done, value }) => (done === true ? [] : [value]));
      const [first] = frames;
      if (first === undefined) return;
      // Damage of one range skips frames in that range alone.
      if (frames.length < series.length || frames.some(({ tick }) => tick !== first.tick)) {
        const from = Math.min(...frames.map(({ tick }) => tick));
        yield* wholeFrames(lens, field, { ...range, from }, options);
        return;
      }
      for (const [at, frame] of frames.entries())
        values.set(frame.values, ranges[at]!.from * width);
      yield { tick: first.tick, timeSeconds: first.timeSeconds, count, values, positions: null };
    }
  } finally {
    await Promise.all(series.map((one) => one.return(undefined)));
  }
}

/** Undefined where it is better to read all. */
function rangesOf(samples: Int32Array, count: number): readonly ColumnRange[] | undefined {
  const ranges: { from: number; to: number }[] = [];
  for (const sample of samples.toSorted()) {
    const last = ranges.at(-1);
    if (last !== undefined && sample < last.to + NEAR) last.to = Math.max(last.to, sample + 1);
    else ranges.push({ from: sample, to: sample + 1 });
  }
  const all = ranges.reduce((sum, { from, to }) => sum + to - from, 0);
  return ranges.length === 0 || ranges.length > MOST_RANGES || all > count / 2 ? undefined : ranges;
}
