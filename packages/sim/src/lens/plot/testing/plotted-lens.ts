// A lens of chosen numbers, for the tests of pictures.
import path from 'node:path';
import type { TestContext } from 'node:test';
import type { FieldSamples, LensField } from '../../contract.ts';
import { directoryPlace, openLens, type Lens } from '../../read/index.ts';
import { openRecorder } from '../../record/index.ts';
import { drift, heat, temporaryDirectory, wind } from '../../testing/small-lens.ts';

export function sphereField(
  name = 'heat',
  rows = 36,
  components: readonly number[] = [],
): LensField {
  return { ...heat, name, components, topology: { kind: 'sphere', rows, columns: rows * 2 } };
}

export const plane = wind;

export const points: LensField = { ...drift, precision: { type: 'float64' } };

/** Of each sample by longitude and latitude of its middle, in degrees. */
export function onSphere(
  { topology: { rows = 1, columns = 1 } }: LensField,
  value: (longitude: number, latitude: number) => number | readonly number[],
): FieldSamples {
  const values = Array.from({ length: rows * columns }, (_, at) =>
    value(
      (((at % columns) + 0.5) / columns) * 360 - 180,
      ((Math.floor(at / columns) + 0.5) / rows) * 180 - 90,
    ),
  );
  return { count: values.length, values: Float64Array.from(values.flat()), positions: null };
}

export function samplesOf(
  values: readonly number[],
  count = values.length,
  positions: readonly number[] | null = null,
): FieldSamples {
  return {
    count,
    values: Float64Array.from(values),
    positions: positions && Float64Array.from(positions),
  };
}

/** Frames by tick; a tick is two seconds of the world. Resolves to the opened lens, and where it is. */
export async function lensOf(
  t: TestContext,
  fields: readonly LensField[],
  frames: Readonly<Record<number, readonly FieldSamples[]>>,
): Promise<Lens> {
  const directory = path.join(temporaryDirectory(t), 'plotted');
  const recorder = await openRecorder({
    directory,
    runId: 'plotted',
    world: 'terra',
    fields,
    chunkTicks: 100,
  });
  for (const [tick, samples] of Object.entries(frames))
    await recorder.append({
      tick: Number(tick),
      simTimeSeconds: Number(tick) * 2,
      fields: new Map(fields.map(({ name }, at) => [name, samples[at]!])),
    });
  await recorder.close();
  const lens = await openLens(directoryPlace(directory));
  t.after(() => lens[Symbol.asyncDispose]());
  return lens;
}
