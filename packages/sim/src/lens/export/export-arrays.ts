// A lens as arrays over all of its frames, laid out as in a `.lens` file: whichever format keeps them.
import { failure, freeMemory } from '@stillpoint/core';
import {
  fieldAttributes,
  perFrameArray,
  positionsArray,
  tickArray,
  TICKS,
  timeArray,
  TIMES,
  valuesArray,
} from '../chunk/index.ts';
import type { LensField } from '../contract.ts';
import { widthOf } from '../journal/index.ts';
import { nodeName } from '../names.ts';
import { openLens, type FrameRange, type Lens } from '../read/index.ts';
import type { Numbers, ZarrArray } from '../../zarr/index.ts';
import type { ExportProgress, LensExportOptions } from './contract.ts';
import type { Source } from './export-tables.ts';
import { describedField, describedRun } from './facts.ts';
import { FieldReader, readOptions } from './read-frames.ts';

export interface ArrayOutput {
  group(path: string): Promise<void>;
  /** `block` gives rows `from` to `from + count`; asked for in order. */
  array(
    path: string,
    array: ZarrArray,
    block: (from: number, count: number) => Promise<Numbers>,
  ): Promise<void>;
  /** Of a group that was made; at last, when all is known that was damaged. */
  describe(path: string, attributes: Readonly<Record<string, unknown>>): Promise<void>;
}

/** Each run in a group of its own where there may be many. Resolves to the frames of all. */
export async function exportArrays(
  output: ArrayOutput,
  sources: readonly Source[],
  options: LensExportOptions,
  manyRuns: boolean,
  progress: ExportProgress,
): Promise<number> {
  let frames = 0;
  await output.group('');
  for (const source of sources) {
    // A lens may come from anybody: its id is no path.
    const group = nodeName(source.run.runId);
    const prefix = manyRuns ? `${group}/` : '';
    if (manyRuns) await output.group(group);
    frames += await exportRun(output, prefix, source, options, progress);
  }
  if (manyRuns) await output.describe('', { runs: sources.map(({ run }) => run.runId) });
  return frames;
}

async function exportRun(
  output: ArrayOutput,
  prefix: string,
  { place, run }: Source,
  { ticks: range = {} }: LensExportOptions,
  progress: ExportProgress,
): Promise<number> {
  const { signal } = progress;
  const damaged = (reason: string): void => progress.damaged(run.runId, reason);
  await using lens = await openLens(place, { damaged, ...(signal && { signal }) });
  const ticks: number[] = [];
  const times: number[] = [];
  for await (const { tick, timeSeconds } of lens.frames(range, readOptions(lens, progress))) {
    ticks.push(tick);
    times.push(timeSeconds);
  }
  await output.array(`${prefix}${TICKS}`, tickArray(ticks.length), async (from, count) =>
    BigInt64Array.from(ticks.slice(from, from + count), BigInt),
  );
  await output.array(`${prefix}${TIMES}`, timeArray(ticks.length), async (from, count) =>
    Float64Array.from(times.slice(from, from + count)),
  );
  await output.group(`${prefix}fields`);
  for (const field of run.fields)
    await exportField(output, prefix, { lens, field, ticks, range, progress });
  await output.describe(prefix.replace(/\/$/, ''), {
    version: 1,
    ...describedRun(run, progress),
    frames: ticks.length,
    fields: run.fields.map(describedField),
  });
  return ticks.length;
}

interface FieldToExport {
  readonly lens: Lens;
  readonly field: LensField;
  readonly ticks: readonly number[];
  readonly range: FrameRange;
  readonly progress: ExportProgress;
}

function pathsOf({ name }: LensField) {
  const group = `fields/${nodeName(name)}`;
  return {
    group,
    values: `${group}/values`,
    counts: `${group}/count`,
    positions: `${group}/positions`,
    positionsOf: `${group}/position_set`,
  };
}

async function exportField(output: ArrayOutput, prefix: string, of: FieldToExport): Promise<void> {
  const { field, ticks } = of;
  const paths = pathsOf(field);
  await output.group(`${prefix}${paths.group}`);
  const sets = field.topology.kind === 'points' ? await findSets(of) : undefined;
  const { rows = 1, columns = 1 } = field.topology;
  const samples = sets?.samples ?? rows * columns;
  const counts = await exportValues(output, `${prefix}${paths.values}`, of, samples);
  await output.array(`${prefix}${paths.counts}`, perFrameArray(ticks.length), async (from, count) =>
    counts.slice(from, from + count),
  );
  await output.describe(`${prefix}${paths.group}`, fieldAttributes(field));
  if (sets === undefined || sets.count === 0) return;
  await output.array(
    `${prefix}${paths.positionsOf}`,
    perFrameArray(ticks.length),
    async (from, count) => sets.of.slice(from, from + count),
  );
  await exportPositions(output, `${prefix}${paths.positions}`, of, sets);
}

/** Resolves to how many samples each frame has; -1: it could not be read. */
async function exportValues(
  output: ArrayOutput,
  path: string,
  { lens, field, ticks, range, progress }: FieldToExport,
  samples: number,
): Promise<Int32Array<ArrayBuffer>> {
  const counts = new Int32Array(ticks.length).fill(-1);
  const width = widthOf(field);
  await using reader = new FieldReader(lens, field, range, progress);
  const Numbers = field.precision.type === 'float64' ? Float64Array : Float32Array;
  let memory = new Numbers();
  await output.array(path, valuesArray(field, ticks.length, samples), async (from, count) => {
    // The same memory for all of them: each is used before the next is asked for.
    const length = count * samples * width;
    if (memory.length < length) memory = new Numbers(length);
    const block = memory.subarray(0, length).fill(Number.NaN);
    for (let row = 0; row < count; row += 1) {
      const found = await reader.at(ticks[from + row]!);
      if (found === null) continue;
      if (found.count > samples)
        throw failure('LENS_EXPORT_UNEVEN', {
          field: field.name,
          tick: ticks[from + row]!,
          count: found.count,
          samples,
        });
      counts[from + row] = found.count;
      block.set(found.values, row * samples * width);
    }
    return block;
  });
  freeMemory(memory);
  // An array without samples asks for no block.
  if (samples === 0)
    for (const [frame, tick] of ticks.entries())
      counts[frame] = (await reader.at(tick))?.count ?? -1;
  return counts;
}

interface PositionSets {
  /** The most that a frame has. */
  readonly samples: number;
  readonly count: number;
  /** Which is a frame's own; -1: none. */
  readonly of: Int32Array<ArrayBuffer>;
  /** The frame that is the first with it. */
  readonly firsts: readonly number[];
}

/** How large the arrays of points become has to be known before they are written: a pass of its own. */
async function findSets(of: FieldToExport): Promise<PositionSets> {
  const { lens, field, ticks, range, progress } = of;
  await using reader = new FieldReader(lens, field, range, { ...progress, advance: () => {} });
  const sets = new Int32Array(ticks.length).fill(-1);
  const firsts: number[] = [];
  let samples = 0;
  let last: Float64Array | undefined;
  for (const [frame, tick] of ticks.entries()) {
    progress.signal?.throwIfAborted();
    const found = await reader.at(tick);
    samples = Math.max(samples, found?.count ?? 0);
    const positions = found?.positions ?? null;
    if (positions === null) continue;
    if (last === undefined || !isSame(last, positions)) {
      firsts.push(frame);
      // What was read is good until the next is.
      if (last?.length === positions.length) last.set(positions);
      else last = positions.slice();
    }
    sets[frame] = firsts.length - 1;
  }
  return { samples, count: firsts.length, of: sets, firsts };
}

function isSame(a: Float64Array, b: Float64Array): boolean {
  return Buffer.from(a.buffer, a.byteOffset, a.byteLength).equals(
    Buffer.from(b.buffer, b.byteOffset, b.byteLength),
  );
}

async function exportPositions(
  output: ArrayOutput,
  path: string,
  { lens, field, ticks, range, progress }: FieldToExport,
  { samples, count: sets, firsts }: PositionSets,
): Promise<void> {
  await using reader = new FieldReader(lens, field, range, { ...progress, advance: () => {} });
  let memory = new Float64Array();
  await output.array(path, positionsArray(sets, samples), async (from, count) => {
    progress.signal?.throwIfAborted();
    const length = count * samples * 3;
    if (memory.length < length) memory = new Float64Array(length);
    const block = memory.subarray(0, length).fill(Number.NaN);
    for (let row = 0; row < count; row += 1) {
      const found = await reader.at(ticks[firsts[from + row]!]!);
      block.set(found?.positions ?? [], row * samples * 3);
    }
    return block;
  });
  freeMemory(memory);
}
