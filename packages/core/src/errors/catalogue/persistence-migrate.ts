// What can go wrong with: planning and applying migrations. Part of the error catalogue (../catalogue.ts).
import { exitCodes as exit } from '../exit-codes.ts';
import type { CatalogueEntry } from './entry.ts';

export const persistenceMigrate = {
  MIGRATION_RENAME_OR_DROP: {
    message:
      '{what} of the extension {owner} is new, and {gone} is gone: nobody said whether it was renamed.',
    hint: 'Nothing was changed. If it was renamed, append to the renames of {owner}: {line}. If not, accept the loss: {accept}.',
    exit: exit.failed,
    retryable: false,
  },
  MIGRATION_RENAME_FOREIGN: {
    message: 'The extension {owner} renames {from}, which belongs to {other}.',
    hint: 'Nothing was changed. Only its owner renames a table: the line belongs into the renames of {other}.',
    exit: exit.failed,
    retryable: false,
  },
  MIGRATION_RENAME_INVALID: {
    message: 'A line of renames of the extension {owner} cannot be followed: {reason}.',
    hint: 'Nothing was changed. Correct the line, or split what it says into two migrations.',
    exit: exit.failed,
    retryable: false,
  },
  MIGRATION_KEPT_IN_THE_WAY: {
    message:
      '{kept} of the extension {owner}, which is not installed and was kept, refers to {gone}.',
    hint: 'Nothing was changed. Install {owner} again, or drop what is left of it too: --drop-data {owner}.',
    exit: exit.failed,
    retryable: false,
  },
  MIGRATION_UNINSTALLED_UNKNOWN: {
    message: 'There is nothing to drop of {name}: {reason}.',
    hint: 'Nothing was changed. Name an extension that is no longer installed and whose tables are still there.',
    exit: exit.usage,
    retryable: false,
  },
  MIGRATION_SNAPSHOT_UNKNOWN: {
    message:
      'The description of the schema that the last migration left behind cannot be read: {reason}.',
    hint: 'Nothing was changed. It was written by a newer Stillpoint, or it is damaged: use that version, or restore the ledger from a snapshot.',
    exit: exit.integrity,
    retryable: false,
  },
  MIGRATION_MODEL_REFUSED: {
    message: 'The {what} of the extension {owner} cannot be planned: {reason}',
    hint: 'Nothing was changed. Correct the model, or take the extension out of the members.',
    exit: exit.failed,
    retryable: false,
  },
  MIGRATION_PLANNER_FAILED: {
    message: 'The process that plans migrations failed: {reason}',
    hint: 'Nothing was changed. If it happens again with the same models, please report it with the models that make it happen.',
    exit: exit.failed,
    retryable: true,
  },
} as const satisfies Record<string, CatalogueEntry>;
