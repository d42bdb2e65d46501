// How far a run is: ticks per second over the last seconds, and when it will be there. A line that is drawn over on a terminal, one line
// now and then in a log, one event a second with --json.
import type { Output } from '../../output/output.ts';
import { millisecondsText } from '../../output/units.ts';

/** The rate is that of so long: longer it would be late to notice, shorter it would dance. */
const WINDOW_MS = 5000;
const DRAW_EVERY_MS = 100;
export const LOG_EVERY_MS = 10_000;
export const EVENT_EVERY_MS = 1000;

interface Point {
  readonly ms: number;
  readonly tick: number;
}

export interface RunProgress {
  at(tick: number, simTimeSeconds: number): void;
}

export function createRunProgress(
  output: Output,
  { fromTick, untilTick }: { readonly fromTick: number; readonly untilTick: number | null },
): RunProgress {
  const every = output.json ? EVENT_EVERY_MS : output.watched ? DRAW_EVERY_MS : LOG_EVERY_MS;
  const points: Point[] = [{ ms: performance.now(), tick: fromTick }];
  let lastMs = points[0]!.ms;
  return {
    at(tick, simTimeSeconds) {
      const ms = performance.now();
      if (ms - lastMs < every) return;
      lastMs = ms;
      points.push({ ms, tick });
      while (points.length > 2 && points[1]!.ms < ms - WINDOW_MS) points.shift();
      const first = points[0]!;
      const ticksPerSecond = ((tick - first.tick) / (ms - first.ms)) * 1000;
      if (output.json) {
        output.result({ event: 'progress', tick, simTime: simTimeSeconds, ticksPerSecond });
        return;
      }
      const phase = untilTick === null ? `tick ${tick}` : `tick ${tick} of ${untilTick}`;
      const detail = [rateText(ticksPerSecond), leftText(tick, untilTick, ticksPerSecond)];
      output.progress({
        type: 'phase:started',
        phase,
        detail: detail.filter((text) => text !== '').join(', '),
      });
    },
  };
}

export function rateText(ticksPerSecond: number): string {
  const digits = ticksPerSecond < 10 ? 1 : 0;
  return `${ticksPerSecond.toFixed(digits)} ticks/s`;
}

function leftText(tick: number, untilTick: number | null, ticksPerSecond: number): string {
  if (untilTick === null || ticksPerSecond <= 0) return '';
  return `${millisecondsText(((untilTick - tick) / ticksPerSecond) * 1000)} left`;
}
