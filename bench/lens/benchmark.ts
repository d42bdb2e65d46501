// Lenses: how fast frames are written and read beside zarrita and h5wasm, what capture costs a run, and how
// long an export to Parquet takes.
import type { Metric } from '../metric.ts';
import { openPlace } from '../place.ts';
import { measureCapture } from './capture-cost.ts';
import { measureFiles } from './files.ts';
import { measureParquet } from './parquet.ts';

interface Options {
  readonly quick: boolean;
  readonly parent: string;
  readonly signal: AbortSignal;
  readonly say: (text: string) => void;
}

export async function benchmarkLens({ quick, ...options }: Options): Promise<readonly Metric[]> {
  await using place = await openPlace({ ...options, neededBytes: quick ? 1e9 : 3e9 });
  return [
    ...(await measureFiles(place, quick)),
    ...(await measureCapture(place, quick)),
    ...(await measureParquet(place, quick)),
  ];
}
