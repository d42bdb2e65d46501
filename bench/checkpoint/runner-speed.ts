// Ticks a second of the particle example by the runner, over the same loop written by hand.
import { byHand } from '../../examples/particles/by-hand.ts';
import particles from '../../examples/particles/world.ts';
import { seedStream, streamOver } from '../../packages/sim/src/random/index.ts';
import { startRun } from '../../packages/sim/src/runner/index.ts';
import { atLeast, metricOf, type Metric } from '../metric.ts';
import type { Place } from '../place.ts';
import { median } from '../statistics.ts';

/** So long sparks live: then about as many die as are born. */
const WARM_TICKS = 800;

export async function measureRunner({ signal }: Place, quick: boolean): Promise<readonly Metric[]> {
  const rounds = quick ? 5 : 15;
  const ticks = quick ? 100 : 300;
  const words = new Uint32Array(new SharedArrayBuffer(32));
  seedStream(words, 0, '1', 'stratum embers');
  seedStream(words, 4, '1', 'stratum fountain');
  const hand = byHand({ embers: streamOver(words, 0), fountain: streamOver(words, 4) });
  const run = startRun({ world: particles });
  const sides = { runner: () => run.step(), hand: () => hand.step() };
  for (let tick = 0; tick < WARM_TICKS; tick += 1) for (const step of Object.values(sides)) step();
  const speeds = { runner: [] as number[], hand: [] as number[] };
  for (let round = 0; round < rounds; round += 1) {
    const order = round % 2 === 0 ? (['runner', 'hand'] as const) : (['hand', 'runner'] as const);
    for (const side of order) {
      signal.throwIfAborted();
      const from = performance.now();
      for (let tick = 0; tick < ticks; tick += 1) sides[side]();
      speeds[side].push((ticks * 1000) / (performance.now() - from));
    }
  }
  const ratio = median(speeds.runner.map((one, at) => one / speeds.hand[at]!));
  return [
    metricOf(['runner.speed', ratio, 'ratio'], { judged: atLeast(0.9, ratio) }),
    metricOf(['runner.ticks', median(speeds.runner), 'ticks/s'], {
      peer: { name: 'by hand', value: median(speeds.hand) },
    }),
  ];
}
