// What can be asked of a lens, wherever its files are.
import type { ColumnRange } from '../../zarr/index.ts';
import type { RangeSource } from '../../zip/contract.ts';
import type { FieldSamples, LensField, LensFrame } from '../contract.ts';
import type { Dropped } from '../record/index.ts';

/** Where the files of a lens are: a directory, a server, a bucket. */
export interface LensPlace {
  /** For messages. */
  readonly name: string;
  /** File names, without a path. */
  list(signal?: AbortSignal): Promise<readonly string[]>;
  open(name: string, signal?: AbortSignal): Promise<RangeSource & AsyncDisposable>;
}

/** Of ticks, both ends in it. `every`: of its frames each nth, from its first. */
export interface FrameRange {
  readonly from?: number;
  readonly to?: number;
  readonly every?: number;
}

export interface LensPartFile {
  readonly file: string;
  readonly sizeBytes: number;
  readonly sealed: boolean;
}

export interface FrameTime {
  readonly tick: number;
  readonly timeSeconds: number;
}

export interface ReadOptions {
  readonly signal?: AbortSignal;
  /** Told of each part that cannot be read; its samples are NaN. Without it LENS_DAMAGED is thrown. */
  readonly damaged?: (reason: string) => void;
}

export interface EachOptions extends ReadOptions {
  /**
   * The numbers of a frame are good until the next is asked for, or nothing more is: the next has the same memory. Where frames are long that
   * is much less.
   */
  readonly reuse?: boolean;
}

export interface Lens extends AsyncDisposable {
  readonly runId: string;
  readonly world: string;
  /** ISO 8601, of its first part; shown, never compared. */
  readonly createdAt: string;
  readonly fields: readonly LensField[];
  /** Ticks that the observer missed: the disk was too slow, or failed. */
  readonly dropped: readonly Dropped[];
  /** Those it was opened with. */
  files(options?: ReadOptions): Promise<readonly LensPartFile[]>;
  /** Throws LENS_FIELD_UNKNOWN. */
  field(name: string): LensField;
  /** Every frame there is, in the order of ticks. */
  frames(range?: FrameRange, options?: ReadOptions): AsyncGenerator<FrameTime>;
  /** The frame that is nearest to a tick, the earlier of two. Throws LENS_TICK_MISSING where there is none, or with `exact` none of just that tick. */
  nearest(tick: number, options?: ReadOptions & { readonly exact?: boolean }): Promise<FrameTime>;
  /** Of a tick that `nearest` gave. */
  samples(field: string, tick: number, options?: ReadOptions): Promise<FieldSamples>;
  /** Frame by frame; memory holds a few at a time. */
  each(
    fields: readonly string[],
    range?: FrameRange,
    options?: EachOptions,
  ): AsyncGenerator<LensFrame>;
  /** A few samples over many ticks: only their columns are read. NaN where a frame has fewer samples. */
  series(
    field: string,
    columns: ColumnRange,
    range?: FrameRange,
    options?: ReadOptions,
  ): AsyncGenerator<FrameTime & { readonly values: Float64Array | Float32Array }>;
}
