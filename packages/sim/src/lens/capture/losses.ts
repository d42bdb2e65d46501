// Counts the frames that are lost, and says so: to whoever listens at once, to the manifest with the next order of the recorder.
import type { TickRange } from '../contract.ts';
import type { Dropped } from '../record/index.ts';
import type { LensEvent } from './contract.ts';

export interface Losses {
  /** All of this process. */
  readonly count: number;
  /** Those of them that had been handed over. */
  readonly afterOffer: number;
  /** The last one found no slot, and none was taken since. */
  readonly isDropping: boolean;
  readonly hasUntold: boolean;
  slow(tick: number): void;
  failed(ticks: TickRange, frames: number, error: unknown): void;
  /** The recorder could not write it, and tells the manifest by itself. */
  notWritten(tick: number, error: unknown): void;
  /** Handed over to a thread that died: frames, and gaps that it was to tell. */
  lostUnderWay(ticks: TickRange, frames: number, gaps: readonly Dropped[], error: unknown): void;
  /** A flush or the like: no frame is lost by it. */
  wentWrong(tick: number, error: unknown): void;
  /** What the manifest is to be told now, before the next frame. */
  takeUntold(): readonly Dropped[];
}

export function createLosses(onEvent: (event: LensEvent) => void): Losses {
  let count = 0;
  let afterOffer = 0;
  let isDropping = false;
  let untold: Dropped[] = [];
  /** By reason: how many frames were lost when it was told last. */
  const told = new Map<string, number>();
  const add = ({ start, end }: TickRange, frames: number, reason: Dropped['reason']): void => {
    count += frames;
    const last = untold.at(-1);
    if (last?.reason === reason)
      untold[untold.length - 1] = {
        ticks: { start: last.ticks.start, end },
        frames: last.frames + frames,
        reason,
      };
    else untold.push({ ticks: { start, end }, frames, reason });
  };
  const at = (tick: number): TickRange => ({ start: tick, end: tick + 1 });
  const wentWrong = (tick: number, error: unknown): void => {
    const reason = error instanceof Error ? error.message : String(error);
    const before = told.get(reason);
    if (before !== undefined && count < 2 * Math.max(before, 1)) return;
    told.set(reason, count);
    onEvent({ type: 'lens:failed', tick, error, dropped: count });
  };
  return {
    get count() {
      return count;
    },
    get afterOffer() {
      return afterOffer;
    },
    get isDropping() {
      return isDropping;
    },
    get hasUntold() {
      return untold.length > 0;
    },
    slow(tick) {
      isDropping = true;
      add(at(tick), 1, 'slow');
      onEvent({ type: 'lens:dropped', tick, dropped: count });
    },
    failed(ticks, frames, error) {
      add(ticks, frames, 'failed');
      wentWrong(ticks.start, error);
    },
    notWritten(tick, error) {
      count += 1;
      afterOffer += 1;
      wentWrong(tick, error);
    },
    lostUnderWay(ticks, frames, gaps, error) {
      const known = gaps.reduce((sum, gap) => sum + gap.frames, 0);
      const end = gaps.reduce((most, gap) => Math.max(most, gap.ticks.end), ticks.end);
      add({ start: ticks.start, end }, frames + known, 'failed');
      // Those gaps were counted when they came.
      count -= known;
      afterOffer += frames;
      wentWrong(ticks.start, error);
    },
    wentWrong,
    takeUntold() {
      isDropping = false;
      const taken = untold;
      untold = [];
      return taken;
    },
  };
}
