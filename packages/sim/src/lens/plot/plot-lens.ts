// Plots, from a question to bytes, a file or numbers.
import { failure } from '@stillpoint/core';
import path from 'node:path';
import type { Lens } from '../read/index.ts';
import type {
  LensPlot,
  MapPlot,
  PictureSize,
  PictureType,
  Plotted,
  PlotOptions,
  SampledMap,
  SampledSeries,
  SeriesPlot,
} from './contract.ts';
import { drawAnimation } from './draw-animation.ts';
import { drawMap, rasterMap } from './draw-map.ts';
import { writePicture } from './file.ts';
import { drawSeries } from './series/chart.ts';
import { collectSeries } from './series/collect.ts';

export async function plotToBytes(
  lens: Lens,
  plot: Exclude<LensPlot, { kind: 'animation' }>,
  options: PlotOptions,
): Promise<{ readonly bytes: Uint8Array; readonly facts: Plotted }> {
  const draw = plot.kind === 'map' ? drawMap(lens, plot, options) : drawSeries(lens, plot, options);
  const { bytes, facts } = await draw;
  return { bytes, facts: { ...facts, type: 'image/png', sizeBytes: bytes.length } };
}

export async function plotToFile(
  lens: Lens,
  plot: LensPlot,
  target: string,
  options: PlotOptions,
): Promise<Plotted> {
  const type = typeOf(target, plot);
  let told: Omit<Plotted, 'sizeBytes'> | undefined;
  const sizeBytes = await writePicture(target, async (write) => {
    if (plot.kind === 'animation') {
      told = { ...(await drawAnimation(lens, plot, type, write, options)), type };
      return;
    }
    const { bytes, facts } = await plotToBytes(lens, plot, options);
    told = facts;
    await write(bytes);
  });
  return { ...told!, sizeBytes };
}

/** Throws LENS_PLOT_NAME. */
function typeOf(target: string, { kind }: LensPlot): PictureType {
  const known = kind === 'animation' ? ['.png', '.apng', '.gif'] : ['.png'];
  const extension = path.extname(target).toLowerCase();
  if (known.includes(extension)) return extension === '.gif' ? 'image/gif' : 'image/png';
  throw failure('LENS_PLOT_NAME', { file: path.basename(target), known: known.join(', ') });
}

export async function mapNumbers(
  lens: Lens,
  plot: MapPlot,
  room: PictureSize,
  cellAspect: number,
  options: PlotOptions,
): Promise<SampledMap> {
  return await rasterMap(lens, plot, room, cellAspect, options);
}

export async function seriesNumbers(
  lens: Lens,
  plot: SeriesPlot,
  options: PlotOptions,
): Promise<SampledSeries> {
  return (await collectSeries(lens, plot, options)).series;
}
