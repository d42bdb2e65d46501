// The options of lens plot: from text to a plot.
import { failure } from '@stillpoint/core';
import type {
  AnimationPlot,
  ColourMapName,
  FrameRange,
  LensField,
  MapLook,
  MapPlot,
  PictureSize,
  PlotAxis,
  SeriesPlot,
} from '@stillpoint/sim';
import { InvalidArgumentError } from 'commander';
import { loadSim } from '../load-sim.ts';
import type { LensRunOptions } from './places.ts';
import type { timeOption } from './query-options.ts';

export interface LensPlotOptions extends LensRunOptions {
  readonly output?: string;
  readonly tick?: number;
  readonly ticks?: FrameRange;
  readonly time?: ReturnType<typeof timeOption>;
  readonly exact?: true;
  readonly series?: true;
  readonly animate?: true;
  readonly position?: readonly (readonly number[])[];
  readonly stat?: readonly string[];
  readonly component?: number;
  readonly colours?: ColourMapName;
  readonly range?: readonly [number, number];
  readonly projection?: 'map' | 'sphere';
  readonly centre?: readonly [number, number];
  readonly axes?: readonly [PlotAxis, PlotAxis];
  readonly size?: PictureSize;
  readonly fps?: number;
}

const USUAL_STATISTICS = ['min', 'mean', 'max'] as const;

export function componentOption(text: string): number {
  if (/^\d{1,6}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Write which component, counted from 0.');
}

export function rangeOption(text: string): readonly [number, number] {
  const found = pairOf(text, ':');
  if (found !== undefined && found[0] < found[1]) return found;
  throw new InvalidArgumentError('Write the least value and the largest, like 250:310.');
}

export function centreOption(text: string): readonly [number, number] {
  const found = pairOf(text, ',');
  if (found !== undefined && Math.abs(found[1]) <= 90) return found;
  throw new InvalidArgumentError('Write longitude,latitude in degrees, like -60,20.');
}

export function axesOption(text: string): readonly [PlotAxis, PlotAxis] {
  const [, across, up] = /^([xyz]),([xyz])$/.exec(text) ?? [];
  if (across !== undefined && up !== undefined && across !== up)
    return [across as PlotAxis, up as PlotAxis];
  throw new InvalidArgumentError('Write two of x, y and z, like x,z.');
}

export function sizeOption(text: string): PictureSize {
  const [, width, height] = /^(\d{1,5})x(\d{1,5})$/.exec(text) ?? [];
  if (width !== undefined && height !== undefined)
    return { width: Number(width), height: Number(height) };
  throw new InvalidArgumentError('Write width and height in pixels, like 1200x700.');
}

export function fpsOption(text: string): number {
  const fps = Number(text);
  if (fps >= 0.1 && fps <= 100) return fps;
  throw new InvalidArgumentError('Write frames per second, from 0.1 to 100.');
}

function pairOf(text: string, between: string): readonly [number, number] | undefined {
  const parts = text.split(between);
  const numbers = parts.map((one) => (one.trim() === '' ? Number.NaN : Number(one)));
  const [first = 0, second = 0] = numbers;
  return parts.length === 2 && numbers.every(Number.isFinite) ? [first, second] : undefined;
}

/** Refuses what does not go together. */
export async function plotOf(
  field: LensField,
  options: LensPlotOptions,
): Promise<MapPlot | AnimationPlot | SeriesPlot> {
  const { series, animate, output } = options;
  if (series === true && animate === true) throw usage('Say one of --series and --animate.');
  const isSeries = series === true;
  if (!isSeries && (options.position ?? options.stat) !== undefined)
    throw usage('--position and --stat go with --series.');
  if (animate !== true && options.fps !== undefined) throw usage('--fps goes with --animate.');
  if (!isSeries && animate !== true) return mapOf(field, options);
  if ((options.tick ?? options.time ?? options.exact) !== undefined)
    throw usage('--series and --animate take many frames: choose them by --ticks.');
  const ticks = options.ticks ?? {};
  if (isSeries) return await seriesOf(field, options, ticks);
  if (output === undefined) throw usage('--animate needs a file: -o spin.png or -o spin.gif.');
  const { fps } = options;
  return {
    kind: 'animation',
    ...lookOf(field, options),
    ticks,
    ...(fps !== undefined && { framesPerSecond: fps }),
  };
}

function mapOf(field: LensField, options: LensPlotOptions): MapPlot {
  const { tick, ticks, time, exact } = options;
  if (ticks !== undefined) throw usage('--ticks goes with --series or --animate.');
  if (tick !== undefined && time !== undefined) throw usage('Say one of --tick and --time.');
  if (exact === true && tick === undefined) throw usage('--exact goes with --tick.');
  const look = lookOf(field, options);
  if (tick !== undefined) return { kind: 'map', ...look, when: { tick, exact: exact === true } };
  if (time === undefined) return { kind: 'map', ...look, when: 'last' };
  if ('at' in time) return { kind: 'map', ...look, when: { timeSeconds: time.at } };
  throw usage('A picture shows one frame: --time takes one time.');
}

function lookOf(field: LensField, options: LensPlotOptions): MapLook {
  const { component, colours, range, projection, centre, axes, size } = options;
  return {
    field: field.name,
    ...(component !== undefined && { component }),
    ...(colours && { colours }),
    ...(range && { range }),
    ...(projection && { projection }),
    ...(centre && { centre }),
    ...(axes && { axes }),
    ...(size && { sizePixels: size }),
  };
}

async function seriesOf(
  field: LensField,
  options: LensPlotOptions,
  ticks: FrameRange,
): Promise<SeriesPlot> {
  const { position, stat, component, size } = options;
  for (const name of ['colours', 'range', 'projection', 'centre', 'axes'] as const)
    if (options[name] !== undefined) throw usage(`--${name} does not go with --series.`);
  if (position !== undefined && stat !== undefined)
    throw usage('Say one of --position and --stat.');
  return {
    kind: 'series',
    field: field.name,
    ticks,
    of:
      position === undefined
        ? { statistics: await statisticsOf(stat ?? USUAL_STATISTICS) }
        : { positions: await positionsOf(field, position) },
    ...(component !== undefined && { component }),
    ...(size && { sizePixels: size }),
  };
}

async function statisticsOf(
  stat: readonly string[],
): Promise<Extract<SeriesPlot['of'], { statistics: unknown }>['statistics']> {
  const { isStatistic } = await loadSim();
  const known = stat.filter(isStatistic);
  if (known.length === stat.length) return known;
  throw usage(
    `There is no statistic ${stat.find((one) => !isStatistic(one))}: use min, max, mean, std, sum, count, missing, or a percentile like p95.`,
  );
}

/** Two numbers are x and y, on a sphere longitude and latitude. */
async function positionsOf(
  { topology }: LensField,
  given: readonly (readonly number[])[],
): Promise<Float64Array> {
  const { directionsFrom } = await loadSim();
  return Float64Array.from(
    given.flatMap(([x = 0, y = 0, z]) =>
      z === undefined && topology.kind === 'sphere'
        ? [...directionsFrom([[x, y]])]
        : [x, y, z ?? 0],
    ),
  );
}

function usage(problem: string): Error {
  return failure('USAGE_INVALID', {
    problem,
    usage: 'stillpoint lens plot --help shows how it is used.',
  });
}
