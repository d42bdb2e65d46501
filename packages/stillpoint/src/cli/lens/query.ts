// stillpoint lens query FIELD
import { failure, isFailure } from '@stillpoint/core';
import type { Lens, LensAnswer, LensField, What, When } from '@stillpoint/sim';
import { Option, type Command } from 'commander';
import type { CommandContext, Runner } from '../context.ts';
import { ProgramEnded } from '../exec.ts';
import { loadSim } from '../load-sim.ts';
import { answersAsCsv, answersAsTable } from './answer-rows.ts';
import { answersAsJson } from './answer-json.ts';
import { gapsAskedFor, gapTexts } from './gaps.ts';
import { addLensDirOption, locateRun } from './places.ts';
import { keepHeapSmall } from './small-heap.ts';
import {
  alongOption,
  positionOption,
  regionOption,
  statOption,
  tickOption,
  ticksOption,
  timeOption,
  whatOf,
  whenOf,
  type QueryOptions,
} from './query-options.ts';

/** What is written about one question, besides its answers. */
export interface Asked {
  readonly lens: Lens;
  readonly field: LensField;
  readonly what: What;
  readonly when: When;
}

export function addLensQueryCommand(lens: Command, run: Runner): void {
  const command = lens
    .command('query')
    .argument('<field>', 'as lens info lists them')
    .summary('values of a field, at ticks, times and places')
    .description(
      'Shows the samples of a field at a tick or over many, or what they come to: values at positions and along a path, the samples of a region, statistics. A tick that was not captured is answered by the frame nearest to it, and said so. The frames of a range are read one after the other, however many they are.',
    )
    .option('--run <id>', 'of which run; the latest unless told')
    .option('--tick <tick>', 'the frame of this tick, or the nearest', tickOption)
    .option(
      '--ticks <range>',
      'frames of ticks A:B, both in it; A:B:N each Nth frame of them',
      ticksOption,
    )
    .option('--time <seconds>', 'the frame nearest to a time of the world, or A:B', timeOption)
    .option(
      '--position <x,y,z>',
      'a value there; x,y in a plane, longitude,latitude on a sphere; may be repeated',
      positionOption,
    )
    .option(
      '--along <path>',
      'N values along x,y,z:x,y,z:N; on a sphere longitude,latitude of each, by the shortest way',
      alongOption,
    )
    .option(
      '--region <ranges>',
      'samples in x0:x1,y0:y1 (on a sphere degrees of longitude and latitude)',
      regionOption,
    )
    .option(
      '--stat <names>',
      'of the samples, each counting the same: min,max,mean,std,sum,count,missing,p95',
      statOption,
    )
    .addOption(
      new Option('--method <method>', 'between samples, instead of what the field says').choices([
        'nearest',
        'linear',
        'idw',
      ]),
    )
    .option('--exact', 'an error where just that tick was not captured')
    .option('--csv', 'comma-separated values, in full precision');
  addLensDirOption(command)
    .addHelpText(
      'after',
      '\nExample:\n  stillpoint lens query atmosphere.temperature --tick 5000 --position 0,0,1\n  stillpoint lens query atmosphere.temperature --ticks 1000:9000:10 --stat mean,p95 --csv',
    )
    .action(
      run<QueryOptions>(async (context, options, [name = '']) => {
        await query(context, options, name);
      }),
    );
}

async function query(context: CommandContext, options: QueryOptions, name: string): Promise<void> {
  keepHeapSmall();
  const { openLens, queryLens } = await loadSim();
  const { call, host, output } = context;
  const when = whenOf(options);
  if (options.csv === true && output.json)
    throw failure('USAGE_INVALID', {
      problem: 'Say one of --csv and --json.',
      usage: 'stillpoint lens query --help shows how it is used.',
    });
  const { place } = await locateRun(context, options);
  const damaged = new Set<string>();
  const reading = {
    signal: call.signal,
    damaged: (reason: string) => {
      if (!damaged.has(reason)) output.warn(reason);
      damaged.add(reason);
    },
  };
  await using lens = await openLens(place, reading);
  const field = lens.field(name);
  const what = await whatOf(field, options);
  const asked: Asked = { lens, field, what, when };
  for (const text of gapTexts(gapsAskedFor(lens, when))) output.warn(text);
  const answers = told(context, asked, queryLens(lens, { field: name, when, what }, reading));
  const { stdout } = host;
  const write = async (text: string): Promise<void> => {
    stdout.write(text);
    // `stillpoint lens query … | head`
    if ((await stdout.drained?.()) === false) throw new ProgramEnded(0);
  };
  if (output.json) await answersAsJson(write, asked, answers, damaged);
  else if (options.csv === true) await answersAsCsv(write, asked, answers);
  else await answersAsTable(write, asked, answers);
  if (damaged.size > 0)
    throw failure('LENS_SOME_DAMAGED', { path: place.name, reasons: [...damaged].join(' ') });
}

/** Says which frame answers, where it is not the one that was asked for. */
async function* told(
  { output, call: { signal } }: CommandContext,
  { lens, when }: Asked,
  answers: AsyncIterable<LensAnswer>,
): AsyncGenerator<LensAnswer> {
  let any = false;
  let samples = 0;
  for await (const answer of answers) {
    any = true;
    samples += answer.count;
    const { tick, timeSeconds } = answer;
    if ('tick' in when && tick !== when.tick)
      output.warn(`Tick ${when.tick} was not captured: this is the nearest, tick ${tick}.`);
    if ('timeSeconds' in when && timeSeconds !== when.timeSeconds)
      output.warn(
        `Nothing was captured at ${when.timeSeconds} s: this is the nearest, ${timeSeconds} s, tick ${tick}.`,
      );
    yield answer;
  }
  if (any && samples === 0) output.say('No sample lies there.');
  if (!any) output.say(`No frame was captured there${await whereTheyAre(lens, signal)}.`);
}

async function whereTheyAre(lens: Lens, signal: AbortSignal): Promise<string> {
  try {
    const first = await lens.nearest(0, { signal });
    const last = await lens.nearest(Number.MAX_SAFE_INTEGER, { signal });
    return `: the first is of tick ${first.tick} (${first.timeSeconds} s), the last of tick ${last.tick} (${last.timeSeconds} s)`;
  } catch (error) {
    // All of them are damaged, which was told.
    if (isFailure(error)) return '';
    throw error;
  }
}
