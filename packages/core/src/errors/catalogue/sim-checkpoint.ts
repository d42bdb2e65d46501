// What can go wrong with: checkpoints. Part of the error catalogue (../catalogue.ts).
import { exitCodes as exit } from '../exit-codes.ts';
import type { CatalogueEntry } from './entry.ts';

export const simCheckpoint = {
  CKPT_FOREIGN: {
    message: '{file} is no checkpoint: it begins otherwise.',
    hint: 'Name a file that ends in .ckpt, the directory of a run, or the directory that holds the runs.',
    exit: exit.usage,
    retryable: false,
  },
  CKPT_MISSING: {
    message: 'There is no checkpoint at {file}.',
    hint: 'Look at which there are with stillpoint checkpoint list.',
    exit: exit.notFound,
    retryable: false,
  },
  CKPT_UNREADABLE: {
    message: 'The checkpoint {file} cannot be read: {why}.',
    hint: 'Check who owns the file and that its disk is well.',
    exit: exit.failed,
    retryable: false,
  },
  CKPT_VERSION: {
    message: 'The checkpoint {file} has format {format}; this Stillpoint knows format {supported}.',
    hint: 'Install a newer stillpoint. Nothing was changed.',
    exit: exit.failed,
    retryable: false,
  },
  CKPT_DAMAGED: {
    message: 'The checkpoint {file} is damaged in its {part}: {why}.',
    hint: 'Resume from an older checkpoint of the run; stillpoint checkpoint verify says which are whole.',
    exit: exit.integrity,
    retryable: false,
  },
  CKPT_BASE_MISSING: {
    message:
      'The checkpoint {file} holds only what changed since {base}, which is not beside it as it was: {why}.',
    hint: 'Bring {base} back to the same directory, or resume from another checkpoint.',
    exit: exit.integrity,
    retryable: false,
  },
  CKPT_SECTION_UNKNOWN: {
    message: 'The checkpoint {file} has no section {section}.',
    hint: 'Look at which it has with stillpoint checkpoint inspect.',
    exit: exit.notFound,
    retryable: false,
  },
  CKPT_WRITE_FAILED: {
    message: 'The checkpoint of tick {tick} was not written to {directory}: {why}.',
    hint: 'Make room there and make sure that the directory can be written. The run and its older checkpoints are unharmed.',
    exit: exit.failed,
    retryable: true,
  },
} as const satisfies Record<string, CatalogueEntry>;
