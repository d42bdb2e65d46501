// Checkpoints for a loop that somebody has already: no world to define, any typed arrays and JSON.
//
// The law of own loops:
// 1. tick() and offer() copy the state once, into buffers that are there already, and never wait. They need no turn of the event loop.
// 2. What state() gives is all that the next tick depends on. What it leaves out is not there after a restore.
// 3. One run, one history: a loop that began anew writes no checkpoint into a run that has some, and one that goes on from an older
//    checkpoint is a new run that remembers where it came from.
import type { Clock, Digest, ProgressListener } from '@stillpoint/core';
import type { CheckpointOutcome } from '../checkpoint/contract.ts';
import type { LensCapture } from '../lens/capture/contract.ts';
import type { OwnHash } from './own-identity.ts';
import type { OwnArray, OwnArrays, OwnState } from './own-state.ts';

export interface CheckpointerOptions<A extends OwnArrays> {
  /** Where the runs are, e.g. `./checkpoints`. Made when it is not there. */
  readonly directory: string;
  /** Called at the start and for each checkpoint. Views of WebAssembly's memory are to be made anew in it. */
  readonly state: () => OwnState<A>;
  /** A new one unless told; restore() then goes on with the latest run of this name. */
  readonly runId?: string;
  /** What the loop is called; run ids begin with it. `loop` */
  readonly name?: string;
  /** What the state means: a version or hash of the code, and parameters that must not change. Compared by restore(). */
  readonly hash?: OwnHash;
  /** Of a new run: shown with each checkpoint, not compared. restore() gives back those of the run that goes on, which keeps them. */
  readonly parameters?: Readonly<Record<string, number>>;
  /** tick() offers at ticks that are a multiple of this. */
  readonly stride?: number;
  /** tick() offers when so long has passed since the last. 30 seconds, where no stride is given */
  readonly intervalMs?: number;
  /** Checkpoints kept of this run; all unless told. */
  readonly keep?: number;
  /** Copies of the state that may be on their way to the disk. 2 */
  readonly slots?: number;
  /** Every nth checkpoint is whole, those between hold only pages that changed. 1 */
  readonly fullEvery?: number;
  /**
   * What observes the loop, if anything does: a checkpoint is durable only after the frames that were offered before it. Asked at each, for
   * it is opened after restore(), with the tick of that.
   */
  readonly lens?: () => Pick<LensCapture, 'flush'> | undefined;
  /** What is worth knowing: checkpoints dropped or failed. Warnings of the process unless told. */
  readonly onProgress?: ProgressListener;
  readonly clock?: Clock;
}

export interface RestoreOptions {
  /** Restores although the hash differs. Arrays are matched by name; `missing` says which were not there. */
  readonly force?: boolean;
}

export interface Restored<A extends OwnArrays> {
  readonly runId: string;
  readonly tick: number;
  readonly simTimeSeconds: number;
  readonly file: string;
  /** The loop's own arrays, filled, where type and length were the same; else new ones. */
  readonly arrays: A;
  /** Arrays of the checkpoint that the loop has not; only with `force`. */
  readonly dropped: Readonly<Record<string, OwnArray>>;
  /** Those of `arrays` that are new, and wait for the loop to take them. */
  readonly fresh: readonly string[];
  /** Arrays of the loop that the checkpoint lacks; only with `force`. They are as they were. */
  readonly missing: readonly string[];
  readonly json: unknown;
  readonly parameters: Readonly<Record<string, number>>;
  /** Newer checkpoints that did not verify, and why. */
  readonly skipped: readonly { readonly file: string; readonly why: string }[];
}

export interface Checkpointer<A extends OwnArrays> extends AsyncDisposable {
  readonly runId: string;
  /** So far, as far as poll() or tick() has seen. */
  readonly counts: { readonly written: number; readonly failed: number; readonly dropped: number };
  /** The newest that is durable. */
  readonly newest: { readonly tick: number; readonly file: string } | null;
  /** Says that a tick is done; offers a checkpoint when one is due. True: it is on its way. Ticks never fall: a TypeError. */
  tick(tick: number, simTimeSeconds?: number): boolean;
  /** Offers one now. False: all slots are taken, it was dropped and counted. */
  offer(tick: number, simTimeSeconds?: number): boolean;
  /** What has ended since the last call, at most the newest hundred. */
  poll(): readonly CheckpointOutcome[];
  /** Waits until the state of now is durable, and for nothing less: for the end of a run. Throws CKPT_WRITE_FAILED. */
  checkpoint(tick: number, simTimeSeconds?: number): Promise<{ readonly file: string }>;
  /** Of the state of now: equal hashes mean that the next tick will be equal. A pass over the state. */
  stateHash(): Digest;
  /**
   * Before the first tick. The newest checkpoint that verifies, of this run or the latest one; or `from`: a file, a run, or a run's
   * directory. Undefined: there is none yet. Throws RUN_WORLD_CHANGED, RUN_BUSY, CKPT_FOREIGN and CKPT_DAMAGED.
   */
  restore(from?: string, options?: RestoreOptions): Promise<Restored<A> | undefined>;
  /** Waits until all that was taken has ended. */
  close(): Promise<void>;
}
