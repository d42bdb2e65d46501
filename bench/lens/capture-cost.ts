// What capture costs a loop: ticks of about a millisecond on 10,000 cells, two fields of them captured at every tenth, beside the same
// loop without. In turn, in one process; the world goes on from where the other left it.
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { createLensCapture, type LensCapture } from '../../packages/sim/src/lens/capture/index.ts';
import { atMost, metricOf, type Metric } from '../metric.ts';
import type { Place } from '../place.ts';
import { median } from '../statistics.ts';
import { fieldNames, FRAME_BYTES } from './frames.ts';
import { lensFields } from './ours.ts';
import { CELLS, createWeather, type Weather } from './weather.ts';

const STRIDE = 10;
const SUBSTEPS = 5;

interface Segment {
  readonly ticksPerSecond: number;
  /** What the loop's own thread computed for a tick: not what others took from it. */
  readonly threadMs: number;
}

export async function measureCapture(place: Place, quick: boolean): Promise<readonly Metric[]> {
  const rounds = quick ? 5 : 11;
  const ticks = quick ? 500 : 1000;
  const weather = createWeather(SUBSTEPS);
  await using capture = await createLensCapture({
    directory: path.join(place.directory, 'lens', 'cost'),
    runId: 'cost',
    world: 'weather',
    fields: lensFields,
    // Chunks are sealed while it is measured, too.
    chunkTicks: ticks / 2,
    frameBytes: FRAME_BYTES,
  });
  const watch = { tick: 0 };
  const sides = {
    with: () => segment(ticks, () => stepAndOffer(weather, capture, watch)),
    without: () => segment(ticks, () => weather.step()),
  };
  sides.without();
  sides.with();
  const found = { with: [] as Segment[], without: [] as Segment[] };
  let drainMs = 0;
  for (let round = 0; round < rounds; round += 1) {
    place.signal.throwIfAborted();
    const order = round % 2 === 0 ? (['with', 'without'] as const) : (['without', 'with'] as const);
    for (const side of order) {
      found[side].push(sides[side]());
      // What one side began is not paid by the other.
      const from = performance.now();
      await capture.drain();
      await setImmediate();
      if (side === 'with') drainMs = Math.max(drainMs, performance.now() - from);
    }
    const [captured, bare] = [found.with.at(-1)!, found.without.at(-1)!];
    place.say(
      `capture, round ${round + 1}: ${(1 - captured.ticksPerSecond / bare.ticksPerSecond).toFixed(4)}`,
    );
  }
  const lost = (of: (segment: Segment) => number): number =>
    median(found.with.map((one, at) => 1 - of(one) / of(found.without[at]!)));
  const cost = lost(({ ticksPerSecond }) => ticksPerSecond);
  const speed = (side: keyof typeof found): number =>
    median(found[side].map((one) => one.ticksPerSecond));
  const { dropped } = capture;
  return [
    metricOf(['lens.capture.cost', cost, 'ratio'], {
      judged: { target: '<= 0.03, none dropped', ok: cost <= 0.03 && dropped === 0 },
    }),
    metricOf(['lens.capture.cost.thread', -lost(({ threadMs }) => threadMs), 'ratio']),
    metricOf(['lens.capture.ticks', speed('with'), 'ticks/s'], {
      peer: { name: 'without', value: speed('without') },
    }),
    metricOf(['lens.capture.dropped', dropped, 'frames'], { judged: atMost(0, dropped) }),
    metricOf(['lens.capture.drain.max', drainMs, 'ms']),
  ];
}

function stepAndOffer(weather: Weather, capture: LensCapture, watch: { tick: number }): void {
  weather.step();
  watch.tick += 1;
  if (watch.tick % STRIDE !== 0) return;
  const fields = new Map(
    fieldNames.map((name) => [name, { count: CELLS, values: weather[name], positions: null }]),
  );
  capture.offer({ tick: watch.tick, simTimeSeconds: watch.tick, fields });
}

function segment(ticks: number, step: () => void): Segment {
  const from = performance.now();
  const before = process.threadCpuUsage();
  for (let tick = 0; tick < ticks; tick += 1) step();
  const { user, system } = process.threadCpuUsage(before);
  return {
    ticksPerSecond: (ticks * 1000) / (performance.now() - from),
    threadMs: (user + system) / 1000 / ticks,
  };
}
