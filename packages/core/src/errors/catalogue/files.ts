// What can go wrong with: files. Part of the error catalogue (../catalogue.ts).
import { exitCodes as exit } from '../exit-codes.ts';
import type { CatalogueEntry } from './entry.ts';

export const files = {
  FILES_MISSING: {
    message: 'There is no directory {directory} for the source {source}.',
    hint: 'Make it, correct `path` of the source in the configuration, or restore it from a snapshot.',
    exit: exit.failed,
    retryable: false,
  },
  FILES_BEHIND_LINK: {
    message:
      'The directory {directory} of the source {source} is reached through a symbolic link: it is {target}.',
    hint: 'Name the directory itself as `path`, and see that it lies inside the project.',
    exit: exit.failed,
    retryable: false,
  },
  FILES_UNREADABLE: {
    message: '{file} of the source {source} cannot be read.',
    hint: 'Make it readable for the user who runs stillpoint, or name it in `exclude` of the source.',
    exit: exit.failed,
    retryable: false,
  },
  FILES_BUSY: {
    message: '{file} of the source {source} was written again and again while it was read.',
    hint: 'Let a participant hold its writer, or name it in `exclude` of the source, and try again.',
    exit: exit.failed,
    retryable: true,
  },
  FILES_CHANGES_TOO_LARGE: {
    message:
      'More than {limitMb} MB of the source {source} changed while the snapshot was prepared, {file} among them.',
    hint: 'Stop the writer, or name what it writes in `exclude` of the source, and try again.',
    exit: exit.failed,
    retryable: true,
  },
  FILES_RECORD_INVALID: {
    message: "The snapshot's record of the source {source} cannot be understood: {what}.",
    hint: 'Use the Stillpoint that took the snapshot, or a newer one.',
    exit: exit.integrity,
    retryable: false,
  },
  FILES_IN_THE_WAY: {
    message: 'The files of the source {source} cannot be put back: {what}.',
    hint: 'Move what is there out of the way, and try again.',
    exit: exit.failed,
    retryable: false,
  },
  FILES_NOT_SWITCHED: {
    message: '{file} of the source {source} could not be brought to the snapshot: {what}.',
    hint: 'See that it can be written and that nothing else writes there, then run the command again.',
    exit: exit.failed,
    retryable: true,
  },
} as const satisfies Record<string, CatalogueEntry>;
