// What a lens is opened with, and what becomes of its frames.
import type { LensField, LensFrame, TickRange } from '../contract.ts';

export interface RecorderOptions {
  /** `lens/{runId}`; made if it is not there. */
  readonly directory: string;
  readonly runId: string;
  readonly world: string;
  readonly fields: readonly LensField[];
  /** Ticks of one chunk. */
  readonly chunkTicks: number;
  /** The checkpoint that the run goes on from: frames after it are cut. Undefined: a run that begins, in an empty directory. */
  readonly resumedTick?: number;
}

/** Ticks whose frames were not taken, one after the other: the disk was too slow, or failed. */
export interface Dropped {
  readonly ticks: TickRange;
  readonly frames: number;
  readonly reason: 'slow' | 'failed';
}

export interface ChunkEntry {
  readonly file: string;
  readonly ticks: TickRange;
  readonly frames: number;
  readonly sizeBytes: number;
}

/** `manifest.json`: made again from the files whenever they say otherwise; only what was dropped is known here alone. */
export interface LensManifest {
  readonly version: 1;
  readonly runId: string;
  readonly world: string;
  readonly chunkTicks: number;
  readonly fields: readonly (Omit<LensField, 'precision'> & { readonly precision: string })[];
  readonly chunks: readonly ChunkEntry[];
  readonly dropped: readonly Dropped[];
}

/** Writes the frames of one run. One at a time, in its own thread or in a test. */
export interface Recorder {
  /** Frames that are in the lens, of all of its chunks. */
  readonly frames: number;
  readonly lastTick: number;
  /** Of the newest frame that is in the lens or named as dropped. */
  readonly accountedTick: number;
  /** Where it throws the frame is not in the lens; the next may be. Positions that are the same array as before are written once. */
  append(frame: LensFrame): Promise<void>;
  /** One after the other, none of them told before. Where it throws they are not told yet. */
  drop(...dropped: readonly Dropped[]): Promise<void>;
  /** Until here nothing is lost by a loss of power: before each checkpoint. Throws as long as a full chunk is not durable. */
  flush(): Promise<{ readonly tick: number; readonly frames: number }>;
  /** Seals the open chunk, and what could not be sealed before. Where it throws, what is left is sealed by the next who opens the lens. */
  close(): Promise<void>;
}
