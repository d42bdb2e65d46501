// What can go wrong with: the management of checkpoints and runs. Part of the error catalogue (../catalogue.ts).
import { exitCodes as exit } from '../exit-codes.ts';
import type { CatalogueEntry } from './entry.ts';

export const simManage = {
  CKPT_SOME_DAMAGED: {
    message: 'Of {checked} checkpoints {damaged} are damaged: {names}.',
    hint: 'Runs resume from the newest that is whole. Copy a damaged one from where it is whole, or delete it; then look at the disk.',
    exit: exit.integrity,
    retryable: false,
  },
  CKPT_PRUNE_NEEDS_YES: {
    message: 'Deleting checkpoints has to be confirmed, and nobody is here to do it.',
    hint: 'Add --yes if that is what you want: what is deleted cannot be resumed from any more. --dry-run only shows it.',
    exit: exit.usage,
    retryable: false,
  },
  CKPT_PARAMETER_UNKNOWN: {
    message: 'This checkpoint has no parameter {name}; it has {known}.',
    hint: 'Write the name as stillpoint checkpoint inspect shows it.',
    exit: exit.usage,
    retryable: false,
  },
  CKPT_EXPORT_EXISTS: {
    message: 'There is something at {file} already, and it was left as it is.',
    hint: 'Name a file that is not there yet.',
    exit: exit.usage,
    retryable: false,
  },
  CKPT_EXPORT_NAME: {
    message: 'An array named {name} cannot be written as {format}, which {reason}.',
    hint: 'Choose the other format, or export without the previous arrays.',
    exit: exit.failed,
    retryable: false,
  },
  CKPT_EXPORT_TOO_MANY: {
    message:
      'The names of {arrays} arrays are more than the header of a safetensors file may hold.',
    hint: 'Export them as npz.',
    exit: exit.failed,
    retryable: false,
  },
} as const satisfies Record<string, CatalogueEntry>;
