// What checkpoints cost a simulation that goes on, what their files are like, and what the runner costs.
import type { Metric } from '../metric.ts';
import { openPlace } from '../place.ts';
import { measureIncremental, measureSection } from './files.ts';
import { measureRunner } from './runner-speed.ts';
import { measureStall } from './stall.ts';
import { measureTicks } from './ticks.ts';

interface Options {
  readonly quick: boolean;
  readonly parent: string;
  readonly signal: AbortSignal;
  readonly say: (text: string) => void;
}

export async function benchmarkCheckpoint({
  quick,
  ...options
}: Options): Promise<readonly Metric[]> {
  await using place = await openPlace({ ...options, neededBytes: quick ? 1e9 : 6e9 });
  const metrics: Metric[] = [];
  const sizes = quick ? [4e6, 20e6, 60e6] : [10e6, 100e6, 500e6];
  for (const [at, label] of ['10', '100', '500'].entries())
    metrics.push(...(await measureStall(place, label, sizes[at]!, quick ? 3 : 7)));
  metrics.push(...(await measureTicks(place, quick)));
  metrics.push(...(await measureSection(place, quick ? 100e6 : 500e6)));
  metrics.push(...(await measureIncremental(place, quick ? 20e6 : 100e6)));
  metrics.push(...(await measureRunner(place, quick)));
  return metrics;
}
