// What can go wrong with: managed postgres. Part of the error catalogue (../catalogue.ts).
import { exitCodes as exit } from '../exit-codes.ts';
import type { CatalogueEntry } from './entry.ts';

export const managedPostgres = {
  POSTGRES_MAJOR_MISMATCH: {
    message: 'The data is that of Postgres {captured}; the server here is Postgres {present}.',
    hint: 'A data directory opens only with its own major version: use the Stillpoint that made it, or one that brings Postgres {captured}.',
    exit: exit.failed,
    retryable: false,
  },
  POSTGRES_ARCH_MISMATCH: {
    message: 'The data is that of a database on {captured}; this machine is {present}.',
    hint: 'A data directory opens only on its own platform and architecture. Restore it on such a machine and move the data with pg_dump.',
    exit: exit.failed,
    retryable: false,
  },
  POSTGRES_COLLATION_MISMATCH: {
    message:
      'The database {database} sorts by collation version {captured}; this machine has {present}.',
    hint: 'Its indexes may be in another order than this machine expects. Restore on a machine with the same C library or ICU.',
    exit: exit.failed,
    retryable: false,
  },
  POSTGRES_TABLESPACES: {
    message: 'The database uses tablespaces outside of its data directory: {tablespaces}.',
    hint: 'Move their tables back (ALTER TABLE ... SET TABLESPACE pg_default) and drop them; Stillpoint captures only the data directory.',
    exit: exit.failed,
    retryable: false,
  },
  POSTGRES_BASE_FAILED: {
    message: 'The base backup of the database failed: {reason}.',
    hint: 'Look at the log of the database. If it tells of bad page checksums, its disk or its data is damaged.',
    exit: exit.failed,
    retryable: true,
  },
  POSTGRES_WAL_LOST: {
    message: 'The write-ahead log from {from} on is gone: {reason}.',
    hint: 'Take the snapshot again: it begins with a new base backup.',
    exit: exit.failed,
    retryable: true,
  },
  POSTGRES_MARK_FAILED: {
    message: 'The database gave no restore point: {reason}.',
    hint: 'Nothing was captured. Look at the log of the database and take the snapshot again.',
    exit: exit.failed,
    retryable: true,
  },
  POSTGRES_RECORD_UNREADABLE: {
    message: 'What the snapshot says of its database cannot be read: {reason}.',
    hint: 'Was it taken by a newer Stillpoint? Install that one. Otherwise: stillpoint verify --deep',
    exit: exit.integrity,
    retryable: false,
  },
  POSTGRES_RECOVERY_FAILED: {
    message: 'The database could not be recovered to the moment of the snapshot: {reason}.',
    hint: 'The live database is as it was. stillpoint verify --deep reads the snapshot through; the server log is in {log}.',
    exit: exit.failed,
    retryable: false,
  },
  POSTGRES_CLIENTS_REMAIN: {
    message: 'Connections to the database did not end: {clients}.',
    hint: 'The database was opened again and nothing was switched. End these programs and restore again.',
    exit: exit.failed,
    retryable: true,
  },
  POSTGRES_BINARIES_MISSING: {
    message: 'There are no Postgres binaries for this machine ({platform}).',
    hint: 'Install the package {package} beside stillpoint; npm leaves optional dependencies out when told to, or when it cannot fetch them.',
    exit: exit.failed,
    retryable: false,
  },
  POSTGRES_USER_FAILED: {
    message: 'Postgres never runs as root, and its system user "{user}" cannot be used: {reason}.',
    hint: 'Run this once as root: {command}',
    exit: exit.failed,
    retryable: false,
  },
  POSTGRES_RUNTIME_UNSAFE: {
    message: 'The directory {directory} cannot hold the sockets of Postgres: {reason}.',
    hint: 'Look at who made it, and remove or rename it; Stillpoint makes its own.',
    exit: exit.failed,
    retryable: false,
  },
  POSTGRES_CREATE_FAILED: {
    message: 'The database cluster could not be created: {reason}.',
    hint: 'Nothing was kept of it. See {log}, then run the command again.',
    exit: exit.failed,
    retryable: false,
  },
  POSTGRES_OTHER_USER: {
    message: 'The database of this project was made by {owner}, and this is {user}.',
    hint: 'Run the command as {owner}: root and ordinary users keep their databases in different places.',
    exit: exit.failed,
    retryable: false,
  },
  POSTGRES_NOT_CREATED: {
    message: 'This project has no database cluster yet.',
    hint: 'stillpoint db start makes it.',
    exit: exit.notFound,
    retryable: false,
  },
  POSTGRES_BUSY: {
    message:
      'Another command has been creating, starting or stopping this database for {seconds} seconds.',
    hint: 'Wait for it to end, or look for a stillpoint process that hangs.',
    exit: exit.locked,
    retryable: true,
  },
  POSTGRES_START_FAILED: {
    message: 'Postgres did not start: {reason}.',
    hint: 'The whole log is {file}. Its last lines:\n{log}',
    exit: exit.failed,
    retryable: false,
  },
  POSTGRES_STOP_FAILED: {
    message: 'Postgres (process {pid}) does not end.',
    hint: 'Look at process {pid}; a hanging disk can keep a process from ending.',
    exit: exit.failed,
    retryable: true,
  },
  POSTGRES_UNREACHABLE: {
    message: 'The database cannot be reached: {reason}.',
    hint: 'stillpoint db status shows its state, stillpoint db start starts it.',
    exit: exit.failed,
    retryable: true,
  },
  POSTGRES_FILE_DAMAGED: {
    message: '{file} cannot be read: {reason}.',
    hint: 'Restore this file from a backup of the machine; the data beside it was not touched.',
    exit: exit.integrity,
    retryable: false,
  },
  PORT_TAKEN: {
    message: 'Port {port} on 127.0.0.1, which this database uses, is taken by {holder}.',
    hint: 'Stop it, or give the source another port in the configuration.',
    exit: exit.failed,
    retryable: true,
  },
} as const satisfies Record<string, CatalogueEntry>;
