// A run: one world that is stepped, from its first tick or from a checkpoint.
//
// The law of runs:
// 1. A tick is whole or not there. A step that throws leaves the newest set as it was.
// 2. What a tick does follows from the newest set, the parameters and the assets; who watches, holds or asks changes nothing.
// 3. Nothing on the simulation's thread waits for a checkpoint.
import type { Clock, Digest } from '@stillpoint/core';
import type {
  CheckpointFacts,
  CheckpointWriter,
  OpenCheckpoint,
  WorldIdentity,
} from '../checkpoint/contract.ts';
import type { Control } from '../control/contract.ts';
import type { LensCapture, LensEvent, SampledFrame } from '../lens/capture/contract.ts';
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
  /** The newest finished one; 0 before the first. */
  readonly tick: number;
  /** Of the world, at the end of that tick. */
  readonly simTimeSeconds: number;
  /** A new object. */
  clock(): ClockState;
  /** The era of the coming tick. */
  era(): string;
  /** Makes one tick. */
  step(): void;
  /** Gets the memory for so many pairs at a time, so that no tick waits for it later. */
  prepare(pairs: number): void;
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
  readonly lineage?: CheckpointFacts['lineage'];
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
  | { readonly type: 'checkpoint:failed'; readonly tick: number; readonly error: unknown }
  | LensEvent
  /** The checkpoint of this tick was written though the frames up to it were not durable in time: it says of no lens. */
  | { readonly type: 'lens:missed'; readonly tick: number };

/** When checkpoints are taken. Both may be given; neither: only when somebody asks. */
export interface Cadences {
  /** After ticks that are a multiple of it. */
  readonly strideTicks?: number;
  /** Of wall time. */
  readonly intervalMs?: number;
}

/** Frames of a run, taken while it is driven; closed by its owner. */
export interface DrivenLens {
  readonly capture: LensCapture;
  /** Of the state that a view shows. */
  readonly sampler: { sample(view: AnyView): SampledFrame };
  /** At ticks that are a multiple of it. */
  readonly strideTicks: number;
}

export interface DriveOptions {
  /** The last tick. Undefined: until it is stopped. */
  readonly untilTick?: number;
  readonly checkpoints?: {
    readonly writer: CheckpointWriter;
    readonly label: RunLabel;
    readonly cadence: Cadences;
    /** Where the writer puts the checkpoint of a tick. */
    readonly fileOf: (tick: number) => string;
    /** That the run goes on from, where it is in the same directory. */
    readonly newest?: { readonly tick: number; readonly file: string };
  };
  readonly lens?: DrivenLens;
  /** Asked between two ticks, on this thread; closed by its owner. */
  readonly control?: Control;
  readonly onEvent?: (event: DriveEvent) => void;
  /** Aborted: no further tick; the last checkpoint is still taken. */
  readonly signal?: AbortSignal;
  /** How long ticks are made before the event loop gets its turn. 20 */
  readonly sliceMs?: number;
  readonly clock?: Clock;
}

export interface Ended {
  readonly reason: 'reached' | 'stopped' | 'aborted';
  readonly tick: number;
  readonly checkpoints: {
    readonly written: number;
    readonly dropped: number;
    readonly failed: number;
    readonly last: { readonly tick: number; readonly file: string } | null;
  };
}

/** What a forced resume could not take over as it was. */
export interface ForcedMapping {
  /** In the checkpoint, and not in the world any more. */
  readonly dropped: readonly string[];
  /** In the world, and not in the checkpoint (or there in another form): as `init` makes it. */
  readonly defaulted: readonly string[];
}

export interface ResumeOptions {
  readonly world: World;
  readonly checkpoint: OpenCheckpoint;
  /** Of the world as it is now. */
  readonly identity: WorldIdentity;
  readonly assets?: Readonly<Record<string, Uint8Array>>;
  /** Takes over by name what can be taken over, though the world is another one. */
  readonly force?: boolean;
  readonly slots?: number;
}

export interface Resumed {
  readonly run: Run;
  readonly runId: string;
  readonly lineage: CheckpointFacts['lineage'];
  /** Of the runtime, that it is another one; of a forced resume, what was changed in the world. */
  readonly warnings: readonly string[];
  /** Null where the world is the same. */
  readonly forced: ForcedMapping | null;
}
