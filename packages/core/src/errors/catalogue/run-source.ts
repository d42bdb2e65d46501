// What can go wrong with: runs of simulations as sources of snapshots. Part of the error catalogue (../catalogue.ts).
import { exitCodes as exit } from '../exit-codes.ts';
import type { CatalogueEntry } from './entry.ts';

export const runSource = {
  RUN_IS_RUNNING: {
    message: 'The run {run} of the source {source} is running: it cannot be restored under itself.',
    hint: 'Stop it (stillpoint ctl {run} stop), restore, and start it with stillpoint run --resume {run}. Nothing was changed.',
    exit: exit.locked,
    retryable: true,
  },
  RUN_ENDED_IN_CAPTURE: {
    message: 'The run {run} of the source {source} ended while it was captured.',
    hint: 'Take the snapshot again: its last checkpoint is captured then.',
    exit: exit.failed,
    retryable: true,
  },
  RUN_CHECKPOINT_GONE: {
    message: '{file} of the source {source} was removed before it could be captured.',
    hint: 'Keep more checkpoints (--keep-checkpoints), and take the snapshot again.',
    exit: exit.failed,
    retryable: true,
  },
  RUN_CHECKPOINT_DAMAGED: {
    message: 'The checkpoint {file} of the source {source} cannot be captured: {why}.',
    hint: 'stillpoint checkpoint verify says which are whole. Remove it, or take a new one, and try again.',
    exit: exit.integrity,
    retryable: false,
  },
  RUN_RECORD_INVALID: {
    message: "The snapshot's record of the source {source} cannot be understood: {what}.",
    hint: 'Use the Stillpoint that took the snapshot, or a newer one.',
    exit: exit.integrity,
    retryable: false,
  },
  RUN_NOT_SWITCHED: {
    message: 'The run {run} of the source {source} was prepared and is not there any more.',
    hint: 'Something removed what lies in .stillpoint of its directory. Restore the snapshot again.',
    exit: exit.failed,
    retryable: false,
  },
} as const satisfies Record<string, CatalogueEntry>;
