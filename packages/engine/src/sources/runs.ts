// Runs of simulations as `diff` sees them: the newest checkpoint of each, as a file that the simulation's own reader can open.
import type { Json } from '@stillpoint/core';
import type { ObjectSource } from './contract.ts';

/** The newest of a run. */
export interface RunCheckpoint {
  readonly tick: number;
  /** As it says of itself; undefined: that could not be read. Those of equal digest are equal. */
  readonly digest: string | undefined;
  /** Of its file and the one that it rests on, at most. */
  readonly bytes: number;
  /**
   * Its file, with what it rests on beside it: where it lies, or written into `directory`, which is not there yet and the caller's to
   * remove. Undefined: it is gone since.
   */
  toFile(directory: string, signal: AbortSignal): Promise<string | undefined>;
}

/** By the names of the runs. */
export type RunCheckpoints = ReadonlyMap<string, RunCheckpoint>;

export interface RunAccess {
  /** Of the run that a snapshot would capture now. */
  live(): Promise<RunCheckpoints>;
  captured(record: Json, source: ObjectSource): RunCheckpoints;
}
