// A view: how the samples of a field lie on a picture, and how one frame of them is painted.
import type { FieldSamples } from '../../contract.ts';
import type { PictureSize } from '../contract.ts';
import type { Area, Pen } from '../draw/canvas.ts';
import type { Colours } from '../draw/colour-bar.ts';

export interface View {
  /** Width of the plotted area to its height. */
  readonly aspect: number;
  /** Left and right, below and above; null: it has no axes. */
  readonly extent: {
    readonly x: readonly [number, number];
    readonly y: readonly [number, number];
  } | null;
  readonly axes: 'degrees' | readonly [string, string] | null;
  /** Finds out once where samples are; good for every frame. */
  painterFor(area: Area, signal?: AbortSignal): Painter;
  rasterFor(size: PictureSize, signal?: AbortSignal): Raster;
}

export interface Painter {
  /** Within its area. */
  paint(pen: Pen, samples: FieldSamples, colours: Colours): void;
}

/** Numbers instead of colours. */
export type Raster = (samples: FieldSamples) => {
  /** Row by row from above; NaN where there is no value. */
  readonly values: Float64Array;
  /** 1 where something is. */
  readonly inside: Uint8Array;
};
