// The picture of one frame.
import type { Lens } from '../read/index.ts';
import type { MapPlot, PlotOptions, PlottedFacts, PictureSize, SampledMap } from './contract.ts';
import { openSheet } from './draw/canvas.ts';
import { drawFigure, layOut } from './draw/figure.ts';
import { encodePng } from './encode/png.ts';
import { pickFrame } from './pick-frame.ts';
import { questionOf, sceneOf, type Scene } from './scene.ts';
import { surveyFrame } from './survey.ts';
import type { PickedFrame } from './pick-frame.ts';

export async function drawMap(
  lens: Lens,
  plot: MapPlot,
  options: PlotOptions,
): Promise<{ readonly bytes: Uint8Array; readonly facts: PlottedFacts }> {
  const { scene, picked } = await look(lens, plot, options);
  const figure = layOut(scene.view, plot.sizePixels, plot.field);
  const painter = scene.view.painterFor(figure.area, options.signal);
  const { pen, pixels } = await openSheet(figure);
  const { colours, beyond } = scene;
  drawFigure(pen, figure, scene.view, {
    caption: scene.caption(picked.frame, picked.note),
    colours,
    beyond,
    paint: () => painter.paint(pen, picked.samples, colours),
  });
  const { width, height } = figure;
  const bytes = encodePng(pixels(), { width, height });
  return { bytes, facts: { ...scene.facts, width, height } };
}

/** Within so many columns and rows, keeping the shape: `cellAspect` is how wide a cell is to its height. */
export async function rasterMap(
  lens: Lens,
  plot: MapPlot,
  room: PictureSize,
  cellAspect: number,
  options: PlotOptions,
): Promise<SampledMap> {
  const { scene, picked } = await look(lens, plot, options);
  const { view, colours, facts } = scene;
  const aspect = view.aspect / cellAspect;
  const width = Math.max(1, Math.floor(Math.min(room.width, room.height * aspect)));
  const height = Math.max(1, Math.min(room.height, Math.round(width / aspect)));
  const { values, inside } = view.rasterFor({ width, height }, options.signal)(picked.samples);
  const { table } = colours;
  return { ...facts, width, height, values, inside, extent: view.extent, colours: table };
}

async function look(
  lens: Lens,
  plot: MapPlot,
  options: PlotOptions,
): Promise<{ readonly scene: Scene; readonly picked: PickedFrame }> {
  const question = questionOf(lens, plot);
  const picked = await pickFrame(lens, plot, options);
  const survey = await surveyFrame(picked.frame, picked.samples, { ...options, ...question });
  return { scene: sceneOf(lens, plot, question.subject, survey), picked };
}
