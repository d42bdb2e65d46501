// Answers a question frame by frame. Memory holds one frame, or of many frames the few columns that are needed.
import { failure } from '@stillpoint/core';
import type { LensField } from '../contract.ts';
import { widthOf } from '../journal/index.ts';
import type { FrameRange, FrameTime, Lens, ReadOptions } from '../read/index.ts';
import { applyWeights, positionsOf, weigh, type Weights } from '../reconstruct/index.ts';
import type { LensAnswer, LensQuery, Region, What, When } from './contract.ts';
import { framesOf, type Frame } from './frames.ts';
import { samplesIn } from './region.ts';
import { statisticsOf } from './statistics.ts';

/**
 * Throws LENS_FIELD_UNKNOWN, LENS_TICK_MISSING, LENS_POSITION_OUTSIDE, LENS_LATITUDE_INVALID, LENS_METHOD_UNFIT, LENS_DAMAGED. A region of
 * a field on a sphere is in degrees; longitudes go round, latitudes are from -90 to 90.
 */
export async function* queryLens(
  lens: Lens,
  { field: name, when, what = { kind: 'samples' } }: LensQuery,
  options: ReadOptions = {},
): AsyncGenerator<LensAnswer> {
  const field = lens.field(name);
  const answer = answererOf(field, what);
  const range = await rangeOf(lens, when, options);
  for await (const frame of framesOf(lens, field, range, answer.samplesOf, options))
    yield answer.of(frame);
}

/** Which frames. Those of times are looked for by the frames' own: the seconds of a tick differ from era to era. */
async function rangeOf(lens: Lens, when: When, options: ReadOptions): Promise<FrameRange> {
  if ('ticks' in when) return when.ticks;
  if ('tick' in when) {
    const { exact = false } = when;
    const { tick } = await lens.nearest(when.tick, { ...options, exact });
    return { from: tick, to: tick };
  }
  const { from, to } =
    'timesSeconds' in when ? when.timesSeconds : { from: when.timeSeconds, to: when.timeSeconds };
  const found = await timesBetween(lens, from, to, options);
  if ('timesSeconds' in when) return found.first === undefined ? { from: 0, to: -1 } : found.first;
  const nearest = found.nearest?.tick;
  if (nearest === undefined) throw failure('LENS_EMPTY', { path: lens.runId });
  return { from: nearest, to: nearest };
}

async function timesBetween(
  lens: Lens,
  from: number,
  to: number,
  options: ReadOptions,
): Promise<{ readonly first?: { from: number; to: number }; readonly nearest?: FrameTime }> {
  let first: { from: number; to: number } | undefined;
  let nearest: FrameTime | undefined;
  for await (const frame of lens.frames({}, options)) {
    if (nearest === undefined || away(frame, from) < away(nearest, from)) nearest = frame;
    if (frame.timeSeconds > to) break;
    if (frame.timeSeconds >= from) first = { from: first?.from ?? frame.tick, to: frame.tick };
  }
  return { ...(first && { first }), ...(nearest && { nearest }) };
}

function away({ timeSeconds }: FrameTime, from: number): number {
  return Math.abs(timeSeconds - from);
}

interface Answerer {
  /** The samples that are needed of every frame; null: all, or others from frame to frame. */
  readonly samplesOf: Int32Array | null;
  readonly of: (frame: Frame) => LensAnswer;
}

function answererOf(field: LensField, what: What): Answerer {
  if (what.kind === 'positions') return atPositions(field, what);
  const region = what.region === undefined ? undefined : inRegion(field, what.region);
  const samplesOf = region?.fixed ?? null;
  if (what.kind === 'statistics')
    return {
      samplesOf,
      of: (frame) => ({
        ...timeOf(frame),
        count: what.statistics.length,
        values: statisticsOf(
          what.statistics,
          frame.values,
          widthOf(field),
          region?.of(frame) ?? null,
        ),
        positions: null,
        samples: null,
      }),
    };
  const fixed = isFixed(field) ? { count: countOf(field), positions: null } : undefined;
  const place = fixed && placesOf(field, fixed, region?.fixed);
  return {
    samplesOf,
    of: (frame) => {
      const { samples, positions } = place ?? placesOf(field, frame, region?.of(frame));
      // All of them need no copy.
      const values =
        region === undefined ? frame.values : picked(frame.values, samples, widthOf(field));
      return { ...timeOf(frame), count: samples.length, values, positions, samples };
    },
  };
}

/** Which samples of a frame, and where they are; all unless chosen. */
function placesOf(
  field: LensField,
  frame: Pick<Frame, 'count' | 'positions'>,
  chosen: Int32Array | undefined,
): { readonly samples: Int32Array; readonly positions: Float64Array } {
  const all = positionsOf(field, frame);
  const samples = chosen ?? new Int32Array(frame.count).map((_, at) => at);
  const positions = chosen === undefined ? all : (picked(all, samples, 3) as Float64Array);
  return { samples, positions };
}

function countOf({ topology: { rows = 1, columns = 1 } }: LensField): number {
  return rows * columns;
}

/** Weights are found once, and again where samples have moved. */
function atPositions(
  field: LensField,
  { positions, method = field.reconstruction }: Extract<What, { kind: 'positions' }>,
): Answerer {
  const find = (frame: Pick<Frame, 'count' | 'positions'>): Weights =>
    weigh(field, frame, positions, method);
  const fixed = isFixed(field) ? find({ count: 0, positions: null }) : undefined;
  const moving = whileSame(find);
  return {
    samplesOf: fixed?.samples.filter((_, at) => fixed.weights[at] !== 0) ?? null,
    of: (frame) => ({
      ...timeOf(frame),
      count: positions.length / 3,
      values: applyWeights(fixed ?? moving(frame), frame.values, widthOf(field)),
      positions,
      samples: null,
    }),
  };
}

function inRegion(
  field: LensField,
  region: Region,
): { readonly fixed: Int32Array | undefined; readonly of: (frame: Frame) => Int32Array } {
  const find = (frame: Pick<Frame, 'count' | 'positions'>): Int32Array =>
    samplesIn(field, positionsOf(field, frame), region);
  const fixed = isFixed(field) ? find({ count: 0, positions: null }) : undefined;
  const moving = whileSame(find);
  return { fixed, of: (frame) => fixed ?? moving(frame) };
}

/** Samples that stay where the topology says. */
function isFixed({ topology }: LensField): boolean {
  return topology.kind !== 'points';
}

/** Found anew only when positions are others than those of the frame before. */
function whileSame<T>(find: (frame: Pick<Frame, 'count' | 'positions'>) => T): (frame: Frame) => T {
  let last:
    | { readonly positions: Uint8Array; readonly count: number; readonly found: T }
    | undefined;
  return ({ count, positions }) => {
    const bytes =
      positions === null
        ? new Uint8Array()
        : new Uint8Array(positions.buffer, positions.byteOffset, positions.byteLength);
    if (last?.count !== count || Buffer.compare(last.positions, bytes) !== 0)
      last = { positions: bytes.slice(), count, found: find({ count, positions }) };
    return last.found;
  };
}

function timeOf({ tick, timeSeconds }: FrameTime): FrameTime {
  return { tick, timeSeconds };
}

function picked(
  values: Float64Array | Float32Array,
  samples: Int32Array,
  width: number,
): Float64Array | Float32Array {
  const Numbers = values instanceof Float64Array ? Float64Array : Float32Array;
  const out = new Numbers(samples.length * width);
  for (const [at, sample] of samples.entries())
    for (let component = 0; component < width; component += 1)
      out[at * width + component] = values[sample * width + component] as number;
  return out;
}
