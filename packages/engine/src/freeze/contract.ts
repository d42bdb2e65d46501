// What the still point asks of whoever must hold still.
//
// THE LAW
//  1. open() may take long and pauses nobody.
//  2. suspend() returns when nothing that it guards is in flight and nothing new starts, or rejects. It ends promptly on its
//     signal. After a rejection the caller calls resume() all the same, which ends whatever part of it had begun.
//  3. A suspension ends by itself within its limit when this process dies or stops: by the server (lock, queue), by the watchdog
//     (command), by the application's own timer and the watchdog (HTTP).
//  4. resume() is idempotent. It resolves to 'held' only if the suspension lasted without a gap from suspend() until now;
//     to 'lost' if somebody else ended it. Marks taken meanwhile are worth nothing then. It rejects when it cannot say that
//     nothing is paused any more; the caller tries again.
//  5. check() rejects with FREEZE_LOST if the suspension is known to be over.
//  6. Disposing never rejects and leaves nothing behind: no process, no connection, no timer. It does not resume.
import type { Json, ProgressListener, SnapshotId } from '@stillpoint/core';

export interface Participant {
  readonly name: string;
  /** 'queue': workers of a job queue stop claiming and end what they do; before any lock, which they need for that. */
  readonly kind: 'lock' | 'command' | 'http' | 'queue' | 'run';
  /** Names of the sources and paths of the members that hold still with it; '*' for all. */
  readonly guards: readonly string[] | '*';
  open(options: HoldOptions): Promise<Hold>;
}

export interface HoldOptions {
  /** What the freeze is for; told to the applications. */
  readonly snapshot: SnapshotId;
  /** From the first suspend to the last resume, in milliseconds. */
  readonly budgetMs: number;
  readonly signal: AbortSignal;
  readonly progress: ProgressListener;
}

export interface Hold extends AsyncDisposable {
  /** What the watchdog and the next command need to end this suspension without us; undefined when a server does it. */
  readonly resumeDue?: Json;
  /** `limitMs`: after so long from now the suspension must be over, whatever has become of this process. */
  suspend(signal: AbortSignal, limitMs: number): Promise<void>;
  check(): Promise<void>;
  resume(): Promise<'held' | 'lost'>;
}

/** Numbers of one freeze, in milliseconds; part of every manifest. */
export interface FreezeTimes {
  /** From the moment the first participant was asked to suspend until the last was asked to resume and did. */
  readonly totalMs: number;
  /** Of it: waiting until everybody held still. */
  readonly drainMs: number;
  /** Of it: all marks together. */
  readonly markMs: number;
  readonly participants: readonly {
    readonly name: string;
    readonly drainMs: number;
    readonly heldMs: number;
  }[];
}
