// Ticks per second of late, from the tick that both threads see: the simulation does not count for it.
import { monotonicMs, type Mailbox } from './mailbox.ts';

const lookEveryMs = 500;
const looks = 10;

export function createSpeedometer(mailbox: Mailbox): {
  ticksPerSecond(): number;
  stop(): void;
} {
  const seen = [{ atMs: monotonicMs(), tick: mailbox.numbers().tick }];
  const timer = setInterval(() => {
    seen.push({ atMs: monotonicMs(), tick: mailbox.numbers().tick });
    if (seen.length > looks) seen.shift();
  }, lookEveryMs);
  timer.unref();
  return {
    ticksPerSecond() {
      const [first] = seen;
      const seconds = (monotonicMs() - (first?.atMs ?? 0)) / 1000;
      const ticks = mailbox.numbers().tick - (first?.tick ?? 0);
      return seconds > 0 ? Math.max(0, ticks / seconds) : 0;
    },
    stop: () => clearInterval(timer),
  };
}
