// Our side: frames are offered to a capture, as a run does it, and the chunk is sealed; then the lens is asked.
import { createLensCapture, type LensCapture } from '../../packages/sim/src/lens/capture/index.ts';
import type { LensField } from '../../packages/sim/src/lens/contract.ts';
import { directoryPlace, openLens } from '../../packages/sim/src/lens/read/index.ts';
import type { Side } from './contract.ts';
import { fieldNames, fields, FRAME_BYTES, STRIDE, type Frames } from './frames.ts';
import { CELLS, COLUMNS, ROWS } from './weather.ts';

export const lensFields: readonly LensField[] = fieldNames.map((name) => ({
  name,
  unit: name === 'heat' ? 'K' : 'm/s',
  components: fields[name] === 1 ? [] : [fields[name]],
  topology: { kind: 'sphere', rows: ROWS, columns: COLUMNS },
  reconstruction: 'linear',
  precision: { type: 'float64' },
}));

const tickOf = (frame: number): number => (frame + 1) * STRIDE;

export const ours: Side = {
  async writer(frames: Frames, directory: string) {
    const capture = await createLensCapture({
      directory,
      runId: 'bench',
      world: 'weather',
      fields: lensFields,
      // They come as fast as they can be copied, and none may be dropped.
      slots: frames.count,
      frameBytes: FRAME_BYTES,
    });
    return async () => {
      for (let frame = 0; frame < frames.count; frame += 1) offer(capture, frames, frame);
      await capture.close();
      if (capture.dropped > 0) throw new Error(`${capture.dropped} frames were lost`);
    };
  },
  async open(directory) {
    const lens = await openLens(directoryPlace(directory));
    return {
      tick: async (field, frame) =>
        (await lens.samples(field, tickOf(frame))).values as Float64Array,
      async series(field, cell) {
        const found: number[] = [];
        for await (const { values } of lens.series(field, { from: cell, to: cell + 1 }))
          for (const value of values) found.push(value);
        return Float64Array.from(found);
      },
      close: async () => await lens[Symbol.asyncDispose](),
    };
  },
};

function offer(capture: LensCapture, frames: Frames, frame: number): void {
  const tick = tickOf(frame);
  const samples = fieldNames.map(
    (name) => [name, { count: CELLS, values: frames.of(name, frame), positions: null }] as const,
  );
  capture.offer({ tick, simTimeSeconds: tick, fields: new Map(samples) });
}
