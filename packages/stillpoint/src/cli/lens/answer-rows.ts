// Answers as rows: a table for people, or comma-separated values. One frame is in memory, and of a table the first rows, which say how
// wide its columns are.
import type { LensAnswer, LensField, Statistic } from '@stillpoint/sim';
import { loadSim } from '../load-sim.ts';
import { numberText } from '../checkpoint/numbers-text.ts';
import type { Asked } from './query.ts';

type Write = (text: string) => Promise<void>;
type Cell = number | string;

/** Rows that are measured before the first is written. */
const MEASURED_ROWS = 1000;
/** Written at a time. */
const BATCH_ROWS = 100;
const CSV_CHARACTERS = 16 * 1024;

export async function answersAsCsv(
  write: Write,
  asked: Asked,
  answers: AsyncIterable<LensAnswer>,
): Promise<void> {
  await write(`${titlesOf(asked).join(',')}\n`);
  const { degreesOf } = await loadSim();
  const place = placeOf(asked.field, degreesOf);
  // Straight into text: a list for each of many million rows would be most of our memory.
  let text = '';
  for await (const answer of answers)
    for (let at = 0; at < answer.count; at += 1) {
      text += `${csvOf(asked, answer, at, place)}\n`;
      if (text.length < CSV_CHARACTERS) continue;
      await write(text);
      text = '';
    }
  await write(text);
}

function csvOf({ what }: Asked, answer: LensAnswer, at: number, place: Place): string {
  const { tick, timeSeconds, values, count, positions, samples } = answer;
  const width = values.length / count;
  let line = `${tick},${timeSeconds}`;
  if (what.kind === 'statistics') line += `,${what.statistics[at]}`;
  else {
    if (samples !== null) line += `,${samples[at]}`;
    for (const one of place(positions!, at)) line += `,${one}`;
  }
  for (let component = 0; component < width; component += 1)
    line += `,${values[at * width + component]}`;
  return line;
}

export async function answersAsTable(
  write: Write,
  asked: Asked,
  answers: AsyncIterable<LensAnswer>,
): Promise<void> {
  const titles = titlesOf(asked);
  let widths: readonly number[] | undefined;
  for await (const rows of batches(asked, answers)) {
    const texts = rows.map((row) => row.map(textOf));
    const lines = widths === undefined ? [titles.map((one) => one.toUpperCase()), ...texts] : texts;
    widths ??= titles.map((_, column) =>
      lines.reduce((most, row) => Math.max(most, row[column]!.length), 0),
    );
    const shown = widths;
    await write(
      lines
        .map((row) => `${row.map((one, column) => one.padStart(shown[column]!)).join('  ')}\n`)
        .join(''),
    );
  }
}

async function* batches(
  asked: Asked,
  answers: AsyncIterable<LensAnswer>,
): AsyncGenerator<readonly (readonly Cell[])[]> {
  const { degreesOf } = await loadSim();
  const place = placeOf(asked.field, degreesOf);
  let batch: (readonly Cell[])[] = [];
  let most = MEASURED_ROWS;
  for await (const answer of answers)
    for (let at = 0; at < answer.count; at += 1) {
      batch.push(rowOf(asked, answer, at, place));
      if (batch.length < most) continue;
      yield batch;
      batch = [];
      most = BATCH_ROWS;
    }
  if (batch.length > 0) yield batch;
}

type Place = (positions: Float64Array, at: number) => readonly number[];

/** On a sphere longitude and latitude, in a plane x and y. */
function placeOf({ topology }: LensField, degreesOf: Place): Place {
  if (topology.kind === 'sphere') return degreesOf;
  const axes = topology.kind === 'grid' ? 2 : 3;
  return (positions, at) => numbersIn(positions, at * 3, axes);
}

function titlesOf({ field, what }: Asked): readonly string[] {
  const { kind } = field.topology;
  const place =
    kind === 'sphere' ? ['longitude', 'latitude'] : kind === 'grid' ? ['x', 'y'] : ['x', 'y', 'z'];
  const which =
    what.kind === 'statistics'
      ? ['statistic']
      : what.kind === 'samples'
        ? ['sample', ...place]
        : place;
  return ['tick', 'time', ...which, ...componentsOf(field)];
}

/** `value` of a scalar; `value_0`, `value_1` of a vector; `value_0_1` of a matrix. */
export function componentsOf({ components }: LensField): readonly string[] {
  return components.reduce(
    (names: readonly string[], size) =>
      names.flatMap((name) => Array.from({ length: size }, (_, at) => `${name}_${at}`)),
    ['value'],
  );
}

function rowOf({ what }: Asked, answer: LensAnswer, at: number, place: Place): readonly Cell[] {
  const { tick, timeSeconds, values, count, positions, samples } = answer;
  const width = values.length / count;
  const which: readonly Cell[] =
    what.kind === 'statistics'
      ? [what.statistics[at] as Statistic]
      : [...(samples === null ? [] : [samples[at]!]), ...place(positions!, at)];
  return [tick, timeSeconds, ...which, ...numbersIn(values, at * width, width)];
}

/** A view would be an object with memory of its own for every row. */
function numbersIn(
  all: Float64Array | Float32Array,
  from: number,
  count: number,
): readonly number[] {
  const numbers: number[] = [];
  for (let at = from; at < from + count; at += 1) numbers.push(all[at] as number);
  return numbers;
}

function textOf(cell: Cell): string {
  if (typeof cell === 'string') return cell;
  if (Number.isNaN(cell)) return '–';
  return Number.isSafeInteger(cell) ? String(cell) : numberText(cell);
}
