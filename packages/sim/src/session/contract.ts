// A session: one process at work on one run, from its start or its newest checkpoint to where it was told to stop. Composes what the other
// rooms have: the directory's lock, the writer's thread, control, and the loop.
//
// The law of sessions:
// 1. Checkpoints of one history are never put among those of another: an older checkpoint, one from elsewhere, or one that a
//    changed world takes over by name, begins a new run that says where it came from.
// 2. A run that died before its first checkpoint is begun again with its seed and parameters: that is the same run.
// 3. However it ends, the state that is whole has a checkpoint, and the manifest says how it ended.
import type { Clock, Digest } from '@stillpoint/core';
import type { AskedFields } from '../lens/capture/index.ts';
import type { NewestCheckpoint } from '../directory/contract.ts';
import type { Cadences, DriveEvent, Ended, ForcedMapping } from '../runner/contract.ts';
import type { LoadedWorld } from '../world/contract.ts';

/** What a session begins with. */
export type Beginning =
  /** A new run; without an id it gets one of the world's name, the time and chance. Throws RUN_EXISTS. */
  | { readonly begin: 'new'; readonly runId?: string }
  /** A file, the directory of a run, or the id of one; without, the latest run. Throws RUN_UNKNOWN, RUN_NO_CHECKPOINT. */
  | { readonly begin: 'resume'; readonly from?: string; readonly runId?: string }
  /** The run of this id, whether it is there or not. */
  | { readonly begin: 'either'; readonly runId: string };

export interface SessionStore {
  /** That holds the runs. Absolute. */
  readonly directory: string;
  readonly beginning: Beginning;
  /** Every 30 s where neither is given. */
  readonly cadence?: Cadences;
  /** Checkpoints to keep; undefined: all. */
  readonly keep?: number;
  /** Every nth checkpoint is whole. 1 */
  readonly fullEvery?: number;
  /** Resume though the world was changed, by name. */
  readonly force?: boolean;
  /** Where control may put its socket; without, nobody can ask this run anything. */
  readonly socketDirectory?: string;
}

/** What an observer keeps of the run. Nothing of it is causal: with it or without, the run is the same. */
export interface SessionLens {
  /** That holds the lenses of runs. Absolute. */
  readonly directory: string;
  readonly fields?: AskedFields;
  /** A frame at ticks that are a multiple of it. 100 */
  readonly strideTicks?: number;
  /** Ticks of one file. 50,000 */
  readonly chunkTicks?: number;
}

export interface SessionOptions {
  readonly loaded: LoadedWorld;
  /** Of a new run; one that goes on keeps its own. */
  readonly seed?: string;
  readonly parameters?: Readonly<Record<string, number>>;
  /** Ticks more from where the run stands, or the last tick. Neither: until it is stopped. */
  readonly steps?: number;
  readonly untilTick?: number;
  /** Without, nothing is written. */
  readonly store?: SessionStore;
  readonly lens?: SessionLens;
  readonly onEvent?: (event: SessionEvent) => void;
  /** Aborted: the last checkpoint is written and the session ends as `aborted`. */
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
}

export type SessionEvent =
  | DriveEvent
  | {
      readonly type: 'started';
      /** Null where nothing is written. */
      readonly runId: string | null;
      readonly directory: string | null;
      readonly tick: number;
      /** The last tick; null: until it is stopped. */
      readonly untilTick: number | null;
      readonly resumedFrom: string | null;
      readonly skipped: NewestCheckpoint['skipped'];
      readonly forced: ForcedMapping | null;
    }
  | {
      readonly type: 'lens:opened';
      /** Of the lens; also where the run has no checkpoints, and so no directory. */
      readonly runId: string;
      readonly directory: string;
      readonly fields: readonly string[];
      readonly strideTicks: number;
    }
  | { readonly type: 'warned'; readonly text: string };

export interface SessionEnd {
  readonly runId: string | null;
  readonly reason: Ended['reason'];
  readonly tick: number;
  readonly simTimeSeconds: number;
  readonly stateHash: Digest;
  readonly checkpoints: Ended['checkpoints'];
  /** Null without one. */
  readonly lens: {
    readonly directory: string;
    readonly frames: number;
    readonly dropped: number;
  } | null;
}
