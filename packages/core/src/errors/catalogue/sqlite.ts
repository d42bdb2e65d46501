// What can go wrong with: sqlite. Part of the error catalogue (../catalogue.ts).
import { exitCodes as exit } from '../exit-codes.ts';
import type { CatalogueEntry } from './entry.ts';

export const sqlite = {
  SQLITE_MISSING: {
    message: 'The SQLite file {file} is not there.',
    hint: 'Bring it back with `stillpoint restore`, start the application that makes it, or take the source out of the configuration. A snapshot never leaves a source out silently.',
    exit: exit.failed,
    retryable: false,
  },
  SQLITE_NOT_A_FILE: {
    message: '{file} is {what}, not a SQLite file.',
    hint: 'Name the file itself in the configuration, where it really lies.',
    exit: exit.failed,
    retryable: false,
  },
  SQLITE_NOT_A_DATABASE: {
    message: '{file} is no database that SQLite can read: {why}.',
    hint: 'Is it encrypted, or of another program? Capture it as part of a directory instead: driver "files". If it was a database, restore it from a snapshot.',
    exit: exit.failed,
    retryable: false,
  },
  SQLITE_NOT_ACCESSIBLE: {
    message: 'The SQLite file {file} and its directory must be readable and writable: {why}.',
    hint: 'SQLite makes files beside a database even to read it. Run Stillpoint as the user of the application, or give it access.',
    exit: exit.failed,
    retryable: false,
  },
  SQLITE_DAMAGED: {
    message: 'The SQLite file {file} is damaged: {problem}.',
    hint: 'Nothing was captured. Try REINDEX, or the .recover command of the sqlite3 shell on a copy; or restore it from a snapshot.',
    exit: exit.integrity,
    retryable: false,
  },
  SQLITE_BUSY: {
    message: 'The SQLite file {file} was kept busy by other programs for {waitedMs} ms.',
    hint: 'Some program keeps a transaction open, or the whole file locked (locking_mode EXCLUSIVE). End it, or its transaction, and try again.',
    exit: exit.failed,
    retryable: true,
  },
  SQLITE_IN_USE: {
    message:
      'The SQLite file {file} has to be replaced as a whole, and other programs have it open: {who}.',
    hint: 'Stop these programs and restore again: a page size cannot change, and a file that is no database cannot be replaced, under those who use it.',
    exit: exit.failed,
    retryable: true,
  },
  SQLITE_BEHIND_LINK: {
    message: 'The SQLite file {file} is reached through a symbolic link: it is {target}.',
    hint: 'Name the file itself as `file` of the source, and see that it lies inside the project.',
    exit: exit.failed,
    retryable: false,
  },
  SQLITE_CHANGED: {
    message: 'Another program may have written to {file} after its undo point was taken.',
    hint: 'What it wrote is untouched: the restore stopped before it replaced this file. Restore again.',
    exit: exit.failed,
    retryable: true,
  },
  SQLITE_RECORD_UNREADABLE: {
    message: 'What the snapshot says of its SQLite file cannot be read: {reason}.',
    hint: 'Was it taken by a newer Stillpoint? Install that one. Otherwise: stillpoint verify --deep',
    exit: exit.integrity,
    retryable: false,
  },
  SQLITE_KEEPER_FAILED: {
    message: 'The process that reads and writes {file} failed: {why}.',
    hint: 'Try again. If it says that no space is left or the disk fails, mend that first.',
    exit: exit.failed,
    retryable: true,
  },
} as const satisfies Record<string, CatalogueEntry>;
