// What was handed over to the thread that records: frames by their numbers, and gaps that it is to tell. So it is known what is lost with a
// thread that dies, or whose disk answers no more.
import type { TickRange } from '../contract.ts';
import type { Dropped } from '../record/index.ts';

export interface UnderWay {
  readonly frames: number;
  /** Of the last frame before; that the lens was opened with where there is none. */
  readonly lastTaken: number;
  readonly ticks: TickRange;
  /** That were to be told with those frames. */
  readonly gaps: readonly Dropped[];
}

export class HandedOver {
  #frames = 0;
  /** Of the last frames, by their numbers. */
  readonly #ticks: number[];
  #gaps: readonly { readonly number: number; readonly gap: Dropped }[] = [];

  constructor(slots: number) {
    // One more than there are slots: the one that was taken last is asked for, too.
    this.#ticks = Array.from({ length: slots + 1 }, () => -1);
  }

  /** So many, which is the number of the last one. */
  get frames(): number {
    return this.#frames;
  }

  /** Of which so many are not written yet. `taken`: the count that the thread raises, which goes round after 2^31. */
  waiting(taken: number): number {
    return (this.#frames - taken) | 0;
  }

  /** Gives the frame's number. */
  add(tick: number): number {
    this.#frames += 1;
    this.#ticks[this.#frames % this.#ticks.length] = tick;
    return this.#frames;
  }

  /** With the frame of this number they are told before it; with one that is still to come, when that one was taken they were. */
  addGaps(number: number, gaps: readonly Dropped[], taken: number): void {
    if (gaps.length === 0) return;
    this.#gaps = [
      ...this.#gaps.filter((one) => one.number > this.#before(taken)),
      ...gaps.map((gap) => ({ number, gap })),
    ];
  }

  forgetGaps(): void {
    this.#gaps = [];
  }

  underWay(taken: number, firstTick: number): UnderWay {
    const frames = this.waiting(taken);
    const before = this.#before(taken);
    const lastTaken = before === 0 ? firstTick : this.#tickOf(before);
    return {
      frames,
      lastTaken,
      ticks: { start: lastTaken + 1, end: this.#tickOf(this.#frames) + 1 },
      gaps: this.#gaps.flatMap(({ number, gap }) => (number > before ? [gap] : [])),
    };
  }

  #before(taken: number): number {
    return this.#frames - this.waiting(taken);
  }

  #tickOf(number: number): number {
    return this.#ticks[number % this.#ticks.length]!;
  }
}
