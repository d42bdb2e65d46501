// Drives a run to its end: ticks, checkpoints by their cadence, control between two ticks, and a turn of the event loop now and then,
// so that signals and timers come through. Nothing here waits for a checkpoint before the last one.
import { systemClock, type Clock } from '@stillpoint/core';
import type { CheckpointOutcome } from '../checkpoint/contract.ts';
import type { ControlledRun } from '../control/contract.ts';
import type { DrivenLens, DriveEvent, DriveOptions, Ended, Run } from './contract.ts';
import { offerOf } from './offer.ts';

/** Often enough for a key to feel heard, seldom enough to cost nothing. */
const USUAL_SLICE_MS = 20;

/**
 * Rejects with what a step threw, after a checkpoint of the last whole state; and with why the last checkpoint was not written. Of
 * checkpoints before it, `onEvent` tells.
 */
export async function driveRun(run: Run, options: DriveOptions = {}): Promise<Ended> {
  const drive = new Drive(run, options);
  try {
    await drive.toItsEnd();
  } catch (error) {
    // What went wrong is said, not that its checkpoint failed too.
    await drive.lastCheckpoint().catch(() => {});
    throw error;
  }
  await drive.lastCheckpoint();
  return drive.ended();
}

interface Offered {
  readonly tick: number;
  readonly file: string;
}

class Drive implements ControlledRun {
  readonly #run: Run;
  readonly #options: DriveOptions;
  readonly #clock: Clock;
  readonly #emit: (event: DriveEvent) => void;
  #strideTicks: number;
  #reason: Ended['reason'] | undefined;
  #offered: Offered | undefined;
  #last: Offered | null = null;
  #lastOfferMs: number;
  #written = 0;
  #dropped = 0;
  #failed = 0;

  constructor(run: Run, options: DriveOptions) {
    this.#run = run;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#emit = options.onEvent ?? ((): void => {});
    this.#strideTicks = options.checkpoints?.cadence.strideTicks ?? 0;
    this.#lastOfferMs = this.#clock.monotonicMs();
    this.#offered = options.checkpoints?.newest;
    this.#last = this.#offered ?? null;
    run.prepare(options.checkpoints?.writer.free ?? 0);
  }

  async toItsEnd(): Promise<void> {
    const { signal, control, sliceMs = USUAL_SLICE_MS, lens } = this.#options;
    // A run that goes on has the frame of its tick already, or has it named as dropped.
    if (lens !== undefined && knownTick(lens) < this.#run.tick) this.#observe(lens);
    for (;;) {
      this.collect();
      this.#tellProgress();
      // Even a run that is at its end is asked once: who waits for it is answered.
      if (control?.poll(this) === 'held') await control.untilReleased(this, signal);
      if (this.#isOver()) return;
      this.#slice(this.#clock.monotonicMs() + sliceMs);
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    }
  }

  /** Ticks until the time is up, somebody holds the run, or it is over. */
  #slice(untilMs: number): void {
    const run = this.#run;
    const { control, lens } = this.#options;
    const intervalMs = this.#options.checkpoints?.cadence.intervalMs ?? Infinity;
    let era = run.era();
    for (;;) {
      run.step();
      const { tick } = run;
      control?.tell(tick, run.simTimeSeconds);
      if (run.era() !== era) {
        this.#emit({ type: 'era', tick, from: era, to: run.era() });
        era = run.era();
      }
      // Before a checkpoint of the same tick, which has it.
      if (lens !== undefined) this.#observe(lens);
      const nowMs = this.#clock.monotonicMs();
      if (
        (this.#strideTicks > 0 && tick % this.#strideTicks === 0) ||
        nowMs - this.#lastOfferMs >= intervalMs
      ) {
        // Before the offer, so that what has ended makes room for it.
        this.collect();
        this.offerCheckpoint();
      }
      if (control?.poll(this) === 'held' || nowMs >= untilMs || this.#isOver()) return;
    }
  }

  /** Whatever goes wrong in here, the run does not hear of it. */
  #observe({ capture, sampler, strideTicks }: DrivenLens): void {
    const { tick } = this.#run;
    if (tick % strideTicks !== 0) return;
    try {
      capture.offer(sampler.sample(this.#run.view()));
    } catch (error) {
      capture.miss({ start: tick, end: tick + 1 }, 1, error);
    }
  }

  #isOver(): boolean {
    const { signal, untilTick = Infinity } = this.#options;
    if (signal?.aborted === true) this.#reason ??= 'aborted';
    else if (this.#run.tick >= untilTick) this.#reason ??= 'reached';
    return this.#reason !== undefined;
  }

  stop(): void {
    this.#reason ??= 'stopped';
  }

  setStride(ticks: number): void {
    this.#strideTicks = ticks;
  }

  offerCheckpoint(): Offered | undefined {
    const { checkpoints, control } = this.#options;
    if (checkpoints === undefined) return undefined;
    const { tick } = this.#run;
    if (this.#offered?.tick === tick) return this.#offered;
    this.#lastOfferMs = this.#clock.monotonicMs();
    if (this.#offer(false)) {
      this.#offered = { tick, file: checkpoints.fileOf(tick) };
      return this.#offered;
    }
    this.#dropped += 1;
    control?.tellDropped(this.#dropped);
    this.#emit({ type: 'checkpoint:dropped', tick, dropped: this.#dropped });
    return undefined;
  }

  #offer(withHash: boolean): boolean {
    const { writer, label } = this.#options.checkpoints!;
    if (writer.free === 0) return false;
    const pair = this.#run.hold();
    if (pair === undefined) return false;
    const stateHash = withHash ? this.#run.stateHash() : null;
    const createdAt = this.#clock.now();
    const lens = this.#options.lens?.capture.flush();
    if (writer.offer(offerOf({ run: this.#run, pair, label, createdAt, stateHash, lens })))
      return true;
    pair.release();
    return false;
  }

  collect(): void {
    this.#options.lens?.capture.poll();
    for (const outcome of this.#options.checkpoints?.writer.poll() ?? []) this.#settle(outcome);
  }

  /** The error, where it failed. */
  #settle(outcome: CheckpointOutcome): unknown {
    this.#options.control?.settle(outcome);
    const { tick } = outcome;
    if (outcome.outcome === 'failed') {
      this.#failed += 1;
      if (this.#offered?.tick === tick) this.#offered = undefined;
      this.#emit({ type: 'checkpoint:failed', tick, error: outcome.error });
      return outcome.error;
    }
    this.#written += 1;
    const { file, bytes, full, durationMs } = outcome;
    this.#last = { tick, file };
    this.#emit({ type: 'checkpoint:written', tick, file, bytes, full, durationMs });
    if (outcome.lensMissed === true) this.#emit({ type: 'lens:missed', tick });
    return undefined;
  }

  #tellProgress(): void {
    const { tick, simTimeSeconds } = this.#run;
    this.#emit({ type: 'progress', tick, simTimeSeconds });
  }

  /** Of the newest state, unless there is one. Waits until it is durable. */
  async lastCheckpoint(): Promise<void> {
    const { checkpoints } = this.#options;
    if (checkpoints === undefined) return;
    const { writer } = checkpoints;
    for (const outcome of await writer.drain()) this.#settle(outcome);
    if (this.#last?.tick === this.#run.tick) return;
    if (!this.#offer(true)) throw new TypeError('a writer without work takes no checkpoint');
    for (const outcome of await writer.drain()) {
      const error = this.#settle(outcome);
      if (error !== undefined) throw error;
    }
  }

  ended(): Ended {
    return {
      reason: this.#reason ?? 'reached',
      tick: this.#run.tick,
      checkpoints: {
        written: this.#written,
        dropped: this.#dropped,
        failed: this.#failed,
        last: this.#last,
      },
    };
  }
}

function knownTick({ capture: { lastTick, accountedTick } }: DrivenLens): number {
  return Math.max(lastTick, accountedTick);
}
