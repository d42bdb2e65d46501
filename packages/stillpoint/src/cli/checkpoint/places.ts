// Where checkpoints are, and how a person names one.
import type { Where } from '@stillpoint/sim';
import type { Command } from 'commander';
import path from 'node:path';
import type { CommandContext } from '../context.ts';

export interface PlaceOptions {
  readonly checkpointDir?: string;
}

const USUAL_DIRECTORY = 'checkpoints';

/** How a checkpoint may be named; completion does not take it for a snapshot. */
export const CHECKPOINT = 'a file, a run (its newest), a run and a tick as RUN@TICK';

export function addPlaceOption(command: Command): Command {
  return command.option(
    '--checkpoint-dir <dir>',
    `where the runs are, instead of ./${USUAL_DIRECTORY}`,
  );
}

export function whereOf({ host }: CommandContext, { checkpointDir }: PlaceOptions): Where {
  const directory = path.resolve(host.cwd, checkpointDir ?? USUAL_DIRECTORY);
  return { directory, cwd: host.cwd };
}

/** As short as it can be written here. */
export function shownPath({ host }: CommandContext, file: string): string {
  const relative = path.relative(host.cwd, file);
  return relative === '' || relative.startsWith('..') ? file : relative;
}
