// A lens as a whole: parts in the order of their ticks, opened as they are needed.
import { failure } from '@stillpoint/core';
import type { ColumnRange } from '../../zarr/index.ts';
import { createFrameMemory } from '../chunk/index.ts';
import type { FieldSamples, LensField, LensFrame } from '../contract.ts';
import { widthOf } from '../journal/index.ts';
import type { Dropped } from '../record/index.ts';
import type {
  EachOptions,
  FrameRange,
  FrameTime,
  Lens,
  LensPartFile,
  LensPlace,
  ReadOptions,
} from './contract.ts';
import type { OpenParts } from './open-parts.ts';
import { unknown, type Part, type PartFile } from './parts.ts';

/** Of a series read at a time: many frames of few columns, and few frames of many. */
const SERIES_FRAMES = 4096;
const SERIES_BYTES = 32 * 1024 * 1024;

export class PlacedLens implements Lens {
  readonly runId: string;
  readonly world: string;
  readonly createdAt: string;
  readonly fields: readonly LensField[];
  readonly dropped: readonly Dropped[];
  readonly #place: LensPlace;
  readonly #parts: OpenParts;
  readonly #files: readonly PartFile[];

  constructor(
    place: LensPlace,
    parts: OpenParts,
    files: readonly PartFile[],
    { runId, world, createdAt, fields }: Part['facts'],
    dropped: readonly Dropped[],
  ) {
    this.#place = place;
    this.#parts = parts;
    this.#files = files;
    this.runId = runId;
    this.world = world;
    this.createdAt = createdAt;
    this.fields = fields;
    this.dropped = dropped;
  }

  async files(options: ReadOptions = {}): Promise<readonly LensPartFile[]> {
    const found: LensPartFile[] = [];
    for (const file of this.#files) {
      const sizeBytes = await this.#parts.use(file, options, async (part) => part.sizeBytes);
      if (sizeBytes !== undefined)
        found.push({ file: file.name, sizeBytes, sealed: file.kind === 'lens' });
    }
    return found;
  }

  field(name: string): LensField {
    const found = this.fields.find((field) => field.name === name);
    if (found === undefined) throw unknown(this.#place, this.fields, name);
    return found;
  }

  async *frames(range: FrameRange = {}, options: ReadOptions = {}): AsyncGenerator<FrameTime> {
    for await (const { file, frames, ticks } of this.#runs(range, options)) {
      const times = await this.#parts.use(file, options, async (part) => {
        const found: FrameTime[] = [];
        for (const [at, frame] of frames.entries())
          found.push({ tick: ticks[at]!, timeSeconds: await part.timeSeconds(frame) });
        return found;
      });
      yield* times ?? [];
    }
  }

  async nearest(
    tick: number,
    options: ReadOptions & { readonly exact?: boolean } = {},
  ): Promise<FrameTime> {
    const before = await this.#last(tick, options);
    if (before?.tick === tick) return before;
    const after = options.exact === true ? undefined : await this.#first(tick, options);
    if (options.exact === true || (before === undefined && after === undefined))
      throw this.#missing(tick, before, await this.#first(tick, options));
    if (before === undefined) return after!;
    if (after === undefined) return before;
    return after.tick - tick < tick - before.tick ? after : before;
  }

  async samples(field: string, tick: number, options: ReadOptions = {}): Promise<FieldSamples> {
    const { name } = this.field(field);
    for (const file of this.#files) {
      if (!(file.ticks.start <= tick && tick < file.ticks.end)) continue;
      const { signal } = options;
      const found = await this.#parts.use(file, { ...(signal && { signal }) }, async (part) => {
        const frame = part.ticks.indexOf(tick);
        return frame < 0 ? undefined : await part.samples(name, frame, signal);
      });
      if (found !== undefined) return found;
    }
    throw this.#missing(tick, await this.#last(tick, options), await this.#first(tick, options));
  }

  async *each(
    fields: readonly string[],
    range: FrameRange = {},
    options: EachOptions = {},
  ): AsyncGenerator<LensFrame> {
    const { signal, reuse = false } = options;
    const known = fields.map((field) => ({
      ...this.field(field),
      memory: reuse ? createFrameMemory() : undefined,
    }));
    using memories = new DisposableStack();
    for (const { memory } of known) memories.defer(() => memory?.free());
    for await (const { file, frames, ticks } of this.#runs(range, options))
      for (const [at, frame] of frames.entries()) {
        const read = await this.#parts.use(file, options, async (part): Promise<LensFrame> => {
          const samples = new Map<string, FieldSamples>();
          for (const { name, memory } of known)
            samples.set(name, await part.samples(name, frame, signal, memory));
          return {
            tick: ticks[at]!,
            simTimeSeconds: await part.timeSeconds(frame),
            fields: samples,
          };
        });
        if (read !== undefined) yield read;
      }
  }

  async *series(
    name: string,
    columns: ColumnRange,
    range: FrameRange = {},
    options: ReadOptions = {},
  ): AsyncGenerator<FrameTime & { readonly values: Float64Array | Float32Array }> {
    const field = this.field(name);
    const across = (columns.to - columns.from) * widthOf(field);
    for await (const { file, frames, ticks } of this.#runs(range, options))
      for (const [from, to] of spans(frames, across)) {
        const read = await this.#parts.use(file, options, async (part) => {
          const numbers = await part.series(
            field,
            frames[from]!,
            frames[to - 1]! + 1,
            columns,
            options.signal,
          );
          const times: number[] = [];
          for (let at = from; at < to; at += 1) times.push(await part.timeSeconds(frames[at]!));
          return { numbers, times };
        });
        if (read === undefined) continue;
        for (let at = from; at < to; at += 1) {
          const row = (frames[at]! - frames[from]!) * across;
          const values = read.numbers.slice(row, row + across);
          yield { tick: ticks[at]!, timeSeconds: read.times[at - from]!, values };
        }
      }
  }

  /** The frames of a range, part by part. */
  async *#runs(
    { from = 0, to = Infinity, every = 1 }: FrameRange,
    options: ReadOptions,
  ): AsyncGenerator<{
    readonly file: PartFile;
    readonly frames: readonly number[];
    readonly ticks: readonly number[];
  }> {
    let counted = 0;
    for (const file of this.#files) {
      if (file.ticks.end <= from || file.ticks.start > to) continue;
      options.signal?.throwIfAborted();
      const { ticks: all, damage } = (await this.#parts.use(
        file,
        options,
        async ({ ticks, damage }) => ({ ticks, damage }),
      )) ?? { ticks: [], damage: undefined };
      const frames: number[] = [];
      for (const [frame, tick] of all.entries()) {
        if (tick < from || tick > to) continue;
        if (counted % every === 0) frames.push(frame);
        counted += 1;
      }
      if (frames.length > 0) yield { file, frames, ticks: frames.map((frame) => all[frame]!) };
      if (damage !== undefined && to > (all.at(-1) ?? -1)) this.#tellDamage(file, damage, options);
    }
  }

  #tellDamage({ name }: PartFile, reason: string, { damaged }: ReadOptions): void {
    const error = failure('LENS_DAMAGED', { path: `${this.#place.name}/${name}`, reason });
    if (damaged === undefined) throw error;
    damaged(error.message);
  }

  /** The last frame at or before a tick. */
  async #last(tick: number, options: ReadOptions): Promise<FrameTime | undefined> {
    for (const file of this.#files.toReversed()) {
      if (file.ticks.start > tick) continue;
      const found = await this.#parts.use(file, options, async (part) =>
        timeOf(
          part,
          part.ticks.findLastIndex((one) => one <= tick),
        ),
      );
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** The first frame after a tick. */
  async #first(tick: number, options: ReadOptions): Promise<FrameTime | undefined> {
    for (const file of this.#files) {
      if (file.ticks.end <= tick) continue;
      const found = await this.#parts.use(file, options, async (part) =>
        timeOf(
          part,
          part.ticks.findIndex((one) => one > tick),
        ),
      );
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #missing(tick: number, before: FrameTime | undefined, after: FrameTime | undefined): Error {
    const near = [before, after].flatMap((one) => (one === undefined ? [] : [one.tick]));
    return failure('LENS_TICK_MISSING', {
      path: this.#place.name,
      tick,
      near: near.length === 0 ? 'none' : near.join(' and '),
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#parts[Symbol.asyncDispose]();
  }
}

async function timeOf(part: Part, frame: number): Promise<FrameTime | undefined> {
  if (frame < 0) return undefined;
  return { tick: part.ticks[frame]!, timeSeconds: await part.timeSeconds(frame) };
}

/** Frames that are read together: none further apart than what is read at a time. */
function* spans(frames: readonly number[], across: number): Generator<readonly [number, number]> {
  const most = Math.min(
    Math.max(Math.floor(SERIES_BYTES / 8 / Math.max(across, 1)), 1),
    SERIES_FRAMES,
  );
  let from = 0;
  for (let to = 1; to <= frames.length; to += 1)
    if (to === frames.length || frames[to]! - frames[from]! >= most) {
      yield [from, to];
      from = to;
    }
}
