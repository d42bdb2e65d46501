// Who holds a run, and until when. Several may at once: a person who looks at it and a snapshot that is taken. The run is held while
// there is any, and none ends that of another unless it ends all.
import type { Mailbox } from './mailbox.ts';
import { monotonicMs } from './mailbox.ts';

export interface Pauses {
  /** Its number. Undefined: until it is ended. */
  begin(ttlMs: number | undefined): number;
  /** It lasts without a gap until now. */
  isOn(pause: number): boolean;
  /** False: it had ended before, so what was seen meanwhile may have moved. */
  end(pause: number): boolean;
  /** How many there were. */
  endAll(): number;
}

export function createPauses(mailbox: Mailbox): Pauses {
  const untilMs = new Map<number, number>();
  let timer: NodeJS.Timeout | undefined;
  let numbers = 0;
  /** The simulation goes by the same clock: it goes on in time even if this thread is late. */
  const settle = (): void => {
    const now = monotonicMs();
    for (const [pause, until] of untilMs) if (until <= now) untilMs.delete(pause);
    const latest = Math.max(0, ...untilMs.values());
    mailbox.setHeld(untilMs.size, latest);
    mailbox.change();
    clearTimeout(timer);
    const soonest = Math.min(...untilMs.values());
    if (Number.isFinite(soonest)) timer = setTimeout(settle, Math.min(soonest - now + 1, 2 ** 30));
  };
  const isOn = (pause: number): boolean => (untilMs.get(pause) ?? 0) > monotonicMs();
  return {
    isOn,
    begin(ttlMs) {
      numbers += 1;
      untilMs.set(numbers, ttlMs === undefined ? Infinity : monotonicMs() + ttlMs);
      settle();
      return numbers;
    },
    end(pause) {
      const held = isOn(pause);
      untilMs.delete(pause);
      settle();
      return held;
    },
    endAll() {
      settle();
      const { size } = untilMs;
      untilMs.clear();
      settle();
      return size;
    },
  };
}
