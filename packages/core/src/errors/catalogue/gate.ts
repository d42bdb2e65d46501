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
  GATE_BLOCKED: {
    message: 'The gate is closed, and {doing}: {reason}',
    hint: '{hint}',
    exit: exit.gateBlocked,
    retryable: false,
  },
  ACCEPT_NEEDS_YES: {
    message: 'Taking code and data as they are has to be confirmed, and nobody is here to do it.',
    hint: 'Add --yes if that is what you want: what blocks now is passed from then on.',
    exit: exit.usage,
    retryable: false,
  },
  REBUILD_FAILED: {
    message: 'The rebuild of {member} failed: {reason}',
    hint: 'What it said is in {log}. It is run as: {command}',
    exit: exit.failed,
    retryable: true,
  },
} as const satisfies Record<string, CatalogueEntry>;
