// Capture: frames on their way from a simulation to its lens.
//
// The law of capture:
// 1. offer() copies and goes on. Where no slot is free the frame is dropped, counted, and told to the manifest by the recorder.
// 2. What a field looks at is a finished state, and never the state itself: functions get copies of their own.
// 3. A checkpoint that is durable has all frames up to its tick at least written: flush() gives what its writer waits for.
import type { WatermarkGoal } from '../../thread/index.ts';
import type { LensField, TickRange } from '../contract.ts';

/** What samples may be on their way; kept as float64 or float32, by the precision of the field. */
export type SampledNumbers =
  | Float64Array
  | Float32Array
  | Int32Array
  | Uint32Array
  | Int16Array
  | Uint16Array
  | Int8Array
  | Uint8Array;

export interface SampledField {
  readonly count: number;
  /** `count` samples, each with all of its components. */
  readonly values: SampledNumbers;
  /** One to three coordinates of each sample. Null: where they were in the frame before, or where the topology says. */
  readonly positions: SampledNumbers | null;
}

/** A frame as it is sampled; that of a lens (`LensFrame`) is one. */
export interface SampledFrame {
  readonly tick: number;
  readonly simTimeSeconds: number;
  readonly fields: ReadonlyMap<string, SampledField>;
}

export interface LensCaptureOptions {
  /** `lens/{runId}`. */
  readonly directory: string;
  readonly runId: string;
  readonly world: string;
  readonly fields: readonly LensField[];
  /** Ticks of one chunk. 50,000 */
  readonly chunkTicks?: number;
  /** The checkpoint that the run goes on from: frames after it are cut. Undefined: a run that begins, in an empty directory. */
  readonly resumedTick?: number;
  /** Frames that may be on their way at one time; as many as 32 MiB take, at least 4 and at most 1024, unless told. */
  readonly slots?: number;
  /** Of one frame as it is sampled: so large are the buffers that are made before the first. */
  readonly frameBytes?: number;
  readonly onEvent?: (event: LensEvent) => void;
}

export type LensEvent =
  /** The recorder does not keep up. `dropped` counts all so far. */
  | { readonly type: 'lens:dropped'; readonly tick: number; readonly dropped: number }
  /**
   * Frames were lost for another reason: the disk is full, a field cannot be sampled, the thread died; or a file could not be sealed yet. Told
   * once for each reason, and when the frames that are lost have doubled since.
   */
  | {
      readonly type: 'lens:failed';
      readonly tick: number;
      readonly error: unknown;
      readonly dropped: number;
    }
  /** The lens is being closed, and its disk takes long, or does not answer: so many frames are not written yet. Told now and then. */
  | {
      readonly type: 'lens:waiting';
      readonly tick: number;
      readonly frames: number;
      readonly waitedMs: number;
    };

/** How long the end of a lens is waited for. */
export interface LensCloseOptions {
  /** Aborted: the wait is over. Frames that are not written by then are counted as lost, and LENS_NOT_CLOSED says so. */
  readonly signal?: AbortSignal;
}

/** What a checkpoint says of the lens, and what its writer waits for before that is true. */
export interface LensMark {
  readonly facts: { readonly tick: number; readonly frames: number };
  readonly goal: WatermarkGoal;
}

export interface LensCapture extends AsyncDisposable {
  readonly directory: string;
  readonly fields: readonly LensField[];
  /** Of the newest frame that is in the lens or on its way there; -1: there is none. */
  readonly lastTick: number;
  /** Of the newest frame that was in the lens, or named as dropped, when it was opened; -1: there was none. */
  readonly accountedTick: number;
  /** In the lens or on their way there, those of the run before a resume too. */
  readonly frames: number;
  /** By this process. */
  readonly dropped: number;
  /**
   * False: no slot was free, it was dropped. Never waits, never throws for what a disk does. Ticks only grow, each field is there, and its
   * numbers are those of its samples: a TypeError otherwise, and the lens is as before.
   */
  offer(frame: SampledFrame): boolean;
  /** Frames that were never offered, and should have been: told as those that were dropped. */
  miss(ticks: TickRange, frames: number, error: unknown): void;
  /** Asks for all that was offered to be durable. Undefined: there is nothing yet, or the recorder is lost. */
  flush(): LensMark | undefined;
  /** Tells events. Does not need the event loop. */
  poll(): void;
  /** Waits until all that was taken is durable. Rejects where it is not: the disk is full, or the recorder's thread has died. */
  drain(): Promise<void>;
  /**
   * Waits for all that was offered, however long it takes, and seals the open chunk. Rejects where that failed: what was written is then
   * sealed by the next. With a signal it throws LENS_NOT_CLOSED once that is aborted.
   */
  close(options?: LensCloseOptions): Promise<void>;
}
