// What can go wrong with: gate. Part of the error catalogue (../catalogue.ts).
import { exitCodes as exit } from '../exit-codes.ts';
import type { CatalogueEntry } from './entry.ts';

export const gate = {
  STAMP_NOT_WRITABLE: {
    message: 'The stamp of the database {database} cannot be written: {reason}.',
    hint: 'Nothing was changed. Use a role that may create a schema in this database, where it may be written to.',
    exit: exit.failed,
    retryable: false,
  },
} as const satisfies Record<string, CatalogueEntry>;
