// Answers as one JSON document, written piece by piece: the frames may be more than memory holds.
import type { LensAnswer } from '@stillpoint/sim';
import { gapsAskedFor } from './gaps.ts';
import type { Asked } from './query.ts';

type Write = (text: string) => Promise<void>;

/** Numbers written at a time. */
const PIECE = 4096;

export async function answersAsJson(
  write: Write,
  { lens, field, what, when }: Asked,
  answers: AsyncIterable<LensAnswer>,
  damaged: ReadonlySet<string>,
): Promise<void> {
  const { runId, world } = lens;
  const { name, unit, components, topology } = field;
  const dropped = gapsAskedFor(lens, when);
  const head = { runId, world, field: { name, unit, components, topology }, when, dropped };
  await write(`${JSON.stringify(head).slice(0, -1)},"frames":[`);
  const isFixed = what.kind === 'positions' || topology.kind !== 'points';
  let first = true;
  for await (const { tick, timeSeconds, samples, positions, values, count } of answers) {
    await write(`${first ? '' : ','}{"tick":${tick},"timeSeconds":${numberJson(timeSeconds)}`);
    if (what.kind === 'statistics') {
      const width = values.length / count;
      for (const [at, statistic] of what.statistics.entries()) {
        await write(`,"${statistic}":`);
        await writeNumbers(write, values.subarray(at * width, (at + 1) * width), components, false);
      }
    } else {
      // Where they stay, the first frame says so.
      if (samples !== null && (first || !isFixed)) {
        await write(',"samples":');
        await writeNumbers(write, samples, [], true);
      }
      if (positions !== null && (first || !isFixed)) {
        await write(',"positions":');
        await writeNumbers(write, positions, [3], true);
      }
      await write(',"values":');
      await writeNumbers(write, values, components, true);
    }
    await write('}');
    first = false;
  }
  await write(`],"damaged":${JSON.stringify([...damaged])}}\n`);
}

/** As a list of `components` each, flat in them; without `list` just one of them. */
async function writeNumbers(
  write: Write,
  numbers: Float64Array | Float32Array | Int32Array,
  components: readonly number[],
  list: boolean,
): Promise<void> {
  const width = components.reduce((product, size) => product * size, 1);
  const oneAt = (at: number): string => {
    if (components.length === 0) return numberJson(numbers[at] as number);
    return `[${Array.from(numbers.subarray(at, at + width), numberJson).join(',')}]`;
  };
  if (!list) {
    await write(oneAt(0));
    return;
  }
  await write('[');
  let piece: string[] = [];
  for (let at = 0; at < numbers.length; at += width) {
    piece.push(`${at === 0 ? '' : ','}${oneAt(at)}`);
    if (piece.length < PIECE) continue;
    await write(piece.join(''));
    piece = [];
  }
  await write(`${piece.join('')}]`);
}

/** JSON has no NaN and nothing infinite. */
function numberJson(value: number): string {
  if (Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? 'null' : `"${value}"`;
}
