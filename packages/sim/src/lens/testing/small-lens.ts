// A small lens of known fields, for the tests of what is done with lenses.
import { mkdirSync, mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import type { FieldSamples, LensField, LensFrame } from '../contract.ts';
import { openRecorder, type Recorder } from '../record/index.ts';

/** On a sphere: the latitude of each ring's centre in degrees, and the tick. Linear in latitude. */
export const heat: LensField = {
  name: 'heat',
  unit: 'K',
  components: [],
  topology: { kind: 'sphere', rows: 36, columns: 72 },
  reconstruction: 'linear',
  precision: { type: 'float64' },
};
/** In a plane of x from 0 to 10 and y from 0 to 8: x and y of each cell's centre, times the tick. */
export const wind: LensField = {
  name: 'wind/höhe',
  unit: 'm/s',
  components: [2],
  topology: {
    kind: 'grid',
    rows: 8,
    columns: 10,
    extent: [
      [0, 10],
      [0, 8],
    ],
  },
  reconstruction: 'linear',
  precision: { type: 'float64' },
};
/** Points that come and move: one to three of them; the last is NaN. */
export const drift: LensField = {
  name: 'drift',
  unit: '',
  components: [],
  topology: { kind: 'points', positions: 'particle.position' },
  reconstruction: 'nearest',
  precision: { type: 'float32' },
};

export function frameAt(tick: number, first = true): LensFrame {
  return {
    tick,
    simTimeSeconds: tick * 60,
    fields: new Map<string, FieldSamples>([
      [heat.name, still(36 * 72, (at) => Math.floor(at / 72) * 5 - 87.5 + tick)],
      [wind.name, still(160, (at) => (at % 2 === 0 ? xOf(at) : yOf(at)) * tick)],
      [drift.name, driftAt(tick, first)],
    ]),
  };
}

const xOf = (at: number): number => (Math.floor(at / 2) % 10) + 0.5;
const yOf = (at: number): number => Math.floor(at / 20) + 0.5;

function still(length: number, value: (at: number) => number): FieldSamples {
  const values = Float64Array.from({ length }, (_, at) => value(at));
  return { count: length === 160 ? 80 : length, values, positions: null };
}

/** They move every thirtieth tick; there are as many as moved last. */
function driftAt(tick: number, first: boolean): FieldSamples {
  const moved = Math.floor(tick / 30);
  const count = 1 + (moved % 3);
  const values = Float32Array.from({ length: count }, (_, at) =>
    at === 2 ? Number.NaN : tick + at,
  );
  const positions = Float64Array.from({ length: count * 3 }, (_, at) => at + moved);
  return { count, values, positions: first || tick % 30 === 0 ? positions : null };
}

/** Not in the common one itself: a recorder makes the link to the latest run beside what it is given. */
export function temporaryDirectory(t: TestContext): string {
  const parent = mkdtempSync(path.join(tmpdir(), 'stillpoint-lens-'));
  t.after(() => rm(parent, { recursive: true, force: true }));
  const directory = path.join(parent, 'lens');
  mkdirSync(directory);
  return directory;
}

export interface SmallLens {
  readonly from?: number;
  /** The last frame's. */
  readonly to?: number;
  readonly every?: number;
  readonly change?: (frame: LensFrame) => LensFrame;
  readonly resumedTick?: number;
}

/** Frames 10, 20, … in chunks of a hundred ticks. Resolves to the directory of the run. */
export async function writeLens(
  directory: string,
  runId: string,
  { from = 10, to = 350, every = 10, change = (frame) => frame, resumedTick }: SmallLens = {},
): Promise<string> {
  const run = path.join(directory, runId);
  const recorder = await openRecorder({
    directory: run,
    runId,
    world: 'terra',
    fields: [heat, wind, drift],
    chunkTicks: 100,
    ...(resumedTick !== undefined && { resumedTick }),
  });
  for (let tick = from; tick <= to; tick += every)
    await recorder.append(change(frameAt(tick, tick === from || tick % 100 < every)));
  await recorder.close();
  return run;
}

/** A run that goes on: two sealed chunks, and an open one with ticks 200 and 210. Three frames were dropped. */
export async function goingOn(directory: string, runId: string): Promise<Recorder> {
  const run = await writeLens(directory, runId, { to: 190 });
  const fields = [heat, wind, drift];
  const options = { directory: run, runId, world: 'terra', fields, chunkTicks: 100 };
  const recorder = await openRecorder({ ...options, resumedTick: 199 });
  for (const tick of [200, 210]) await recorder.append(frameAt(tick));
  await recorder.drop({ ticks: { start: 220, end: 241 }, frames: 3, reason: 'slow' });
  return recorder;
}
