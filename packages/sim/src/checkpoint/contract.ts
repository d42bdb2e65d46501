// Checkpoints: the causal state of a run in one file that can be checked by itself.
//
// The law of checkpoints:
// 1. Never blocks. The simulation's thread hands over what it holds and goes on; a worker hashes, compresses, writes, fsyncs, renames.
//    Where all slots are taken the checkpoint is dropped, counted and said: a lost checkpoint is better than a waiting simulation.
// 2. Whole or not there. A file has its name only when all of its bytes are durable; `latest` names a file that verified.
// 3. Self-verifying. Every byte is covered by a BLAKE3 digest; each section can be read and checked without the others.
// 4. Trusted for nothing. A reader checks every length against the file before it allocates, and refuses what it does not know.
// Normative: docs/format/checkpoint.md.
import type { Digest } from '@stillpoint/core';
import type { DType, SectionKind } from '../state/contract.ts';
import type { WatermarkGoal } from '../thread/index.ts';

/** Which world it was, in parts, so that a mismatch can name what changed. */
export interface WorldIdentity {
  readonly name: string;
  /** Over all parts. */
  readonly hash: Digest;
  readonly parts: {
    /** Of the canonical IR, and of each of its entries: `signal temperature`, `parameter rotation`. */
    readonly ir: Digest;
    readonly entries: Readonly<Record<string, Digest>>;
    /** Of the bundled code; and of each module in it, by its path relative to the world's directory. */
    readonly bundle: Digest | null;
    readonly modules: Readonly<Record<string, Digest>>;
    readonly assets: Readonly<Record<string, Digest>>;
    /** `name@version` and integrity of packages that are bundled. */
    readonly packages: Readonly<Record<string, string>>;
  };
}

export interface RuntimeFacts {
  readonly node: string;
  readonly v8: string;
  readonly platform: string;
  readonly arch: string;
}

/** What is known of a checkpoint besides its arrays. Plain JSON in the file. */
export interface CheckpointFacts {
  readonly runId: string;
  readonly tick: number;
  readonly simTimeSeconds: number;
  readonly era: string;
  /** ISO 8601; shown, never compared. */
  readonly createdAt: string;
  readonly world: WorldIdentity;
  readonly runtime: RuntimeFacts;
  readonly seed: string;
  readonly parameters: Readonly<Record<string, number>>;
  /** Names of eras and strata, by which a forced resume maps, and their state. */
  readonly eras: readonly string[];
  readonly strata: readonly string[];
  readonly stateHash: Digest | null;
  /** Captured up to here, durable before this checkpoint; null without a lens. */
  readonly lens: { readonly tick: number; readonly frames: number } | null;
  /** The run that this one was forked from. */
  readonly lineage: {
    readonly runId: string;
    readonly tick: number;
    readonly digest: Digest;
  } | null;
  /** JSON of a user's own loop; null for worlds. */
  readonly own: unknown;
}

/** One array on its way into a file. `current/temperature`, `previous/particle.position`, `current/@clock`. */
export interface SectionSource {
  readonly name: string;
  readonly kind: SectionKind;
  readonly dtype: DType;
  /** With the instances alive as its first number where it is a member. */
  readonly shape: readonly number[];
  readonly buffer: SharedArrayBuffer;
  readonly offsetBytes: number;
  readonly lengthBytes: number;
}

export interface CheckpointOffer {
  readonly facts: CheckpointFacts;
  readonly sections: readonly SectionSource[];
  /** Come when the frames that `facts.lens` names are durable; where it does not come in time the checkpoint says of no lens. */
  readonly lensGoal?: WatermarkGoal;
  /** Called on the offering thread (in `poll`) once nobody reads the buffers any more, whatever the outcome. */
  readonly release: () => void;
}

export type CheckpointOutcome =
  | {
      readonly outcome: 'written';
      readonly tick: number;
      readonly file: string;
      readonly bytes: number;
      readonly full: boolean;
      readonly durationMs: number;
      /** The frames of its lens were not durable in time. */
      readonly lensMissed?: true;
    }
  | { readonly outcome: 'failed'; readonly tick: number; readonly error: unknown };

/** The offering thread's side of the worker. */
export interface CheckpointWriter {
  /** False where all slots are taken: dropped. Never waits, never throws for what a disk does. */
  offer(offer: CheckpointOffer): boolean;
  /** Slots that would take an offer now. */
  readonly free: number;
  /** Offers refused so far. */
  readonly dropped: number;
  /**
   * What has ended since the last call. Does not need the event loop; only that its thread was lost is known to a loop that never turns
   * when it does: until then its slots stay taken.
   */
  poll(): readonly CheckpointOutcome[];
  /** Waits until all that was taken has ended. */
  drain(): Promise<readonly CheckpointOutcome[]>;
  /** What is not written yet is given up: drain() first. */
  close(): Promise<void>;
}

export interface WriterOptions {
  /** `DIR/{runId}`; made, with its manifest, by `directory/`. */
  readonly runDirectory: string;
  /** 2 */
  readonly slots?: number;
  /** Checkpoints kept; those that a kept one needs as its base stay too. Undefined: all. */
  readonly keep?: number;
  /** Every nth is whole, those between hold changed pages only. 1: all are whole. */
  readonly fullEvery?: number;
}

/** A section as the table of a file describes it. */
export interface SectionEntry {
  readonly name: string;
  readonly kind: SectionKind;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly plainBytes: number;
  readonly storedBytes: number;
  /** Of the plain bytes. */
  readonly digest: Digest;
}

export interface OpenCheckpoint {
  readonly path: string;
  readonly facts: CheckpointFacts;
  readonly sections: readonly SectionEntry[];
  /** Digest over the whole file. */
  readonly digest: Digest;
  /** Null for a whole one. */
  readonly base: { readonly file: string; readonly digest: Digest } | null;
  /** Reads and verifies one section. Throws CKPT_DAMAGED. */
  read(name: string): Promise<Uint8Array>;
  /** Into `target`, which has just the section's length. */
  readInto(name: string, target: Uint8Array): Promise<void>;
  /** Every byte of it, and of its base. Throws CKPT_DAMAGED. */
  verify(signal?: AbortSignal): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}
