// What goes between the thread that lenses are read in and the one of DuckDB. That one waits for frames without a turn of its event
// loop, because DuckDB asks for rows by a call that cannot wait for a promise.
import type { MessagePort } from 'node:worker_threads';
import type { PlainError } from '../../thread/index.ts';
import type { LensField } from '../contract.ts';
import type { LensSqlColumn, LensSqlValue } from './contract.ts';

export interface SqlThreadData {
  readonly port: MessagePort;
  /** Frames: asked for by `FeedOrder`, answered by `FeedAnswer`. */
  readonly feeds: MessagePort;
  /** Counts the answers on `feeds`, for the thread that waits. */
  readonly answered: SharedArrayBuffer;
  readonly runs: readonly SqlRun[];
  /** Each table says of which run a row is. */
  readonly runColumn: boolean;
  readonly memoryLimitBytes: number;
  readonly temporaryDirectory: string;
}

/** One lens, as far as tables must know it. */
export interface SqlRun {
  readonly runId: string;
  readonly fields: readonly LensField[];
  /** Of every frame, ascending. */
  readonly ticks: Float64Array;
  readonly timesSeconds: Float64Array;
  readonly dropped: readonly {
    readonly from: number;
    readonly to: number;
    readonly frames: number;
    readonly reason: string;
  }[];
}

/** Which frames of which field, both ends in it, and whether more than their times is needed. */
export interface FeedRange {
  readonly run: number;
  readonly field: string;
  readonly fromTick: number;
  readonly toTick: number;
  readonly values: boolean;
}

export type FeedOrder =
  | { readonly type: 'open'; readonly feed: number; readonly range: FeedRange }
  | { readonly type: 'next'; readonly feed: number }
  | { readonly type: 'close'; readonly feed: number };

/** Some frames, or parts of them, one behind the other. Memory of numbers may be longer. */
export interface FeedFrames {
  readonly ticks: Float64Array;
  readonly timesSeconds: Float64Array;
  /** The first sample of each in its frame. */
  readonly firstSamples: Int32Array;
  readonly counts: Int32Array;
  /** Null where only times were asked for. */
  readonly values: Float64Array<ArrayBuffer> | Float32Array<ArrayBuffer> | null;
  /** Of points; null where the topology says where samples are. */
  readonly positions: Float64Array<ArrayBuffer> | null;
}

export type FeedAnswer =
  | { readonly feed: number; readonly frames: FeedFrames }
  | { readonly feed: number; readonly done: true }
  | { readonly feed: number; readonly failed: string };

export type SqlOrder =
  | { readonly type: 'query'; readonly statement: string }
  | { readonly type: 'rows' }
  /** The statement that runs, if one does. */
  | { readonly type: 'interrupt' }
  | { readonly type: 'close' };

export type SqlAnswer =
  | { readonly type: 'opened' }
  | { readonly type: 'columns'; readonly columns: readonly LensSqlColumn[] }
  /** None: these were all. */
  | { readonly type: 'rows'; readonly rows: readonly (readonly LensSqlValue[])[] }
  | { readonly type: 'failed'; readonly error: PlainError };
