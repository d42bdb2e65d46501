// What can go wrong with: a daemon that opens its database, and the scaffold of one. Part of the error catalogue (../catalogue.ts).
import { exitCodes as exit } from '../exit-codes.ts';
import type { CatalogueEntry } from './entry.ts';

export const persistenceDaemon = {
  DAEMON_DATABASE_UNNAMED: {
    message:
      'The address of the database is not known: DATABASE_URL is not set, or was not handed on.',
    hint: 'Start the program with "stillpoint exec -- COMMAND", which sets DATABASE_URL and STILLPOINT_LOCK_KEY, or set them yourself.',
    exit: exit.usage,
    retryable: false,
  },
  DAEMON_NOT_MIGRATED: {
    message: 'The database "{database}" is not set up for this code: {what}.',
    hint: 'Nothing was changed. Run: stillpoint migrate',
    exit: exit.failed,
    retryable: false,
  },
  DAEMON_RIGHT_MISSING: {
    message: 'The role "{user}" cannot work in the database "{database}": {what}.',
    hint: 'Nothing was changed. A login that is new: GRANT "{role}" TO "{user}". Otherwise stillpoint migrate, run by the owner, puts rights right, and stillpoint doctor says what else is different.',
    exit: exit.failed,
    retryable: false,
  },
} as const satisfies Record<string, CatalogueEntry>;
