// stillpoint run
import { failure } from '@stillpoint/core';
import type { SessionEnd } from '@stillpoint/sim';
import type { Command } from 'commander';
import path from 'node:path';
import type { CommandContext, Runner } from './context.ts';
import { loadSim } from './load-sim.ts';
import { addLensOptions, lensOf, type LensOptions } from './run/lens-options.ts';
import {
  countOption,
  durationOption,
  parameterOption,
  refuseContradictions,
  storeOf,
  USUAL_DIRECTORY,
  type RunCommandOptions,
} from './run/options.ts';
import { tellEnd, tellEvents } from './run/tell.ts';
import { warnOfFindings } from './run/findings.ts';
import { runtimeDirectory } from './runtime-directory.ts';
import { isSweep, sweepAsTold, type SweepCommandOptions } from './sweep/sweep-options.ts';

export function addRunCommand(program: Command, run: Runner): void {
  const command = program
    .command('run')
    .summary('run a simulation, with checkpoints that it can be resumed from')
    .description(
      'Runs a world tick by tick. With any option about checkpoints its state is written beside it while it goes on, and --resume goes on exactly where it was.',
    )
    .argument('<world>', 'the directory of a world, or its file')
    .option('--steps <count>', 'make so many ticks from where the run stands', countOption)
    .option('--until <tick>', 'end with this tick', countOption)
    .option('--seed <text>', 'what the random numbers of a new run follow from; 1 unless told')
    .option(
      '--param <name=value>',
      'another value for a parameter; may be repeated',
      parameterOption,
    )
    .option('--checkpoint-dir <dir>', `where the runs are; ${USUAL_DIRECTORY} unless told`)
    .option('--checkpoint-stride <ticks>', 'a checkpoint every so many ticks', countOption)
    .option(
      '--checkpoint-interval <duration>',
      'a checkpoint every 30s, 5m; 30s where no stride is told',
      durationOption,
    )
    .option('--keep-checkpoints <count>', 'keep the newest only; all unless told', countOption)
    .option(
      '--checkpoint-full-every <count>',
      'of so many checkpoints one is whole, the others hold what changed since',
      countOption,
    )
    .option('--resume [from]', 'go on from the latest run, or from a run or checkpoint')
    .option('--force-resume', 'resume though the world was changed, by the names of things')
    .option('--run-id <id>', 'the id of a new run');
  addLensOptions(command)
    .option('--sweep <file>', 'a run for each set of parameters in this file')
    .option(
      '--database <url>',
      'by which the processes of a sweep share it; DATABASE_URL otherwise',
    )
    .option('--workers <count>', 'runs of a sweep at a time; as many as processors', countOption)
    .option('--sweep-id <id>', 'begin the sweep of this id, or join it')
    .option('--sweep-status', 'show the runs of the sweep of --sweep-id')
    .addHelpText(
      'after',
      '\nExample:\n  stillpoint run ./terra --steps 1000 --checkpoint-interval 30s\n  stillpoint run ./terra --steps 1000 --resume',
    )
    .action(
      run<SweepCommandOptions & LensOptions>(async (context, options, [world]) => {
        if (isSweep(options)) return await sweepAsTold(context, options, world!);
        refuseContradictions(options);
        await runWorld(context, options, world!);
      }),
    );
}

async function runWorld(
  context: CommandContext,
  options: RunCommandOptions & LensOptions,
  place: string,
): Promise<void> {
  const { host, output } = context;
  const { lintWorld, loadWorld, simulate } = await loadSim();
  const loaded = await loadWorld(path.resolve(host.cwd, place));
  warnOfFindings(output, await lintWorld(loaded), place);
  const { steps, until, seed, param } = options;
  const store = storeOf(options, { cwd: host.cwd, socketDirectory: runtimeDirectory() });
  const lens = await lensOf(options, host.cwd);
  const end = await simulate({
    loaded,
    onEvent: tellEvents(output),
    signal: host.signal,
    ...(steps === undefined ? {} : { steps }),
    ...(until === undefined ? {} : { untilTick: until }),
    ...(seed === undefined ? {} : { seed }),
    ...(param === undefined ? {} : { parameters: param }),
    ...(store === undefined ? {} : { store }),
    ...(lens === undefined ? {} : { lens }),
  });
  tellEnd(output, end);
  if (end.reason === 'aborted') throw interrupted(end, place, options);
}

function interrupted(
  { tick, runId, checkpoints: { last } }: SessionEnd,
  place: string,
  { checkpointDir }: RunCommandOptions,
): Error {
  const where = checkpointDir === undefined ? '' : ` --checkpoint-dir ${checkpointDir}`;
  return failure('RUN_INTERRUPTED', {
    tick,
    kept: last === null ? 'Nothing of it was kept.' : `Its state is in ${last.file}.`,
    next:
      runId === null
        ? 'With --checkpoint-dir it can be resumed the next time.'
        : `Go on with: stillpoint run ${place} --resume ${runId}${where}`,
  });
}
