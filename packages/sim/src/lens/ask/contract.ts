// What can be asked of a lens: of which field, when, and where. Answers come frame by frame, in the order of ticks.
import type { FrameRange, FrameTime, ReadOptions } from '../read/contract.ts';
import type { Method } from '../reconstruct/contract.ts';

export type When =
  /** The frame that is nearest to a tick; with `exact` just that one. */
  | { readonly tick: number; readonly exact?: boolean }
  | { readonly ticks: FrameRange }
  /** The frame that is nearest to a time of the world. */
  | { readonly timeSeconds: number }
  /** Both ends in it. */
  | { readonly timesSeconds: { readonly from: number; readonly to: number } };

/** Both ends in it. On a sphere x is longitude and y latitude, in degrees, latitudes from -90 to 90; a longitude that falls goes over the date line. */
export interface Region {
  readonly x: readonly [number, number];
  readonly y: readonly [number, number];
  readonly z?: readonly [number, number];
}

/** `p95`: 95 of 100 samples are not above it; between two of them by a straight line. `p99.9` as well. */
export type Statistic = 'min' | 'max' | 'mean' | 'std' | 'sum' | 'count' | 'missing' | `p${number}`;

export type What =
  | { readonly kind: 'samples'; readonly region?: Region }
  /** x, y, z of each. By the field's own method unless told. */
  | { readonly kind: 'positions'; readonly positions: Float64Array; readonly method?: Method }
  /** Of the samples, each counting the same, those that are NaN left out; of each component by itself. */
  | {
      readonly kind: 'statistics';
      readonly statistics: readonly Statistic[];
      readonly region?: Region;
    };

export interface LensQuery {
  readonly field: string;
  readonly when: When;
  /** Every sample unless told. */
  readonly what?: What;
}

export interface LensAnswer extends FrameTime {
  /** Of the samples, positions or statistics. */
  readonly count: number;
  /** Each with all components of the field. */
  readonly values: Float64Array | Float32Array;
  /** x, y, z of each; of statistics none. */
  readonly positions: Float64Array | null;
  /** Which samples of the frame they are; null where they are none. */
  readonly samples: Int32Array | null;
}

export type AskOptions = ReadOptions;
