// The door of pictures. What draws them is loaded with the first: nobody else pays for it.
import type { Lens } from '../read/index.ts';
import type {
  LensPlot,
  MapPlot,
  PictureSize,
  Plotted,
  PlotOptions,
  SampledMap,
  SampledSeries,
  SeriesPlot,
} from './contract.ts';

export type {
  AnimationPlot,
  ColourMapName,
  LensPlot,
  MapLook,
  MapPlot,
  PictureSize,
  PictureType,
  PlotAxis,
  Plotted,
  PlotOptions,
  PlottedFacts,
  SampledLine,
  SampledMap,
  SampledSeries,
  SeriesPlot,
} from './contract.ts';
export { COLOUR_MAPS } from './contract.ts';

/**
 * Draws a plot into a file: `.png`, of an animation also `.apng` or `.gif`. Needs @napi-rs/canvas.
 * Throws LENS_PLOT_NAME, LENS_PLOT_EXISTS, LENS_PLOT_UNWRITABLE, LENS_PLOT_UNFIT, LENS_PLOT_COMPONENT, LENS_PLOT_NO_FRAMES,
 * SIM_PEER_MISSING, and what a query throws.
 */
export async function plotLens(
  lens: Lens,
  plot: LensPlot,
  target: string,
  options: PlotOptions = {},
): Promise<Plotted> {
  const { plotToFile } = await import('./plot-lens.ts');
  return await plotToFile(lens, plot, target, options);
}

/** The PNG of one frame or of a series, as bytes. Throws as `plotLens` does. */
export async function lensPicture(
  lens: Lens,
  plot: Exclude<LensPlot, { kind: 'animation' }>,
  options: PlotOptions = {},
): Promise<{ readonly bytes: Uint8Array; readonly facts: Plotted }> {
  const { plotToBytes } = await import('./plot-lens.ts');
  return await plotToBytes(lens, plot, options);
}

/**
 * What a picture of one frame would show, as numbers on a raster that fits into `room`: for terminals, and whoever draws by himself.
 * `cellAspect` is the width of a cell to its height. Needs no canvas.
 */
export async function lensRaster(
  lens: Lens,
  plot: MapPlot,
  room: PictureSize,
  { cellAspect = 1, ...options }: PlotOptions & { readonly cellAspect?: number } = {},
): Promise<SampledMap> {
  const { mapNumbers } = await import('./plot-lens.ts');
  return await mapNumbers(lens, plot, room, cellAspect, options);
}

/** The lines of a series, as numbers. Needs no canvas. */
export async function lensSeries(
  lens: Lens,
  plot: SeriesPlot,
  options: PlotOptions = {},
): Promise<SampledSeries> {
  const { seriesNumbers } = await import('./plot-lens.ts');
  return await seriesNumbers(lens, plot, options);
}
