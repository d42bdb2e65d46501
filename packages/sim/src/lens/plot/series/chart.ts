// The picture of a series: lines over the time of the world, named at their ends where there is room, else in a legend.
import type { Lens } from '../../read/index.ts';
import type {
  PlotOptions,
  PlottedFacts,
  SampledLine,
  SampledSeries,
  SeriesPlot,
} from '../contract.ts';
import {
  acrossOf,
  downOf,
  drawAxes,
  drawTitle,
  LABEL_TEXT,
  TICK_TEXT,
  type Axis,
} from '../draw/axes.ts';
import {
  drawLine,
  fitted,
  openSheet,
  widthOfText,
  writeText,
  type Area,
  type LineLook,
  type Pen,
} from '../draw/canvas.ts';
import { checkedSize } from '../draw/figure.ts';
import { encodePng } from '../encode/png.ts';
import { INK, LINES, PAPER } from '../look/colours.ts';
import { numberTicks } from '../look/number-ticks.ts';
import { worldTimeText, worldTimeTicks } from '../look/world-time.ts';
import { titleOf } from '../subject.ts';
import { collectSeries } from './collect.ts';

const USUAL_SIZE = { width: 960, height: 480 } as const;
const GRID = { colour: '#e4e4e4', widthPixels: 1 } as const;
const [LEFT, TOP, BOTTOM] = [104, 64, 60];
/** Between lines of text. */
const LINE_PIXELS = 16;
const MOST_NAME = 170;

export async function drawSeries(
  lens: Lens,
  plot: SeriesPlot,
  options: PlotOptions,
): Promise<{ readonly bytes: Uint8Array; readonly facts: PlottedFacts }> {
  const { width, height } = checkedSize(plot.sizePixels ?? USUAL_SIZE, plot.field);
  const { subject, series } = await collectSeries(lens, plot, options);
  const { lines, ...facts } = series;
  const { pen, pixels } = await openSheet({ width, height });
  pen.fillStyle = PAPER;
  pen.fillRect(0, 0, width, height);
  const names = lines.map(({ name }) => fitted(pen, name, TICK_TEXT, MOST_NAME));
  const widest = Math.max(...names.map((name) => widthOfText(pen, name, TICK_TEXT)));
  const right = Math.max(24, Math.ceil(widest) + 44);
  const area = { left: LEFT, top: TOP, width: width - LEFT - right, height: height - TOP - BOTTOM };
  const { x, y, across } = axesOf(series, area, titleOf(subject));
  drawGrid(pen, area, x, y);
  pen.save();
  pen.beginPath();
  pen.rect(area.left, area.top - 1, area.width, area.height + 2);
  pen.clip();
  for (const [at, line] of lines.entries())
    drawPieces(pen, area, line, { x, y, across }, lookOf(at, 1.8));
  pen.restore();
  drawAxes(pen, area, x, y);
  drawNames(pen, area, lines, names, y);
  const { first, last, count } = series.frames;
  const when = `ticks ${first.tick} to ${last.tick} · ${worldTimeText(first.timeSeconds)} to ${worldTimeText(last.timeSeconds)}`;
  drawTitle(
    pen,
    LEFT,
    fitted(pen, titleOf(subject), 17, width - LEFT - 8),
    fitted(pen, `run ${lens.runId} · ${when} · ${count} frames`, LABEL_TEXT, width - LEFT - 8),
  );
  const bytes = encodePng(pixels(), { width, height });
  return { bytes, facts: { ...facts, range: y.range, width, height } };
}

function colourOf(line: number): string {
  return LINES[line % LINES.length]!;
}

/** Colours come again: those lines are broken, in another way each time. */
function lookOf(line: number, widthPixels: number): LineLook {
  const dashes = [[], [7, 3], [2, 2], [9, 3, 2, 3]][Math.floor(line / LINES.length) % 4]!;
  return { colour: colourOf(line), widthPixels, dashes };
}

interface Axes {
  readonly x: Axis;
  readonly y: Axis;
  /** Which of a point's numbers is across. */
  readonly across: 'timesSeconds' | 'ticks';
}

/** Over ticks where the world has no time that goes on. */
function axesOf({ frames, range }: SampledSeries, area: Area, title: string): Axes {
  const { first, last } = frames;
  const times = [first.timeSeconds, last.timeSeconds] as const;
  const hasTime = times.every(Number.isFinite) && times[1] > times[0];
  const xTicks = Math.max(2, Math.round(area.width / 100));
  const [low, high] = range;
  const room = high > low ? (high - low) * 0.05 : Math.abs(low) / 20 || 1;
  // A width that no number holds.
  const yRange = Number.isFinite(high - low) ? ([low - room, high + room] as const) : range;
  const y = {
    ticks: numberTicks(yRange, Math.max(2, Math.round(area.height / 50))),
    range: yRange,
  };
  if (!hasTime) {
    const ticksRange = [first.tick, last.tick] as const;
    const x = { ticks: numberTicks(ticksRange, xTicks), range: ticksRange, label: 'tick' };
    return { x, y: { ...y, label: title }, across: 'ticks' };
  }
  const { ticks, unit } = worldTimeTicks(times, xTicks);
  const x = { ticks, range: times, label: `time of the world (${unit})` };
  return { x, y: { ...y, label: title }, across: 'timesSeconds' };
}

function drawGrid(pen: Pen, area: Area, x: Axis, y: Axis): void {
  for (const { value } of x.ticks) {
    const at = Math.round(acrossOf(area, x.range, value)) + 0.5;
    drawLine(
      pen,
      [
        [at, area.top],
        [at, area.top + area.height],
      ],
      GRID,
    );
  }
  for (const { value } of y.ticks) {
    const at = Math.round(downOf(area, y.range, value)) + 0.5;
    drawLine(
      pen,
      [
        [area.left, at],
        [area.left + area.width, at],
      ],
      GRID,
    );
  }
}

/** With a gap where there is no value; what is infinite goes over the edge. */
function drawPieces(
  pen: Pen,
  area: Area,
  line: SampledLine,
  { x, y, across }: Axes,
  look: LineLook,
): void {
  let piece: (readonly [number, number])[] = [];
  const end = (): void => {
    const [only] = piece;
    if (piece.length > 1) drawLine(pen, piece, look);
    else if (only !== undefined) {
      pen.fillStyle = look.colour;
      pen.fillRect(only[0] - 1.5, only[1] - 1.5, 3, 3);
    }
    piece = [];
  };
  for (const [at, value] of line.values.entries()) {
    if (Number.isNaN(value)) {
      end();
      continue;
    }
    const down = Number.isFinite(value)
      ? downOf(area, y.range, value)
      : value > 0
        ? area.top - 10
        : area.top + area.height + 10;
    piece.push([acrossOf(area, x.range, line[across][at]!), down]);
  }
  end();
}

/** At the ends of their lines, where none is further than a line of text from its own; otherwise one below the other with a key. */
function drawNames(
  pen: Pen,
  area: Area,
  lines: readonly SampledLine[],
  names: readonly string[],
  y: Axis,
): void {
  const right = area.left + area.width;
  const ends = lines.map(({ last }, at) => ({
    at,
    down: Number.isFinite(last) ? downOf(area, y.range, last) : Number.NaN,
  }));
  const placed = spread(ends.filter(({ down }) => !Number.isNaN(down)));
  const fits =
    placed.length === lines.length &&
    placed.every(({ down, wished }) => Math.abs(down - wished) <= LINE_PIXELS);
  if (fits)
    for (const { at, down } of placed)
      writeText(pen, names[at]!, right + 8, down, {
        sizePixels: TICK_TEXT,
        colour: colourOf(at),
        baseline: 'middle',
      });
  else
    for (const at of lines.keys()) {
      const down = area.top + 10 + at * LINE_PIXELS;
      if (down > area.top + area.height) break;
      drawLine(
        pen,
        [
          [right + 10, down],
          [right + 28, down],
        ],
        lookOf(at, 2.4),
      );
      writeText(pen, names[at]!, right + 33, down, {
        sizePixels: TICK_TEXT,
        colour: INK,
        baseline: 'middle',
      });
    }
}

/** From above, each at least a line of text below the one before. */
function spread(
  ends: readonly { readonly at: number; readonly down: number }[],
): readonly { readonly at: number; readonly down: number; readonly wished: number }[] {
  let free = -Infinity;
  return ends
    .toSorted((a, b) => a.down - b.down)
    .map(({ at, down: wished }) => {
      const down = Math.max(wished, free);
      free = down + LINE_PIXELS;
      return { at, down, wished };
    });
}
