// A lens with all that is odd: fields of many shapes and names, numbers that are none, samples that come and go.
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import type { FieldSamples, LensField, LensFrame } from '../../contract.ts';
import { inPrecision } from '../../precision.ts';
import { openRecorder, type Recorder } from '../../record/index.ts';

const plane: LensField['topology'] = {
  kind: 'grid',
  rows: 3,
  columns: 4,
  extent: [
    [0, 2],
    [-3, 3],
  ],
};
const still = { reconstruction: 'nearest', precision: { type: 'float64' } } as const;

/** On a sphere, with every number that is none. */
export const heat: LensField = {
  ...still,
  name: 'heat',
  unit: 'K',
  components: [],
  topology: { kind: 'sphere', rows: 2, columns: 4 },
};
/** Beside it, its name in other case; twelve bits are kept. */
export const rough: LensField = {
  ...heat,
  name: 'Heat',
  unit: '°C',
  precision: { type: 'float32', bits: 12 },
};
/** A vector with a name that nobody should give. */
export const wind: LensField = {
  ...still,
  name: 'wind/höhe "a,b" 風',
  unit: 'm/s',
  components: [2],
  topology: plane,
  precision: { type: 'float32' },
};
/** Beside it a matrix, called as a column that is always there. */
export const tick: LensField = {
  ...still,
  name: 'tick',
  unit: '',
  components: [2, 2],
  topology: plane,
};
/** Points that come, move and go: none to three. */
export const drift: LensField = {
  ...still,
  name: 'drift',
  unit: '',
  components: [],
  topology: { kind: 'points', positions: 'particle.position' },
  precision: { type: 'float32' },
};
/** Always one. */
export const lone: LensField = { ...drift, name: 'lone', components: [3] };
/** Never any. */
export const nobody: LensField = { ...drift, name: 'nobody' };

export const oddFields = [heat, rough, wind, tick, drift, lone, nobody] as const;

const STRANGE = [Number.NaN, Infinity, -Infinity, -0, Number.MIN_VALUE, Number.MAX_VALUE, 0.1];

/** What it should be after it was written and read. */
export function oddFrame(at: number): LensFrame {
  const moved = Math.floor(at / 20);
  const samples = (
    field: LensField,
    count: number,
    value: (index: number) => number,
    positions: Float64Array | null = null,
  ): [string, FieldSamples] => {
    const width = field.components.reduce((product, size) => product * size, 1);
    const numbers = Array.from({ length: count * width }, (_, index) => value(index));
    return [field.name, { count, values: inPrecision(numbers, field.precision), positions }];
  };
  const places = (count: number): Float64Array =>
    Float64Array.from({ length: count * 3 }, (_, index) => index / 3 + moved);
  const drifting = moved % 4;
  return {
    tick: at,
    simTimeSeconds: at / 8,
    fields: new Map([
      samples(heat, 8, (index) => STRANGE[(index + at) % 8] ?? at),
      samples(rough, 8, (index) => (index + at) / 7),
      samples(wind, 12, (index) => index / 3 - at),
      samples(tick, 12, (index) => index * at + 0.1),
      samples(
        drift,
        drifting,
        (index) => (index === 2 ? Number.NaN : at + index),
        places(drifting),
      ),
      samples(lone, 1, (index) => at * index, places(1)),
      samples(nobody, 0, () => 0, places(0)),
    ]),
  };
}

export const oddTicks = Array.from({ length: 30 }, (_, at) => (at + 1) * 5);

/** Chunks of 50 ticks: frames 5 to 150, of which those of the last chunk are in an open journal. Three frames were dropped. */
export async function writeOddLens(directory: string, runId: string): Promise<Recorder> {
  const run = path.join(directory, runId);
  const options = { directory: run, runId, world: 'odd', fields: oddFields, chunkTicks: 50 };
  const first = await openRecorder(options);
  for (const at of oddTicks.slice(0, -1)) await first.append(oddFrame(at));
  // Full chunks are sealed beside what comes next: closed, they are.
  await first.close();
  const recorder = await openRecorder({ ...options, resumedTick: 149 });
  await recorder.append(oddFrame(150));
  await recorder.drop({ ticks: { start: 151, end: 166 }, frames: 3, reason: 'slow' });
  return recorder;
}

/** The run `one` of a directory that goes with the test. */
export async function oddLens(
  t: TestContext,
): Promise<{ readonly directory: string; readonly run: string }> {
  const directory = mkdtempSync(path.join(tmpdir(), 'stillpoint-export-'));
  const recorder = await writeOddLens(directory, 'one');
  t.after(async () => {
    await recorder.close();
    await rm(directory, { recursive: true, force: true });
  });
  return { directory, run: path.join(directory, 'one') };
}
