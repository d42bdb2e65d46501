// What can go wrong with: runs and their directories. Part of the error catalogue (../catalogue.ts).
import { exitCodes as exit } from '../exit-codes.ts';
import type { CatalogueEntry } from './entry.ts';

export const simDirectory = {
  RUN_BUSY: {
    message: 'The run {run} in {directory} is being written by another process.',
    hint: 'Stop that one (stillpoint ctl {run} stop), or start a run with another id.',
    exit: exit.locked,
    retryable: true,
  },
  RUN_EXISTS: {
    message: 'There is a run {run} in {directory} already, and it has checkpoints.',
    hint: 'Go on from it with --resume, or give the new run another id.',
    exit: exit.failed,
    retryable: false,
  },
  RUN_UNKNOWN: {
    message: 'There is no run {run} in {directory}.',
    hint: 'Look at which there are with stillpoint checkpoint list, and at --checkpoint-dir.',
    exit: exit.notFound,
    retryable: false,
  },
  RUN_ID_INVALID: {
    message: '{run} cannot be the id of a run.',
    hint: 'Use up to 100 letters, digits, dots, underscores and hyphens, beginning with a letter or a digit; "latest" is taken.',
    exit: exit.usage,
    retryable: false,
  },
  RUN_NO_CHECKPOINT: {
    message: 'The run in {directory} has no checkpoint that verifies. {skipped}',
    hint: 'Bring a checkpoint back from a copy, or start the run anew.',
    exit: exit.notFound,
    retryable: false,
  },
  RUN_DIRECTORY_UNUSABLE: {
    message: 'The directory of runs {directory} cannot be used: {why}.',
    hint: 'Make sure that it can be written and lies on a file system of this machine, or name another by --checkpoint-dir.',
    exit: exit.failed,
    retryable: false,
  },
} as const satisfies Record<string, CatalogueEntry>;
