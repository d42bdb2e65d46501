// The frames that all sides write and that all reads are held against: in one file, so that each side's process has the same.
import { open, readFile } from 'node:fs/promises';
import { CELLS, createWeather } from './weather.ts';

export const fields = { heat: 1, wind: 3 } as const;
export type FieldName = keyof typeof fields;
export const fieldNames = Object.keys(fields) as readonly FieldName[];

/** Ticks of the world from frame to frame. */
export const STRIDE = 10;
const FRAME_NUMBERS = CELLS * (fields.heat + fields.wind);
export const FRAME_BYTES = FRAME_NUMBERS * 8;

export interface Frames {
  readonly count: number;
  /** Of one frame: a view. */
  of(field: FieldName, frame: number): Float64Array<ArrayBuffer>;
}

export async function writeFrames(file: string, count: number): Promise<void> {
  const weather = createWeather();
  await using handle = await open(file, 'wx');
  for (let frame = 0; frame < count; frame += 1) {
    for (let tick = 0; tick < STRIDE; tick += 1) weather.step();
    await handle.writev([
      new Uint8Array(weather.heat.buffer.slice(0)),
      new Uint8Array(weather.wind.buffer.slice(0)),
    ]);
  }
}

export async function readFrames(file: string): Promise<Frames> {
  const bytes = await readFile(file);
  const numbers = new Float64Array(bytes.buffer, bytes.byteOffset, bytes.length / 8);
  return {
    count: numbers.length / FRAME_NUMBERS,
    of(field, frame) {
      const from = frame * FRAME_NUMBERS + (field === 'heat' ? 0 : CELLS);
      return numbers.subarray(from, from + CELLS * fields[field]);
    },
  };
}
