// Frames one after the other into one file. The first pass finds the colours, the second draws; memory holds one frame of each.
import type { Lens } from '../read/index.ts';
import type { AnimationPlot, PictureType, PlotOptions, PlottedFacts } from './contract.ts';
import { openSheet } from './draw/canvas.ts';
import { drawFigure, layOut, type Figure } from './draw/figure.ts';
import { createGifEncoder } from './encode/gif.ts';
import { createApngEncoder } from './encode/png.ts';
import type { Write } from './file.ts';
import { blankSamples, questionOf, sceneOf, type Scene } from './scene.ts';
import { surveyFrames, type Survey } from './survey.ts';
import type { FieldSamples } from '../contract.ts';

const USUAL_FRAMES_PER_SECOND = 10;

export async function drawAnimation(
  lens: Lens,
  plot: AnimationPlot,
  type: PictureType,
  write: Write,
  options: PlotOptions,
): Promise<PlottedFacts> {
  const question = questionOf(lens, plot);
  const survey = await surveyFrames(lens, plot.ticks, { ...options, ...question });
  const scene = sceneOf(lens, plot, question.subject, survey);
  const figure = layOut(scene.view, plot.sizePixels, plot.field);
  const delayMs = Math.round(1000 / (plot.framesPerSecond ?? USUAL_FRAMES_PER_SECOND));
  const encoder = await encoderOf(type, figure, delayMs, scene);
  await write(encoder.start(survey.ticks.length));
  const draw = await drawerOf(scene, figure, options.signal);
  let done = 0;
  for await (const { tick, timeSeconds, samples } of everyFrame(
    lens,
    plot,
    survey,
    scene,
    options,
  )) {
    options.signal?.throwIfAborted();
    await write(encoder.frame(draw({ tick, timeSeconds }, samples)));
    done += 1;
    options.onFrame?.(done, survey.ticks.length);
  }
  await write(encoder.end());
  const { width, height } = figure;
  return { ...scene.facts, width, height };
}

interface Encoder {
  start(frames: number): Uint8Array;
  frame(pixels: Uint8ClampedArray): Uint8Array;
  end(): Uint8Array;
}

async function encoderOf(
  type: PictureType,
  size: Figure,
  delayMs: number,
  { colours }: Scene,
): Promise<Encoder> {
  if (type === 'image/png') return createApngEncoder(size, delayMs);
  const gif = await createGifEncoder(size, delayMs, colours.table);
  return { ...gif, start: () => new Uint8Array() };
}

async function drawerOf(
  { view, colours, beyond, caption }: Scene,
  figure: Figure,
  signal: AbortSignal | undefined,
): Promise<
  (frame: { tick: number; timeSeconds: number }, samples: FieldSamples) => Uint8ClampedArray
> {
  const painter = view.painterFor(figure.area, signal);
  const { pen, pixels } = await openSheet(figure);
  return (frame, samples) => {
    drawFigure(pen, figure, view, {
      caption: caption(frame),
      colours,
      beyond,
      paint: () => painter.paint(pen, samples, colours),
    });
    return pixels();
  };
}

/** Those of the survey and no others; each is good until the next. One that was pruned or damaged since is blank: the file says how many frames it has. */
async function* everyFrame(
  lens: Lens,
  plot: AnimationPlot,
  { ticks, last }: Survey,
  { subject }: Scene,
  options: PlotOptions,
): AsyncGenerator<{
  readonly tick: number;
  readonly timeSeconds: number;
  readonly samples: FieldSamples;
}> {
  const name = subject.field.name;
  let next = 0;
  let timeSeconds = 0;
  const blank = { samples: blankSamples(subject) };
  const reading = { ...options, reuse: true };
  for await (const frame of lens.each([name], { ...plot.ticks, to: last.tick }, reading)) {
    if (next === ticks.length || ticks[next]! > frame.tick) continue;
    for (; ticks[next]! < frame.tick; next += 1)
      yield { tick: ticks[next]!, timeSeconds, ...blank };
    if (ticks[next] !== frame.tick) continue;
    timeSeconds = frame.simTimeSeconds;
    next += 1;
    yield { tick: frame.tick, timeSeconds, samples: frame.fields.get(name)! };
  }
  for (; next < ticks.length; next += 1) yield { tick: ticks[next]!, timeSeconds, ...blank };
}
