// What each side does, in a process of its own: writes all frames until they are on the disk, and reads one field at one tick, or one
// position at all ticks.
import type { FieldName, Frames } from './frames.ts';

export const sideNames = ['ours', 'zarrita', 'h5gzip', 'h5none'] as const;
export type SideName = (typeof sideNames)[number];

export interface Side {
  /** What is done once for a run is done; the function writes, and resolves when what is in the directory survives a loss of power. */
  writer(frames: Frames, directory: string): Promise<() => Promise<void>>;
  /** Everything that can be kept open is. */
  open(directory: string): Promise<OpenedSide>;
}

export interface OpenedSide {
  tick(field: FieldName, frame: number): Promise<Float64Array>;
  series(field: FieldName, cell: number): Promise<Float64Array>;
  close(): Promise<void>;
}

export type SideOrder =
  | { readonly type: 'write'; readonly directory: string }
  | { readonly type: 'read'; readonly directory: string };

/** Milliseconds of one read. */
export interface ReadTimes {
  /** From a file that nobody has open to the first answer. */
  readonly coldMs: number;
  readonly tickMs: Readonly<Record<FieldName, number>>;
  readonly seriesMs: Readonly<Record<FieldName, number>>;
}

export interface WriteCost {
  readonly wallMs: number;
  /** Of all threads. */
  readonly cpuMs: number;
}

export interface SideAnswer {
  readonly write?: WriteCost;
  readonly read?: ReadTimes;
  /** Of this process so far, with the frames, which every side holds. */
  readonly peakBytes: number;
}
