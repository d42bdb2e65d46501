// Lenses of a gigabyte, of many short frames or of a few long ones, and what their numbers are.
import path from 'node:path';
import type { LensField } from '../contract.ts';
import { openRecorder } from '../record/index.ts';

export interface LargeLens {
  readonly name: string;
  /** Of a sphere, as many around it. */
  readonly rings: number;
  readonly frames: number;
}

/** 1.1 GB each, of 320 kB a frame and of 32 MB. */
export const LARGE_LENSES: readonly LargeLens[] = [
  { name: 'many short frames', rings: 100, frames: 3500 },
  { name: 'long frames', rings: 1000, frames: 35 },
];

export function heatAt(tick: number, sample: number): number {
  return Math.sin(sample / 700) * tick;
}

/** `heat`, a scalar, and `wind`, of three numbers. Resolves to the directory of the run. */
export async function writeLargeLens(
  directory: string,
  { rings, frames }: LargeLens,
): Promise<string> {
  const run = path.join(directory, 'large');
  const heat: LensField = {
    name: 'heat',
    unit: 'K',
    components: [],
    topology: { kind: 'sphere', rows: rings, columns: rings },
    reconstruction: 'linear',
    precision: { type: 'float64' },
  };
  const fields = [heat, { ...heat, name: 'wind', components: [3] }];
  const options = { directory: run, runId: 'large', world: 'large', fields, chunkTicks: 500 };
  const recorder = await openRecorder(options);
  const count = rings * rings;
  const scalars = new Float64Array(count);
  const vectors = new Float64Array(count * 3);
  for (let tick = 1; tick <= frames; tick += 1) {
    for (let at = 0; at < count; at += 1) scalars[at] = heatAt(tick, at);
    for (let at = 0; at < count * 3; at += 1) vectors[at] = (at * 7919 * tick) % 10_007;
    const sampled = new Map([
      ['heat', { count, values: scalars, positions: null }],
      ['wind', { count, values: vectors, positions: null }],
    ]);
    await recorder.append({ tick, simTimeSeconds: tick, fields: sampled });
  }
  await recorder.close();
  return run;
}
