// stillpoint lens plot FIELD
import { failure } from '@stillpoint/core';
import type { LensPlot, Plotted, PlotOptions, PlottedFacts, When } from '@stillpoint/sim';
import { Option, type Command } from 'commander';
import path from 'node:path';
import { plainText } from '../../output/plain-text.ts';
import { bytesText } from '../../output/units.ts';
import { shownPath } from '../checkpoint/places.ts';
import type { CommandContext, Runner } from '../context.ts';
import { loadSim } from '../load-sim.ts';
import { gapsAskedFor, gapTexts } from './gaps.ts';
import { addLensDirOption, locateRun } from './places.ts';
import {
  axesOption,
  centreOption,
  componentOption,
  fpsOption,
  plotOf,
  rangeOption,
  sizeOption,
  type LensPlotOptions,
} from './plot-options.ts';
import { showMap } from './plot-terminal.ts';
import { showSeries } from './plot-lines.ts';
import {
  positionOption,
  statOption,
  tickOption,
  ticksOption,
  timeOption,
} from './query-options.ts';

/** As COLOUR_MAPS of the library, which the grammar does without. */
const COLOURS = ['viridis', 'cividis', 'magma', 'inferno', 'plasma', 'rdbu', 'puor'];

export function addLensPlotCommand(lens: Command, run: Runner): void {
  const command = lens
    .command('plot')
    .argument('<field>', 'as lens info lists them')
    .summary('pictures of a field: a map, a globe, lines over time, an animation')
    .description(
      'Draws the samples of a field at a tick as a picture with axes, units and a scale of colours; or its values over time as lines; or many frames as an animation. Without --output it is drawn into the terminal. A tick that was not captured is drawn from the frame nearest to it, and said so.',
    )
    .option('-o, --output <file>', 'a file that is not there yet: .png, of animations also .gif')
    .option('--run <id>', 'of which run; the latest unless told')
    .option(
      '--tick <tick>',
      'the frame of this tick, or the nearest; the last unless told',
      tickOption,
    )
    .option('--time <seconds>', 'the frame nearest to a time of the world', timeOption)
    .option('--exact', 'an error where just that tick was not captured')
    .option(
      '--ticks <range>',
      'of many frames those of ticks A:B, both in it; A:B:N each Nth of them; all unless told',
      ticksOption,
    )
    .option('--series', 'lines over time, at positions or of statistics')
    .option(
      '--position <x,y,z>',
      'a line of the value there; longitude,latitude on a sphere; may be repeated',
      positionOption,
    )
    .option('--stat <names>', 'a line for each: min,max,mean,std,sum,count,missing,p95', statOption)
    .option('--animate', 'one frame after the other')
    .option('--fps <number>', 'frames per second; 10 unless told', fpsOption)
    .option(
      '--component <index>',
      'one of a vector, counted from 0, instead of its length with arrows',
      componentOption,
    )
    .addOption(
      new Option(
        '--colours <name>',
        'viridis unless told; rdbu and puor are centred at zero',
      ).choices(COLOURS),
    )
    .option('--range <lo:hi>', 'what the first and the last colour stand for', rangeOption)
    .addOption(
      new Option('--projection <name>', 'of a sphere: a map, or a globe (sphere)').choices([
        'map',
        'sphere',
      ]),
    )
    .option('--centre <lon,lat>', 'a globe is seen from above of; 0,20 unless told', centreOption)
    .option('--axes <x,y>', 'points are seen on the plane of these', axesOption)
    .option('--size <WxH>', 'of the picture, in pixels', sizeOption);
  addLensDirOption(command)
    .addHelpText(
      'after',
      '\nExample:\n  stillpoint lens plot atmosphere.temperature --tick 5000 -o map.png\n  stillpoint lens plot atmosphere.temperature --series --position 0,90 --position 12,34 -o lines.png\n  stillpoint lens plot atmosphere.temperature --animate --ticks 0:9000:10 --projection sphere -o spin.gif',
    )
    .action(
      run<LensPlotOptions>(async (context, options, [name = '']) => {
        await plot(context, options, name);
      }),
    );
}

async function plot(
  context: CommandContext,
  options: LensPlotOptions,
  name: string,
): Promise<void> {
  const { openLens, plotLens } = await loadSim();
  const { call, host, output } = context;
  const { place } = await locateRun(context, options);
  const damaged = new Set<string>();
  const plotting: PlotOptions = {
    signal: call.signal,
    damaged: (reason) => {
      if (!damaged.has(reason)) output.warn(reason);
      damaged.add(reason);
    },
    onFrame: (done, all) => {
      // Elsewhere each would be a line of its own.
      if (output.watched)
        output.progress({
          type: 'phase:started',
          phase: 'draw',
          detail: `frame ${done} of ${all}`,
        });
    },
  };
  await using lens = await openLens(place, plotting);
  const asked = await plotOf(lens.field(name), options);
  const told = { dropped: gapsAskedFor(lens, whenOf(asked)), damaged };
  for (const text of gapTexts(told.dropped)) output.warn(text);
  if (options.output !== undefined) {
    const target = path.resolve(host.cwd, options.output);
    if (asked.kind === 'animation')
      output.progress({ type: 'phase:started', phase: 'look through the frames' });
    const plotted = await plotLens(lens, asked, target, plotting);
    tellFrame(context, asked, plotted);
    output.result({ file: target, ...plotted, dropped: told.dropped, damaged: [...damaged] });
    output.data(plottedText(context, target, plotted));
  } else if (asked.kind === 'map')
    tellFrame(context, asked, await showMap(context, lens, asked, plotting, told));
  else if (asked.kind === 'series') await showSeries(context, lens, asked, plotting, told);
  if (damaged.size > 0)
    throw failure('LENS_SOME_DAMAGED', { path: place.name, reasons: [...damaged].join(' ') });
}

/** The last frame is after every gap that could be told of. */
function whenOf(asked: LensPlot): When {
  if (asked.kind !== 'map') return { ticks: asked.ticks };
  return asked.when === 'last' ? { tick: Number.MAX_SAFE_INTEGER } : asked.when;
}

/** Which frame it is, where it is not the one that was asked for. */
function tellFrame({ output }: CommandContext, asked: LensPlot, { frames }: PlottedFacts): void {
  if (asked.kind !== 'map' || asked.when === 'last') return;
  const { when } = asked;
  const { tick, timeSeconds } = frames.first;
  if ('tick' in when && tick !== when.tick)
    output.warn(`Tick ${when.tick} was not captured: this is the nearest, tick ${tick}.`);
  if ('timeSeconds' in when && timeSeconds !== when.timeSeconds)
    output.warn(
      `Nothing was captured at ${when.timeSeconds} s: this is the nearest, ${timeSeconds} s, tick ${tick}.`,
    );
}

function plottedText(context: CommandContext, target: string, plotted: Plotted): string {
  const { label, frames, width, height, sizeBytes } = plotted;
  const { first, last, count } = frames;
  const which =
    count === 1 ? `tick ${first.tick}` : `${count} frames of ticks ${first.tick} to ${last.tick}`;
  const file = context.output.style.bold(shownPath(context, target));
  return `Drew ${plainText(label)}, ${which}, into ${file}: ${width}x${height}, ${bytesText(sizeBytes)}.`;
}
