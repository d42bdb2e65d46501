// The lines of a series: what positions or statistics come to, frame by frame.
import { failure } from '@stillpoint/core';
import { degreesOf, queryLens, statisticsOf, type Statistic } from '../../ask/index.ts';
import type { FrameTime, Lens } from '../../read/index.ts';
import type { PlotOptions, SampledLine, SampledSeries, SeriesPlot } from '../contract.ts';
import { latitudeText, longitudeText } from '../look/degree-ticks.ts';
import { valueText } from '../look/number-ticks.ts';
import { scalarsOf, subjectOf, type Subject } from '../subject.ts';
import { createThinLine, type ThinLine } from './thin-line.ts';

export interface CollectedSeries {
  readonly subject: Subject;
  readonly series: SampledSeries;
}

/** Throws LENS_FIELD_UNKNOWN, LENS_PLOT_COMPONENT, LENS_PLOT_NO_FRAMES, LENS_POSITION_OUTSIDE. */
export async function collectSeries(
  lens: Lens,
  plot: SeriesPlot,
  options: PlotOptions,
): Promise<CollectedSeries> {
  const field = lens.field(plot.field);
  const subject = subjectOf(field, plot.component);
  const names = namesOf(plot, subject);
  const lines = names.map((): Tracked => ({ line: createThinLine(), ...nothing }));
  let first: FrameTime | undefined;
  let last: FrameTime | undefined;
  let count = 0;
  for await (const { tick, timeSeconds, values } of valuesOf(lens, plot, subject, options)) {
    options.signal?.throwIfAborted();
    last = { tick, timeSeconds };
    first ??= last;
    count += 1;
    for (const [at, tracked] of lines.entries()) track(tracked, last, values[at] as number);
  }
  if (first === undefined || last === undefined || count < 2)
    throw failure('LENS_PLOT_NO_FRAMES', { path: lens.runId, frames: count, needed: 2 });
  const sampled = lines.map((one, at) => sampledOf(names[at]!, one));
  const finite = sampled.filter(({ least }) => Number.isFinite(least));
  const range = [
    Math.min(...finite.map(({ least }) => least)),
    Math.max(...finite.map(({ largest }) => largest)),
  ] as const;
  const series = {
    runId: lens.runId,
    field: field.name,
    label: subject.label,
    unit: field.unit,
    frames: { count, first, last },
    range: finite.length === 0 ? ([0, 1] as const) : range,
    missing: lines.reduce((sum, { missing }) => sum + missing, 0),
    clamped: {
      below: lines.reduce((sum, { below }) => sum + below, 0),
      above: lines.reduce((sum, { above }) => sum + above, 0),
    },
    lines: sampled,
  };
  return { subject, series };
}

interface Tracked {
  readonly line: ThinLine;
  least: number;
  largest: number;
  last: number;
  missing: number;
  below: number;
  above: number;
}

const nothing = {
  least: Infinity,
  largest: -Infinity,
  last: Number.NaN,
  missing: 0,
  below: 0,
  above: 0,
};

function track(tracked: Tracked, { tick, timeSeconds }: FrameTime, value: number): void {
  tracked.line.add({ tick, timeSeconds, value });
  tracked.last = value;
  if (Number.isFinite(value)) {
    tracked.least = Math.min(tracked.least, value);
    tracked.largest = Math.max(tracked.largest, value);
  } else if (Number.isNaN(value)) tracked.missing += 1;
  else if (value > 0) tracked.above += 1;
  else tracked.below += 1;
}

function sampledOf(name: string, { line, least, largest, last }: Tracked): SampledLine {
  const points = line.points();
  const isNone = least > largest;
  return {
    name,
    ticks: Float64Array.from(points, ({ tick }) => tick),
    timesSeconds: Float64Array.from(points, ({ timeSeconds }) => timeSeconds),
    values: Float64Array.from(points, ({ value }) => value),
    least: isNone ? Number.NaN : least,
    largest: isNone ? Number.NaN : largest,
    last,
  };
}

interface Values extends FrameTime {
  /** One for each line. */
  readonly values: Float64Array | Float32Array;
}

async function* valuesOf(
  lens: Lens,
  { field, ticks, of }: SeriesPlot,
  subject: Subject,
  options: PlotOptions,
): AsyncGenerator<Values> {
  if ('positions' in of) {
    const what = { kind: 'positions', positions: of.positions } as const;
    for await (const answer of queryLens(lens, { field, when: { ticks }, what }, options)) {
      const { tick, timeSeconds } = answer;
      yield { tick, timeSeconds, values: scalarsOf(subject, answer.values) };
    }
    return;
  }
  const reading = { ...options, reuse: true };
  for await (const { tick, simTimeSeconds, fields } of lens.each([field], ticks, reading)) {
    const scalars = scalarsOf(subject, fields.get(field)!.values);
    const values = statisticsOf(of.statistics, scalars, 1, null);
    yield { tick, timeSeconds: simTimeSeconds, values };
  }
}

function namesOf({ of }: SeriesPlot, { field }: Subject): readonly string[] {
  if ('statistics' in of) return of.statistics.map((one: Statistic) => one);
  return Array.from({ length: of.positions.length / 3 }, (_, at) => {
    const told = of.names?.[at];
    if (told !== undefined) return told;
    if (field.topology.kind === 'sphere') {
      const [longitude, latitude] = degreesOf(of.positions, at).map(rounded) as [number, number];
      return Math.abs(latitude) === 90
        ? latitudeText(latitude)
        : `${latitudeText(latitude)} ${longitudeText(longitude)}`;
    }
    const axes = field.topology.kind === 'grid' ? 2 : 3;
    return Array.from(of.positions.subarray(at * 3, at * 3 + axes), valueText).join(', ');
  });
}

/** Directions have lost the last digits of what a person wrote. */
function rounded(degrees: number): number {
  return Math.round(degrees * 1e6) / 1e6 || 0;
}
