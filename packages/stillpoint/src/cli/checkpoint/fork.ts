// stillpoint checkpoint fork CHECKPOINT --run-id NEW
import { InvalidArgumentError, type Command } from 'commander';
import path from 'node:path';
import { plainText } from '../../output/plain-text.ts';
import type { Runner } from '../context.ts';
import { loadSim } from '../load-sim.ts';
import { addPlaceOption, CHECKPOINT, whereOf, type PlaceOptions } from './places.ts';

interface Options extends PlaceOptions {
  readonly runId: string;
  readonly param: Readonly<Record<string, number>>;
  readonly into?: string;
}

export function addCheckpointForkCommand(checkpoint: Command, run: Runner): void {
  const command = checkpoint
    .command('fork')
    .argument('<checkpoint>', CHECKPOINT)
    .summary('begin a new run with that state, under other parameters')
    .description(
      'Begins a new run whose first checkpoint is the state of another one. It remembers where it came from, and nothing of that run is changed. The new run is gone on with by stillpoint run --resume.',
    )
    .requiredOption('--run-id <id>', 'what the new run is called')
    .option('--param <name=value>', 'a parameter that differs; may be repeated', parameter, {})
    .option('--into <dir>', 'where the new run is to be, instead of beside the others');
  addPlaceOption(command)
    .addHelpText(
      'after',
      '\nExample:\n  stillpoint checkpoint fork terra-1@500 --run-id warmer --param insolation=1.1\n  stillpoint run ./terra --resume warmer --steps 1000',
    )
    .action(
      run<Options>(async (context, options, [given = '']) => {
        const { forkCheckpoint, locateCheckpoint } = await loadSim();
        const { call, host, output } = context;
        const where = whereOf(context, options);
        const { into, runId, param: parameters } = options;
        const directory = into === undefined ? where.directory : path.resolve(host.cwd, into);
        const from = await locateCheckpoint(given, where);
        const { signal } = call;
        const forked = await forkCheckpoint(from, { runId, directory, parameters, signal });
        output.result(forked);
        const { lineage, tick } = forked;
        output.data(
          `${output.style.bold(runId)} begins at tick ${tick} with the state of ${plainText(lineage.runId)}.`,
        );
        output.next(`stillpoint run WORLD --resume ${runId}`, 'To go on with it');
      }),
    );
}

function parameter(
  text: string,
  before: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> {
  const [, name, value = ''] = /^([^=]+)=(.+)$/.exec(text) ?? [];
  const number = Number(value);
  if (name === undefined || value.trim() === '' || !Number.isFinite(number))
    throw new InvalidArgumentError('Write a name and a number, like rotation=0.5.');
  return { ...before, [name]: number };
}
