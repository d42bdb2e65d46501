// The directory of a run: `DIR/{runId}` with its checkpoints, a manifest, and `latest`.
//
// The law of run directories:
// 1. Files are the truth. The manifest is a list of them, in the order in which they were written; where it is missing or behind it is
//    made anew from the files.
// 2. One process writes a run. The lock is the kernel's and ends with the process; nothing is ever decided by a clock.
// 3. `latest` names a file that was read back before it had its name. Neither it nor the base of a kept checkpoint is ever removed.
import type { CheckpointFacts } from '../checkpoint/contract.ts';
import type { Digest } from '@stillpoint/core';

/** As it was told last; a run that nobody writes any more and that says `running` was interrupted. */
export type RunStatus = 'running' | 'finished' | 'stopped' | 'failed';

export interface CheckpointRecord {
  readonly tick: number;
  /** Within the directory of the run. */
  readonly file: string;
  readonly bytes: number;
  /** Over the whole file. */
  readonly digest: Digest;
  /** The file that it needs; null: it stands for itself. */
  readonly base: string | null;
  /** ISO 8601; shown, never compared. */
  readonly createdAt: string;
}

/** What a run is, known before its first tick. */
export interface RunFacts {
  readonly world: { readonly name: string; readonly hash: Digest };
  readonly seed: string;
  readonly parameters: Readonly<Record<string, number>>;
  readonly lineage: CheckpointFacts['lineage'];
}

export interface RunManifest extends RunFacts {
  readonly format: 1;
  readonly runId: string;
  /** ISO 8601; shown, never compared. */
  readonly createdAt: string;
  readonly status: RunStatus;
  /** In the order in which they were written: after a resume from an older one, ticks may fall. */
  readonly checkpoints: readonly CheckpointRecord[];
}

/** A run that this process may write, until it is disposed of. */
export interface RunDirectory {
  readonly runId: string;
  /** `DIR/{runId}`, absolute. */
  readonly path: string;
  /** As it was when the run was opened. */
  readonly manifest: RunManifest;
  /** Not while a writer is at work in the same directory: what both read and replace is one file. */
  setStatus(status: RunStatus): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface OpenRunOptions {
  /** That holds the runs; made where it is missing. */
  readonly directory: string;
  readonly runId: string;
  /** What a new run is; a run that has checkpoints is not made anew (RUN_EXISTS). Without it the run must be there (RUN_UNKNOWN). */
  readonly create?: RunFacts & { readonly createdAt: string };
}

export interface RunListing {
  readonly runId: string;
  readonly path: string;
  /** With the checkpoints that are there now. */
  readonly manifest: RunManifest;
  /** Some process writes it at this moment. */
  readonly busy: boolean;
  /** It is the one that was opened last to be written. */
  readonly latest: boolean;
}

export interface NewestCheckpoint {
  /** Absolute. */
  readonly file: string;
  readonly tick: number;
  /** Newer ones that did not verify, newest first. */
  readonly skipped: readonly { readonly file: string; readonly why: string }[];
}
