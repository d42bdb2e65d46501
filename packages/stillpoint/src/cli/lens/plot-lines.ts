// A series in a terminal: of one line a chart of dots, of several a row of bars each; with the least, the largest and the last value.
import type { Lens, PlotOptions, SampledLine, SampledSeries, SeriesPlot } from '@stillpoint/sim';
import { plainText } from '../../output/plain-text.ts';
import { shorten } from '../../output/style.ts';
import { renderTable, type Column } from '../../output/table.ts';
import { numberText } from '../checkpoint/numbers-text.ts';
import type { CommandContext } from '../context.ts';
import { loadSim } from '../load-sim.ts';
import { numberJson, type Told } from './plot-terminal.ts';

const BARS = '▁▂▃▄▅▆▇█';
const CHART_LINES = 10;
const MOST_COLUMNS = 100;
const GUTTER = 11;
/** Of one line among several, and what its columns leave of a terminal. */
const BARS_LEAST = 12;
const BESIDE_BARS = 52;

export async function showSeries(
  { output }: CommandContext,
  lens: Lens,
  plot: SeriesPlot,
  plotting: PlotOptions,
  told: Told,
): Promise<void> {
  const { lensSeries } = await loadSim();
  const series = await lensSeries(lens, plot, plotting);
  output.result(jsonOf(series, told));
  if (output.json) return;
  const { style, width } = output;
  const { label, unit, frames, runId, lines } = series;
  const title = plainText(unit === '' ? label : `${label} (${unit})`);
  const { first, last, count } = frames;
  const when = `run ${plainText(runId)} · ticks ${first.tick} to ${last.tick} · ${numberText(first.timeSeconds)} s to ${numberText(last.timeSeconds)} s · ${count} frames`;
  output.data(style.bold(shorten(title, width)));
  output.data(style.dim(shorten(when, width)));
  const [only] = lines;
  if (lines.length === 1 && only !== undefined)
    for (const line of chart(series, only, width)) output.data(line);
  const columns: readonly Column[] = [
    { title: 'LINE', shrink: true, paint: style.cyan },
    { title: '' },
    { title: 'MIN', align: 'right' },
    { title: 'MAX', align: 'right' },
    { title: 'LAST', align: 'right' },
  ];
  const wide = Math.max(BARS_LEAST, Math.min(width - BESIDE_BARS, MOST_COLUMNS));
  const rows = lines.map((line) => [
    plainText(line.name),
    lines.length === 1 ? '' : bars(series, line, wide),
    ...[line.least, line.largest, line.last].map(valueText),
  ]);
  output.data(renderTable(columns, rows, { width, style }).join('\n'));
}

function valueText(value: number): string {
  return numberText(Number.isNaN(value) ? null : value);
}

/** Of each column the mean of what falls into it. Where no frame does the value before goes on; NaN where none has a value. */
function binned({ frames }: SampledSeries, line: SampledLine, columns: number): Float64Array {
  const { first, last } = frames;
  // As the picture: over time, or over ticks where the world has none that goes on.
  const hasTime = last.timeSeconds > first.timeSeconds;
  const along = hasTime ? line.timesSeconds : line.ticks;
  const [from, to] = hasTime ? [first.timeSeconds, last.timeSeconds] : [first.tick, last.tick];
  const sums = new Float64Array(columns);
  const counts = new Float64Array(columns);
  const isEmpty = new Uint8Array(columns).fill(1);
  for (const [at, value] of line.values.entries()) {
    const share = (along[at]! - from) / (to - from);
    const column = Math.min(columns - 1, Math.max(0, Math.floor(share * columns)));
    isEmpty[column] = 0;
    if (Number.isNaN(value)) continue;
    sums[column]! += value;
    counts[column]! += 1;
  }
  const means = sums.map((sum, column) => sum / counts[column]!);
  for (let column = 1; column < columns; column += 1)
    if (isEmpty[column] === 1) means[column] = means[column - 1]!;
  return means;
}

/** Each line by its own range: how it goes, not how it stands to the others. A gap is blank. */
function bars(series: SampledSeries, line: SampledLine, columns: number): string {
  const { least, largest } = line;
  const values = binned(series, line, Math.min(columns, series.frames.count));
  return Array.from(values, (value) => {
    if (Number.isNaN(value)) return ' ';
    const share = largest > least ? (value - least) / (largest - least) : 0.5;
    return BARS[Math.min(7, Math.max(0, Math.floor(share * 8)))]!;
  }).join('');
}

/** Each character has two columns of four dots. */
function chart(series: SampledSeries, line: SampledLine, width: number): readonly string[] {
  const wide = Math.max(10, Math.min(width - GUTTER - 1, MOST_COLUMNS));
  const [high, columns] = [CHART_LINES * 4, wide * 2];
  const { least, largest } = line;
  const signs = new Uint8Array(wide * CHART_LINES);
  let before: number | undefined;
  for (const [column, value] of binned(series, line, columns).entries()) {
    if (!Number.isFinite(value)) {
      before = undefined;
      continue;
    }
    const share = largest > least ? (value - least) / (largest - least) : 0.5;
    const row = Math.round((1 - share) * (high - 1));
    // Steep lines have no holes.
    const [from, to] = [Math.min(before ?? row, row), Math.max(before ?? row, row)];
    for (let dot = from; dot <= to; dot += 1)
      if (dot === row || (before !== undefined && dot !== before))
        signs[Math.floor(dot / 4) * wide + Math.floor(column / 2)]! |= dotOf(column % 2, dot % 4);
    before = row;
  }
  return Array.from({ length: CHART_LINES }, (_, at) => {
    const value = at === 0 ? largest : at === CHART_LINES - 1 ? least : undefined;
    const text = value === undefined ? '' : shorten(valueText(value), GUTTER - 2);
    const row = Array.from(signs.subarray(at * wide, (at + 1) * wide), (sign) =>
      sign === 0 ? ' ' : String.fromCodePoint(0x28_00 + sign),
    );
    return `${text.padStart(GUTTER - 2)} ${at === 0 ? '┐' : at === CHART_LINES - 1 ? '┘' : '│'}${row.join('')}`.trimEnd();
  });
}

/** The pattern of braille: dots 1 to 3 and 7 on the left, 4 to 6 and 8 on the right. */
function dotOf(column: number, row: number): number {
  return [
    [0x01, 0x02, 0x04, 0x40],
    [0x08, 0x10, 0x20, 0x80],
  ][column]![row]!;
}

function jsonOf({ lines, ...facts }: SampledSeries, { dropped, damaged }: Told): object {
  return {
    ...facts,
    lines: lines.map(({ name, ticks, timesSeconds, values, least, largest, last }) => ({
      name,
      least: numberJson(least),
      largest: numberJson(largest),
      last: numberJson(last),
      ticks: Array.from(ticks),
      timesSeconds: Array.from(timesSeconds, numberJson),
      values: Array.from(values, numberJson),
    })),
    dropped,
    damaged: [...damaged],
  };
}
