// A map in a terminal: two pixels in each character where it has colours, else a sign for each of nine steps; and a scale beneath.
import type { Dropped, Lens, MapPlot, PlotOptions, SampledMap } from '@stillpoint/sim';
import { plainText } from '../../output/plain-text.ts';
import { shorten } from '../../output/style.ts';
import { numberText } from '../checkpoint/numbers-text.ts';
import type { CommandContext } from '../context.ts';
import { loadSim } from '../load-sim.ts';
import { paintsOf, type Paint } from './terminal-colours.ts';

const MOST_COLUMNS = 120;
/** So much of a screen; how high it is is not known. */
const MOST_LINES = 30;
const SIGNS = '.:-=+*#%@';
const NO_VALUE = '?';
const GREY = [176, 176, 176] as const;

/** What a picture lacks. */
export interface Told {
  /** Gaps that it reaches into. */
  readonly dropped: readonly Dropped[];
  readonly damaged: ReadonlySet<string>;
}

export async function showMap(
  context: CommandContext,
  lens: Lens,
  plot: MapPlot,
  plotting: PlotOptions,
  told: Told,
): Promise<SampledMap> {
  const { lensRaster } = await loadSim();
  const { output, host } = context;
  const paint = output.json ? undefined : paintsOf(host.environment, output.style);
  // Without colours a character is one pixel, which is twice as high as it is wide.
  const isHalved = paint !== undefined;
  const room = {
    width: Math.max(8, Math.min(output.width - GUTTER - 1, MOST_COLUMNS)),
    height: isHalved ? 2 * MOST_LINES : MOST_LINES,
  };
  const cellAspect = isHalved ? 1 : 0.5;
  const map = await lensRaster(lens, plot, room, { ...plotting, cellAspect });
  output.result(jsonOf(map, told));
  if (!output.json) for (const line of linesOf(context, map, paint)) output.data(line);
  return map;
}

/** Left of the map, for what its rows are. */
const GUTTER = 9;

function linesOf(
  { output: { style, width } }: CommandContext,
  map: SampledMap,
  paint: Paint | undefined,
): readonly string[] {
  const { label, unit, frames, runId } = map;
  const { tick, timeSeconds } = frames.first;
  const title = plainText(unit === '' ? label : `${label} (${unit})`);
  const when = `run ${plainText(runId)} · tick ${tick} · ${numberText(timeSeconds)} s`;
  const rows = paint === undefined ? signRows(map) : halvedRows(map, paint);
  return [
    style.bold(shorten(title, width)),
    style.dim(shorten(when, width)),
    ...rows.map((row, at) => `${beside(map, at, rows.length)} ${row}`.trimEnd()),
    ...below(map),
    ...scale(map, paint),
  ];
}

function beside({ extent }: SampledMap, row: number, rows: number): string {
  if (extent === null) return ' '.repeat(GUTTER - 1);
  const [from, to] = extent.y;
  const value =
    row === 0
      ? to
      : row === rows - 1
        ? from
        : rows % 2 === 1 && row === (rows - 1) / 2
          ? (from + to) / 2
          : undefined;
  return (value === undefined ? '' : shorten(short(value), GUTTER - 1)).padStart(GUTTER - 1);
}

function below({ extent, width }: SampledMap): readonly string[] {
  if (extent === null) return [];
  const [from, to] = extent.x.map(short) as [string, string];
  const between = width - from.length - to.length;
  if (between < 1) return [];
  const middle = short((extent.x[0] + extent.x[1]) / 2);
  const before = Math.floor((width - middle.length) / 2) - from.length;
  const after = between - before - middle.length;
  const line =
    before > 0 && after > 0
      ? `${from}${' '.repeat(before)}${middle}${' '.repeat(after)}${to}`
      : `${from}${' '.repeat(between)}${to}`;
  return [`${' '.repeat(GUTTER)}${line}`];
}

function short(value: number): string {
  return String(Number(value.toPrecision(4)));
}

/** Of the whole range, and under it what its ends and its middle are. */
function scale(
  { range, colours, width, missing, clamped }: SampledMap,
  paint: Paint | undefined,
): readonly string[] {
  const wide = Math.max(24, Math.min(width, 48));
  const bar = Array.from({ length: wide }, (_, at) => {
    const share = (at + 0.5) / wide;
    if (paint === undefined) return SIGNS[Math.floor(share * SIGNS.length)]!;
    const step = Math.floor(share * 256) * 3;
    return paint.one('█', colours.subarray(step, step + 3));
  }).join('');
  const [low, high] = range.map((one) => numberText(one)) as [string, string];
  const middle = numberText(range[0] / 2 + range[1] / 2);
  const before = Math.max(1, Math.floor((wide - middle.length) / 2) - low.length);
  const after = Math.max(1, wide - low.length - before - middle.length - high.length);
  const grey = paint === undefined ? NO_VALUE : paint.one('█', GREY);
  const notes = [
    ...(missing > 0 ? [`${grey} no value`] : []),
    ...(clamped.below > 0 ? [`${clamped.below} below`] : []),
    ...(clamped.above > 0 ? [`${clamped.above} above`] : []),
  ];
  const indent = ' '.repeat(GUTTER);
  return [
    '',
    `${indent}${bar}`,
    `${indent}${low}${' '.repeat(before)}${middle}${' '.repeat(after)}${high}`,
    ...(notes.length > 0 ? [`${indent}${notes.join('  ')}`] : []),
  ];
}

/** Two rows of the map in each line: the upper one is the sign, the lower one its ground. */
function halvedRows(map: SampledMap, paint: Paint): readonly string[] {
  const { width, height } = map;
  return Array.from({ length: Math.ceil(height / 2) }, (_, line) => {
    let row = '';
    for (let column = 0; column < width; column += 1)
      row += paint.two(
        colourAt(map, line * 2 * width + column),
        line * 2 + 1 < height ? colourAt(map, (line * 2 + 1) * width + column) : undefined,
      );
    return `${row}${paint.end}`;
  });
}

function colourAt(map: SampledMap, pixel: number): ArrayLike<number> | undefined {
  const { inside, values, colours } = map;
  if (inside[pixel] === 0) return undefined;
  const share = shareAt(map, values[pixel]!);
  if (Number.isNaN(share)) return GREY;
  const step = Math.min(255, Math.floor(share * 256)) * 3;
  return colours.subarray(step, step + 3);
}

/** From 0 to 1, also of what is beyond; NaN where there is no value. */
function shareAt({ range: [low, high] }: SampledMap, value: number): number {
  // Halves: the whole width may be more than a number holds.
  const share = (value / 2 - low / 2) / (high / 2 - low / 2);
  return Math.min(1, Math.max(0, share));
}

function signRows(map: SampledMap): readonly string[] {
  const { width, height, inside, values } = map;
  return Array.from({ length: height }, (_, line) => {
    let row = '';
    for (let column = 0; column < width; column += 1) {
      const pixel = line * width + column;
      const share = shareAt(map, values[pixel]!);
      if (inside[pixel] === 0) row += ' ';
      else if (Number.isNaN(share)) row += NO_VALUE;
      else row += SIGNS[Math.min(SIGNS.length - 1, Math.floor(share * SIGNS.length))];
    }
    return row;
  });
}

/** Rows from above; null where there is no value, or nothing. */
function jsonOf(
  { values, inside, colours: _colours, ...facts }: SampledMap,
  { dropped, damaged }: Told,
): object {
  const rows = Array.from({ length: facts.height }, (_, row) =>
    Array.from(values.subarray(row * facts.width, (row + 1) * facts.width), (value, column) =>
      inside[row * facts.width + column] === 0 ? null : numberJson(value),
    ),
  );
  return { ...facts, rows, dropped, damaged: [...damaged] };
}

/** JSON has no NaN and nothing infinite. */
export function numberJson(value: number): number | string | null {
  if (Number.isFinite(value)) return value;
  return Number.isNaN(value) ? null : String(value);
}
