// What can go wrong with: sweeps of simulations. Part of the error catalogue (../catalogue.ts).
import { exitCodes as exit } from '../exit-codes.ts';
import type { CatalogueEntry } from './entry.ts';

export const persistenceSweeps = {
  SWEEP_DIFFERS: {
    message:
      'The sweep {sweep} is there already, with another world, other parameters or other ends.',
    hint: 'Use the same world and options as its other processes, or give this sweep an id of its own (--sweep-id).',
    exit: exit.usage,
    retryable: false,
  },
  SWEEP_UNKNOWN: {
    message: 'There is no sweep {sweep} in this database.',
    hint: 'See that --sweep-id and --database are those that it was started with.',
    exit: exit.notFound,
    retryable: false,
  },
  SWEEP_RESULT_TWICE: {
    message: 'Run {index} of the sweep {sweep} has a result already; this one was not written.',
    hint: 'Nothing is lost: the first result stands.',
    exit: exit.failed,
    retryable: false,
  },
  SWEEP_PARAMETERS_INVALID: {
    message: '{file} is no list of parameters: {why}.',
    hint: 'Write a list of objects with a number for each parameter, or one object with a list of numbers for each: all of them are combined.',
    exit: exit.usage,
    retryable: false,
  },
  SWEEP_RUN_STOPPED: {
    message: 'The run {run} was stopped before its end.',
    hint: 'It goes on by itself from its newest checkpoint.',
    exit: exit.failed,
    retryable: true,
  },
  SWEEP_INCOMPLETE: {
    message: '{failed} of the {runs} runs of the sweep {sweep} have failed.',
    hint: 'stillpoint run --sweep-status --sweep-id {sweep} says why. All others have their result.',
    exit: exit.failed,
    retryable: false,
  },
  SWEEP_WORKER_FAILED: {
    message: 'The worker processes of the sweep {sweep} end as soon as they are started: {why}',
    hint: 'Mend what it says, and start the sweep again with the same id: what is done stays done.',
    exit: exit.failed,
    retryable: false,
  },
} as const satisfies Record<string, CatalogueEntry>;
