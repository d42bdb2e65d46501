// When a checkpoint is due: at ticks that are a multiple of a number, or when some time has passed, or both.
import type { Clock } from '@stillpoint/core';

const USUAL_INTERVAL_MS = 30_000;

export interface Cadence {
  readonly stride?: number | undefined;
  readonly intervalMs?: number | undefined;
}

/** Says whether one is due at a tick. The time counts from when it last said so, whether or not that one was dropped. */
export function createCadence(
  { stride, intervalMs }: Cadence,
  clock: Clock,
): (tick: number) => boolean {
  if (stride !== undefined && !(Number.isSafeInteger(stride) && stride > 0))
    throw new TypeError(`stride: ${stride} is no number of ticks.`);
  if (intervalMs !== undefined && !(intervalMs >= 0))
    throw new TypeError(`intervalMs: ${intervalMs} is no time.`);
  const everyMs = intervalMs ?? (stride === undefined ? USUAL_INTERVAL_MS : Infinity);
  let lastMs = clock.monotonicMs();
  return (tick) => {
    const byTicks = stride !== undefined && tick % stride === 0;
    // Without an interval the clock is not asked: a tick may be as short as that.
    const nowMs = everyMs === Infinity ? lastMs : clock.monotonicMs();
    if (!byTicks && nowMs - lastMs < everyMs) return false;
    lastMs = nowMs;
    return true;
  };
}
