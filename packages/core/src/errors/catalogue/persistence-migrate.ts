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
  MIGRATION_FILE_INVALID: {
    message: 'The file {name} is not a migration: {reason}.',
    hint: 'Nothing was changed. Bring it back as it was committed; docs/format/migration.md says how a migration is written.',
    exit: exit.integrity,
    retryable: false,
  },
  MIGRATION_FILE_CHANGED: {
    message: 'The file of the migration {name} was changed after it was applied.',
    hint: 'Nothing was changed. Bring the file back as it was committed. To alter the schema once more, change the models and run stillpoint migrate.',
    exit: exit.integrity,
    retryable: false,
  },
  MIGRATION_FILE_TAKEN: {
    message: 'While the migration was planned, somebody else wrote {file}.',
    hint: 'Nothing was changed. Look at the file, and run stillpoint migrate again: it is applied first.',
    exit: exit.failed,
    retryable: true,
  },
  MIGRATION_AHEAD: {
    message: 'The database has migrations of which there is no file here: {names}.',
    hint: 'Nothing was changed. Check out the code that has them, or take them back: stillpoint migrate rollback.',
    exit: exit.gateBlocked,
    retryable: false,
  },
  MIGRATION_BRANCHED: {
    message: 'The migration {name} was made on top of {after}, and what comes before it is {last}.',
    hint: 'Nothing was changed. Two people made one at the same time: delete the file that is applied nowhere else, and run stillpoint migrate to make it again on top of the other.',
    exit: exit.failed,
    retryable: false,
  },
  MIGRATION_FROZEN: {
    message: 'The models want a migration ({words}) that nobody has made and committed.',
    hint: 'Nothing was changed. Run stillpoint migrate where the code is written, and commit the file.',
    exit: exit.failed,
    retryable: false,
  },
  MIGRATION_LOSSES_REFUSED: {
    message: 'The migration may lose data, or fail on the data that is there: {losses}',
    hint: 'Nothing was changed. If that is what you want: {accept}.',
    exit: exit.failed,
    retryable: false,
  },
  MIGRATION_STATEMENT_FAILED: {
    message: 'A statement of the extension {owner} in the migration {name} failed: {reason}.',
    hint: 'Nothing of this migration is left in the database. The statement is: {statement}',
    exit: exit.failed,
    retryable: false,
  },
  MIGRATION_RECORD_UNTRUE: {
    message:
      'The statements of the migration {name} do not lead to what its record says: the {what}.',
    hint: 'Nothing of this migration is left in the database. Bring the file back as it was made, or remove it and run stillpoint migrate, which makes it anew.',
    exit: exit.integrity,
    retryable: false,
  },
  MIGRATION_OUTSIDE_TRANSACTION: {
    message:
      'A statement of the extension {owner} in the migration {name} cannot be part of a transaction: {reason}.',
    hint: 'Nothing of this migration is left in the database. Take the statement out of the file and run it by hand where it is needed: {statement}',
    exit: exit.failed,
    retryable: false,
  },
  MIGRATION_BLOCKED: {
    message:
      'The migration {name} waited {limitMs} ms for a table of the extension {owner} that another program holds.',
    hint: 'Nothing of this migration is left in the database. In a transaction now: {holders}. Let it end, or stop the program, and run it again. The statement is: {statement}',
    exit: exit.locked,
    retryable: true,
  },
  MIGRATION_SEED_FAILED: {
    message: 'The first rows of the extension {owner} could not be written: {reason}',
    hint: 'Nothing of this migration is left in the database. Correct the seed of the extension, and run stillpoint migrate again.',
    exit: exit.failed,
    retryable: false,
  },
  MIGRATION_UNKNOWN: {
    message: 'No migration of the name {name} is applied.',
    hint: 'Nothing was changed. stillpoint migrate status lists those that are; "nothing" takes all of them back.',
    exit: exit.notFound,
    retryable: false,
  },
  MIGRATION_DRIFT: {
    message: 'The database differs from what its migrations made, in {count} places.',
    hint: 'Nothing was changed. Undo by hand what was done by hand, or say it in the models and run stillpoint migrate.',
    exit: exit.failed,
    retryable: false,
  },
  MIGRATION_MEMBER_UNCLEAR: {
    message: 'Which repository the migrations belong to is not clear: {members}.',
    hint: 'Name it once: stillpoint migrate --member PATH. From then on it is the one that has stillpoint/migrations.',
    exit: exit.usage,
    retryable: false,
  },
  MIGRATE_NEEDS_YES: {
    message: 'This {operation} has to be confirmed, and nobody is here to do it.',
    hint: 'Add --yes if that is what you want. With --dry-run it only shows what would be done.',
    exit: exit.usage,
    retryable: false,
  },
} as const satisfies Record<string, CatalogueEntry>;
