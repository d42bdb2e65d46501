// What the two threads of a run share: a few numbers in memory that both see, and messages over a port. The simulation reads the numbers
// only; a message is looked for when the number of messages has changed.
import type { CheckpointOutcome } from '../checkpoint/contract.ts';

/** From the control thread to the simulation's. */
export type Request =
  | { readonly kind: 'checkpoint' | 'mark' | 'stop' | 'pause'; readonly number: number }
  | { readonly kind: 'set-stride'; readonly number: number; readonly ticks: number };

/** From the simulation's thread to the control thread. */
export type Report =
  | { readonly kind: 'held'; readonly number: number; readonly tick: number }
  | {
      readonly kind: 'offered';
      readonly number: number;
      readonly offered: { readonly tick: number; readonly file: string } | undefined;
    }
  | { readonly kind: 'done'; readonly number: number }
  | { readonly kind: 'settled'; readonly outcome: Settled }
  | { readonly kind: 'close'; readonly last: { tick: number; file: string } | undefined };

/** What is told of a checkpoint's end; an error as its words. */
export type Settled =
  | Extract<CheckpointOutcome, { outcome: 'written' }>
  | { readonly outcome: 'failed'; readonly tick: number; readonly why: string };

const MESSAGES = 0;
const PAUSES = 1;
const TICK = 0;
const SIM_TIME = 1;
const DROPPED = 2;
const HELD_UNTIL = 3;
const wordsBytes = 64;

export interface Mailbox {
  readonly buffer: SharedArrayBuffer;
  /** Of the simulation: one load. Changes with each message to it, and with each pause that ends. */
  changes(): number;
  /** Of the control thread. */
  change(): void;
  /** Waits for a change since `seen`, at most so long; false where the thread may not wait. */
  wait(seen: number, timeoutMs: number): void;
  waitAsync(seen: number, timeoutMs: number): Promise<void>;
  /** Held by somebody, and not yet for too long. */
  isHeld(): boolean;
  /** How long it is held at most from now; Infinity: until somebody ends it. */
  heldForMs(): number;
  /** `untilMs` on the clock of monotonicMs(). */
  setHeld(pauses: number, untilMs: number): void;
  tell(tick: number, simTimeSeconds: number): void;
  tellDropped(count: number): void;
  numbers(): { readonly tick: number; readonly simTimeSeconds: number; readonly dropped: number };
}

/** The same clock in all threads of a process, which performance.now() is not. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

export function createMailbox(buffer = new SharedArrayBuffer(wordsBytes + 64)): Mailbox {
  const words = new Int32Array(buffer, 0, wordsBytes / 4);
  const numbers = new Float64Array(buffer, wordsBytes);
  const heldForMs = (): number => (numbers[HELD_UNTIL] ?? 0) - monotonicMs();
  return {
    buffer,
    changes: () => Atomics.load(words, MESSAGES),
    change() {
      Atomics.add(words, MESSAGES, 1);
      Atomics.notify(words, MESSAGES);
    },
    wait(seen, timeoutMs) {
      Atomics.wait(words, MESSAGES, seen, timeoutMs);
    },
    async waitAsync(seen, timeoutMs) {
      const waiting = Atomics.waitAsync(words, MESSAGES, seen, timeoutMs);
      if (!waiting.async) return;
      // It keeps no process alive by itself, not even until its timeout; the timer does.
      let timer: NodeJS.Timeout | undefined;
      const over = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, timeoutMs);
      });
      await Promise.race([waiting.value, over]);
      clearTimeout(timer);
    },
    isHeld: () => Atomics.load(words, PAUSES) > 0 && heldForMs() > 0,
    heldForMs,
    setHeld(pauses, untilMs) {
      numbers[HELD_UNTIL] = untilMs;
      Atomics.store(words, PAUSES, pauses);
    },
    tell(tick, simTimeSeconds) {
      numbers[TICK] = tick;
      numbers[SIM_TIME] = simTimeSeconds;
    },
    tellDropped(count) {
      numbers[DROPPED] = count;
    },
    numbers: () => ({
      tick: numbers[TICK] ?? 0,
      simTimeSeconds: numbers[SIM_TIME] ?? 0,
      dropped: numbers[DROPPED] ?? 0,
    }),
  };
}
