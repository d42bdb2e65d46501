// What can go wrong with: control of runs. Part of the error catalogue (../catalogue.ts).
import { exitCodes as exit } from '../exit-codes.ts';
import type { CatalogueEntry } from './entry.ts';

export const simControl = {
  CTL_SOCKET_FAILED: {
    message:
      'The socket by which the run in {directory} would be controlled cannot be made: {why}.',
    hint: 'See that the directory can be written by this user, and that its file system has sockets.',
    exit: exit.failed,
    retryable: false,
  },
  CTL_NOT_RUNNING: {
    message: 'The run {run} is not running.',
    hint: 'stillpoint ctl --all lists the runs that are. Start it again with stillpoint run --resume.',
    exit: exit.notFound,
    retryable: false,
  },
  CTL_RUN_ENDED: {
    message: 'The run {run} ended before it could do what it was asked.',
    hint: 'Look at its last checkpoint with stillpoint checkpoint list.',
    exit: exit.failed,
    retryable: false,
  },
  CTL_NO_ANSWER: {
    message: 'The run {run} has not answered "{method}" for {waitedMs} ms.',
    hint: 'A run answers between two ticks: wait longer (--timeout) if its ticks are long.',
    exit: exit.failed,
    retryable: true,
  },
  CTL_REFUSED: {
    message: 'The run did not do what it was asked: {why}',
    hint: 'Use the same version of Stillpoint for the run and for what controls it.',
    exit: exit.failed,
    retryable: false,
  },
  CTL_CHECKPOINT_DROPPED: {
    message:
      'The checkpoint of the run {run} was dropped: those before it are still being written.',
    hint: 'Try again when one of them is done, or take checkpoints less often (set-stride).',
    exit: exit.failed,
    retryable: true,
  },
  CTL_CHECKPOINT_FAILED: {
    message: 'The checkpoint at tick {tick} of the run {run} could not be written: {why}',
    hint: 'Look at the room and the rights of its directory. The run goes on, and so do its older checkpoints.',
    exit: exit.failed,
    retryable: true,
  },
} as const satisfies Record<string, CatalogueEntry>;
