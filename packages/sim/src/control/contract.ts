// Speaking with a run that goes on: who asks over a socket, who answers, and what the simulation's thread has to do for it.
//
// The law of control:
// 1. The simulation's thread reads one number between two ticks. A thread of its own has the socket, reads what clients write and
//    answers; no client, however slow, broken or dead, is waited for by a tick.
// 2. What changes a run happens between two ticks and on the simulation's thread: that one alone offers checkpoints.
// 3. A pause is somebody's: it ends by its own resume, by its own time, or by a resume of all. The run is held while there is any.
//    One with a time to live ends by itself on the run's own clock, whatever has become of who asked for it.
// 4. A checkpoint is answered for when its file is durable, or with what became of it instead.
// Normative: docs/format/control.md. docs/decisions/0035 has why.
import type { CheckpointOutcome } from '../checkpoint/contract.ts';

/** The simulation, as whoever controls it sees it. All are called on its own thread, between two ticks. */
export interface ControlledRun {
  /**
   * Hands the state of now to the writer. Undefined: all slots are taken, it was dropped. Where that of this tick was taken before, that
   * one. What became of it is told by settle().
   */
  offerCheckpoint(): { readonly tick: number; readonly file: string } | undefined;
  /** Checkpoints every so many ticks from now on. */
  setStride(ticks: number): void;
  /** The next tick is not begun: the run writes its last checkpoint and ends. */
  stop(): void;
  /** Looks what the writer has ended and tells it by settle(). Called while the run is held, when its loop does not. */
  collect(): void;
}

export interface Control {
  /** Where clients find it; absolute. */
  readonly socket: string;
  /** What `status` says. Two numbers are written, nothing else happens. */
  tell(tick: number, simTimeSeconds: number): void;
  /** A checkpoint that was offered, by whomever, has ended. */
  settle(outcome: CheckpointOutcome): void;
  /** Checkpoints that were dropped so far. */
  tellDropped(count: number): void;
  /** Between two ticks. Carries out what is asked for. 'held': no tick may begin before hold() or untilReleased() has ended. */
  poll(run: ControlledRun): 'go' | 'held';
  /** Waits until nobody holds the run, with no turn of the event loop: for loops that have none. */
  hold(run: ControlledRun): void;
  /** The same, and the event loop goes on, so that signals come through. Ends too when `signal` aborts. */
  untilReleased(run: ControlledRun, signal?: AbortSignal): Promise<void>;
  /** The run has ended: who waits is told, the socket is removed. `last` is its last checkpoint. A second call waits for the first. */
  close(last?: { readonly tick: number; readonly file: string }): Promise<void>;
}

export interface ControlOptions {
  /** `DIR/{runId}`, absolute. Its lock is held by the caller: of two that control one run neither would know. */
  readonly runDirectory: string;
  readonly runId: string;
  /** Short, of this user alone: holds the socket where the run's directory has a long path, and says which runs there are. */
  readonly socketDirectory: string;
  /** What `status` says of the run besides its numbers. */
  readonly untilTick?: number | undefined;
  /** The checkpoint that the run goes on from, where it is one of its own. */
  readonly newest?: { readonly tick: number; readonly file: string } | undefined;
}

/** What `status` answers. */
export interface ControlStatus {
  readonly runId: string;
  readonly pid: number;
  readonly directory: string;
  readonly startedAt: string;
  readonly tick: number;
  /** Null: until it is stopped. */
  readonly untilTick: number | null;
  readonly simTimeSeconds: number;
  readonly ticksPerSecond: number;
  readonly paused: boolean;
  readonly checkpoints: {
    readonly written: number;
    readonly failed: number;
    readonly dropped: number;
    /** The newest that is durable; null: none yet. */
    readonly last: { readonly tick: number; readonly file: string } | null;
  };
}

/** `control.json` in the directory of a run: how it is reached while it runs. What a dead process left is found by asking. */
export interface ControlFile {
  readonly format: 1;
  readonly runId: string;
  readonly pid: number;
  /** Absolute, or relative to the directory of the file. */
  readonly socket: string;
}
