// A run: one world that is stepped, from its first tick or from a checkpoint.
//
// The law of runs:
// 1. A tick is whole or not there. A step that throws leaves the newest set as it was.
// 2. What a tick does follows from the newest set, the parameters and the assets; who watches, holds or asks changes nothing.
// 3. Nothing on the simulation's thread waits for a checkpoint.
import type { Digest } from '@stillpoint/core';
import type { CheckpointWriter, WorldIdentity } from '../checkpoint/contract.ts';
import type { ClockState, HeldPair, StateLayout } from '../state/contract.ts';
import type { StepView, World, WorldView } from '../world/contract.ts';

// oxlint-disable-next-line typescript/no-explicit-any -- the view of any world; its author knows the names
export type AnyView = WorldView<any, any, any>;
// oxlint-disable-next-line typescript/no-explicit-any -- what a step gets was checked against its own world's types
export type AnyStep = StepView<any, any, any>;

export interface RunOptions {
  readonly world: World;
  /** Any text; the streams of random numbers follow from it. `1` */
  readonly seed?: string;
  /** Those that differ from what the world says. */
  readonly parameters?: Readonly<Record<string, number>>;
  /** Bytes of the assets that the world names (`loadWorld` reads them). */
  readonly assets?: Readonly<Record<string, Uint8Array>>;
  /** Checkpoints that may be under way at one time. 2 */
  readonly slots?: number;
}

export interface Run {
  readonly world: World;
  readonly layout: StateLayout;
  readonly seed: string;
  /** All of them, in declared order. */
  readonly parameters: Readonly<Record<string, number>>;
  /** Of the newest finished tick. A new object. */
  clock(): ClockState;
  /** The era of the coming tick. */
  era(): string;
  /** Makes one tick. */
  step(): void;
  /** The newest pair, which nobody writes until it is released; undefined where too many are held. */
  hold(): HeldPair | undefined;
  stateHash(): Digest;
  /** The newest finished state, to look at now: the tick after the next one writes where it shows to. */
  view(): AnyView;
}

/** What a checkpoint says of its run besides the state. */
export interface RunLabel {
  readonly runId: string;
  readonly identity: WorldIdentity;
  readonly lineage?: {
    readonly runId: string;
    readonly tick: number;
    readonly digest: Digest;
  } | null;
  /** Says the state hash in each checkpoint; costs the simulation's thread a pass over the state. */
  readonly withStateHash?: boolean;
}

export type DriveEvent =
  | { readonly type: 'progress'; readonly tick: number; readonly simTimeSeconds: number }
  | { readonly type: 'era'; readonly tick: number; readonly from: string; readonly to: string }
  | {
      readonly type: 'checkpoint:written';
      readonly tick: number;
      readonly file: string;
      readonly bytes: number;
      readonly full: boolean;
      readonly durationMs: number;
    }
  /** All slots were taken. `dropped` counts all so far. */
  | { readonly type: 'checkpoint:dropped'; readonly tick: number; readonly dropped: number }
  | { readonly type: 'checkpoint:failed'; readonly tick: number; readonly error: unknown };

/** When checkpoints are taken. Both may be given; neither: only when somebody asks. */
export interface Cadences {
  /** After ticks that are a multiple of it. */
  readonly strideTicks?: number;
  /** Of wall time. */
  readonly intervalMs?: number;
}

/** Asked between two ticks, on the simulation's thread. */
export interface Control {
  /** Called after every tick; may hold the thread (a pause). */
  poll(drive: Driven): void;
  /** What became of checkpoints, whoever asked for them. */
  ended?(event: DriveEvent): void;
}

/** What a control may do to a run that is driven. */
export interface Driven {
  readonly run: Run;
  /** Offers the newest state. False: dropped. */
  checkpoint(): boolean;
  /** Ends after this tick. */
  stop(): void;
  setStride(ticks: number | undefined): void;
}

export interface DriveOptions {
  /** The last tick. Undefined: until it is stopped. */
  readonly untilTick?: number;
  readonly checkpoints?: {
    readonly writer: CheckpointWriter;
    readonly label: RunLabel;
    readonly cadence: Cadences;
    /** A last one at the end, unless the newest tick has one. true */
    readonly final?: boolean;
  };
  readonly control?: Control;
  readonly onEvent?: (event: DriveEvent) => void;
  /** Aborted: no further tick; the final checkpoint is still taken. */
  readonly signal?: AbortSignal;
  /** How long ticks are made before the event loop gets its turn. 20 */
  readonly sliceMs?: number;
}

export interface Ended {
  readonly reason: 'reached' | 'stopped' | 'aborted';
  readonly tick: number;
  readonly checkpointsWritten: number;
  readonly checkpointsDropped: number;
}
