// What can be drawn of a lens.
//
// The law of pictures:
// 1. They show what was captured. What is no number is grey and named, what is beyond the colours is clamped and named, and which frame is
//    shown is written above it.
// 2. The same frames and the same plot give the same bytes, on any machine: fonts are brought along, and nothing of the clock is in a file.
// 3. Of an animation memory holds one frame and one picture, however many there are. All of its frames have the same colours.
// 4. A file has its name only when it is whole and durable, and none is replaced.
import type { FrameRange, FrameTime, ReadOptions } from '../read/contract.ts';
import type { Statistic, When } from '../ask/index.ts';

export const COLOUR_MAPS = [
  'viridis',
  'cividis',
  'magma',
  'inferno',
  'plasma',
  'rdbu',
  'puor',
] as const;
/** Even steps of value are even steps to the eye. `rdbu` and `puor` have two ends, and white at zero. */
export type ColourMapName = (typeof COLOUR_MAPS)[number];

export type PlotAxis = 'x' | 'y' | 'z';

/** How the samples of one frame are drawn. */
export interface MapLook {
  readonly field: string;
  /**
   * Of a vector, counted from 0. Unless told its length is in colours, and arrows show where it points: on a sphere its first component
   * is eastward and its second northward, in a plane they are along x and y.
   */
  readonly component?: number;
  /** viridis */
  readonly colours?: ColourMapName;
  /** What the first and the last colour stand for. From the least to the largest that is there, unless told. */
  readonly range?: readonly [number, number];
  /** Of a sphere: `map` has longitude and latitude as its axes, `sphere` is a globe. map */
  readonly projection?: 'map' | 'sphere';
  /** Longitude and latitude, in degrees, that a globe is seen from above of. 0, 20 */
  readonly centre?: readonly [number, number];
  /** Of points: the plane that they are seen on. x, y */
  readonly axes?: readonly [PlotAxis, PlotAxis];
  readonly sizePixels?: PictureSize;
}

export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

/** One frame. */
export interface MapPlot extends MapLook {
  readonly kind: 'map';
  readonly when: Extract<When, { tick: number } | { timeSeconds: number }> | 'last';
}

export interface AnimationPlot extends MapLook {
  readonly kind: 'animation';
  readonly ticks: FrameRange;
  /** 10 */
  readonly framesPerSecond?: number;
}

/** A line for each position, or for each statistic of all samples, each sample counting the same. Of a vector its length unless told. */
export interface SeriesPlot {
  readonly kind: 'series';
  readonly field: string;
  readonly ticks: FrameRange;
  readonly of:
    | { readonly positions: Float64Array; readonly names?: readonly string[] }
    | { readonly statistics: readonly Statistic[] };
  readonly component?: number;
  readonly sizePixels?: PictureSize;
}

export type LensPlot = MapPlot | AnimationPlot | SeriesPlot;

export interface PlotOptions extends ReadOptions {
  /** Of an animation: frames that are drawn, of all. */
  readonly onFrame?: (done: number, all: number) => void;
}

/** A picture, told in numbers. */
export interface PlottedFacts {
  readonly runId: string;
  readonly field: string;
  /** What of it: `plates.velocity[1]`, `|plates.velocity|` for the length of a vector. */
  readonly label: string;
  readonly unit: string;
  /** The frame that was drawn; of many the first and the last. */
  readonly frames: { readonly count: number; readonly first: FrameTime; readonly last: FrameTime };
  /** Of the colours, or of the vertical axis. */
  readonly range: readonly [number, number];
  readonly width: number;
  readonly height: number;
  /** Samples of the frames that are no number, and those that the colours do not reach: they are drawn like the nearest that is. */
  readonly missing: number;
  readonly clamped: { readonly below: number; readonly above: number };
}

export interface Plotted extends PlottedFacts {
  /** `image/png` (of an animation an APNG) or `image/gif`. */
  readonly type: PictureType;
  readonly sizeBytes: number;
}

export type PictureType = 'image/png' | 'image/gif';

/** What a picture of one frame is coloured by, as numbers on a raster. */
export interface SampledMap extends PlottedFacts {
  /** Row by row from above; NaN where there is no value, or nothing at all. */
  readonly values: Float64Array;
  /** 1 where something is: outside of a globe, and between points, there is nothing. */
  readonly inside: Uint8Array;
  /** Of left and right, and of below and above; of a globe none. */
  readonly extent: {
    readonly x: readonly [number, number];
    readonly y: readonly [number, number];
  } | null;
  /** Red, green and blue of each of 256 steps from the first of `range` to the last. */
  readonly colours: Uint8Array;
}

/** The lines of a series, as numbers. */
export interface SampledSeries extends Omit<PlottedFacts, 'width' | 'height'> {
  readonly lines: readonly SampledLine[];
}

export interface SampledLine {
  readonly name: string;
  /** Ascending. Where there are very many frames, of each few that follow each other only the least and the largest. */
  readonly ticks: Float64Array;
  readonly timesSeconds: Float64Array;
  readonly values: Float64Array;
  /** NaN where there is none. */
  readonly least: number;
  readonly largest: number;
  readonly last: number;
}
