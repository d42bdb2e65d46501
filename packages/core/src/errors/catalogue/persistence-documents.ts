// What can go wrong with: state documents. Part of the error catalogue (../catalogue.ts).
import { exitCodes as exit } from '../exit-codes.ts';
import type { CatalogueEntry } from './entry.ts';

export const persistenceDocuments = {
  STATE_NOT_INSTALLED: {
    message: 'The database "{database}" has no tables of state documents.',
    hint: 'Run stillpoint migrate, or installChambers() with documentsPart, as the role that owns the database.',
    exit: exit.failed,
    retryable: false,
  },
  STATE_CONFLICT: {
    message:
      'The state of run "{run}" is at version {found}; the change was made from version {expected}.',
    hint: 'Read the latest state, make the change on it, and save that with its version. The transaction can go on.',
    exit: exit.failed,
    retryable: false,
  },
  STATE_INVALID: {
    message: 'The state of run "{run}" does not fit its schema and is not saved: {why}.',
    hint: 'Correct the document. It is looked at as it will be read: a Date, say, comes back as text.',
    exit: exit.usage,
    retryable: false,
  },
  STATE_MISMATCH: {
    message:
      'The state of run "{run}" at version {version} does not fit the schema that it is read with: {why}.',
    hint: 'Read it with the schema that it was saved with, or without one, and save what you make of it as the next version.',
    exit: exit.failed,
    retryable: false,
  },
  STATE_DAMAGED: {
    message:
      'The exact state of run "{run}" at version {version} is not what was saved: its digest differs.',
    hint: 'Restore the database from a snapshot, or go on from an earlier version with at(). Somebody changed the row, or the disk did.',
    exit: exit.integrity,
    retryable: false,
  },
  STATE_TOO_LARGE: {
    message: 'The exact state of run "{run}" has {bytes} bytes; {most} is the most.',
    hint: 'Keep it as a file of a files source, and its name in the state.',
    exit: exit.usage,
    retryable: false,
  },
} as const satisfies Record<string, CatalogueEntry>;
