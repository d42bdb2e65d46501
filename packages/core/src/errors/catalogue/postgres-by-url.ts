// What can go wrong with: postgres by url. Part of the error catalogue (../catalogue.ts).
import { exitCodes as exit } from '../exit-codes.ts';
import type { CatalogueEntry } from './entry.ts';

export const postgresByUrl = {
  POSTGRES_SERVER_UNREACHABLE: {
    message: 'The Postgres server at {where} cannot be reached: {reason}.',
    hint: 'Is the host right, does the server run, and does the network let this machine through? Then call again.',
    exit: exit.failed,
    retryable: true,
  },
  POSTGRES_LOGIN_REFUSED: {
    message: 'The Postgres server at {where} refuses the role "{user}": {reason}.',
    hint: "Look at the user and the password in the source's address, and at the server's pg_hba.conf.",
    exit: exit.failed,
    retryable: false,
  },
  POSTGRES_DATABASE_MISSING: {
    message: 'The Postgres server at {where} has no database "{database}".',
    hint: "Look at the name at the end of the source's address. If the database was dropped, `stillpoint restore` makes it anew.",
    exit: exit.notFound,
    retryable: false,
  },
  POSTGRES_POOLED: {
    message: 'Between here and the Postgres server at {where} stands a pooler: {reason}.',
    hint: 'Set directUrl of the source to the address of the server itself, or of the pooler in session mode; url may stay as it is.',
    exit: exit.usage,
    retryable: false,
  },
  POSTGRES_SERVER_TOO_OLD: {
    message: 'The Postgres server at {where} is version {version}.',
    hint: 'Stillpoint works with Postgres 13 and newer.',
    exit: exit.failed,
    retryable: false,
  },
  PG_DUMP_MISSING: {
    message: 'The programs pg_dump and pg_restore are not in {where}.',
    hint: 'On Debian and Ubuntu: apt-get install postgresql-client-{needed}. If they are elsewhere, set programs of the source to their directory.',
    exit: exit.failed,
    retryable: false,
  },
  PG_DUMP_TOO_OLD: {
    message: 'The pg_dump in {directory} is version {found}; {needed} or newer is needed.',
    hint: 'On Debian and Ubuntu: apt-get install postgresql-client-{needed} (from apt.postgresql.org where the system has none). It may stand beside the older one.',
    exit: exit.failed,
    retryable: false,
  },
  POSTGRES_TABLES_UNREADABLE: {
    message: 'The role "{role}" may not read all of the database: {tables}.',
    hint: 'Grant it USAGE on the schemas and SELECT on tables and sequences (GRANT pg_read_all_data); tables with row security need BYPASSRLS, or their owner unless it is forced on that too.',
    exit: exit.failed,
    retryable: false,
  },
  POSTGRES_SNAPSHOT_LOST: {
    message: 'The database did not hold the moment of the snapshot: {reason}.',
    hint: 'Nothing was captured. Take the snapshot again; the log of the server tells more.',
    exit: exit.failed,
    retryable: true,
  },
  POSTGRES_SCHEMA_MOVED: {
    message: 'A table was altered, truncated or dropped just after the moment of the snapshot.',
    hint: 'Nothing was captured. Take the snapshot again, when no migration is running.',
    exit: exit.failed,
    retryable: true,
  },
  POSTGRES_DUMP_FAILED: {
    message: 'The database at {where} could not be dumped: {reason}.',
    hint: 'Nothing was captured, and the database is as it was.',
    exit: exit.failed,
    retryable: true,
  },
  POSTGRES_REFILL_FAILED: {
    message: 'The database could not be made again from its dump: {reason}.',
    hint: 'The live database is as it was, and what had been made beside it was dropped.',
    exit: exit.failed,
    retryable: false,
  },
  POSTGRES_NO_CREATEDB: {
    message: 'The role "{role}" may not create databases, and a restore makes one.',
    hint: 'As a superuser: ALTER ROLE "{role}" CREATEDB. Or set directUrl of the source to an address with a role that may.',
    exit: exit.failed,
    retryable: false,
  },
  POSTGRES_NOT_OWNER: {
    message:
      'The database {database} belongs to "{owner}", and the role "{role}" may not act for it.',
    hint: 'A restore renames the database, which only its owner may: GRANT "{owner}" TO "{role}", or set directUrl of the source to an address with the owner.',
    exit: exit.failed,
    retryable: false,
  },
  POSTGRES_NOT_MEMBER: {
    message:
      'Something in the snapshot belongs to {owners}, and the role "{role}" may not act for them.',
    hint: 'GRANT {owners} TO "{role}", or set directUrl of the source to an address with a role that may.',
    exit: exit.failed,
    retryable: false,
  },
  POSTGRES_ROLES_MISSING: {
    message: 'Roles that own or may use something in the snapshot are not on this server: {roles}.',
    hint: 'Create them first: {commands}',
    exit: exit.failed,
    retryable: false,
  },
  POSTGRES_EXTENSION_REFUSED: {
    message: 'An extension of the snapshot cannot be created here: {extensions} ({reason}).',
    hint: 'Install its package on the server, or set directUrl of the source to an address with a role that may create it.',
    exit: exit.failed,
    retryable: false,
  },
  POSTGRES_SETTING_REFUSED: {
    message: 'The role may not give the database its setting {setting}: {reason}.',
    hint: 'It was set by a superuser. Set directUrl of the source to an address with a role that may, or take a snapshot after ALTER DATABASE ... RESET {setting}.',
    exit: exit.failed,
    retryable: false,
  },
  POSTGRES_NO_THIRD_DATABASE: {
    message: 'No other database of the server can be connected to: {names}.',
    hint: "Databases are made and renamed from a third one. Add ?maintenance=NAME to the source's directUrl or url with one that the role may connect to.",
    exit: exit.failed,
    retryable: false,
  },
  POSTGRES_SWITCH_FAILED: {
    message: 'The databases could not be exchanged: {reason}.',
    hint: 'Both are still there. Run the command again: it looks at which one is live and goes on from there.',
    exit: exit.failed,
    retryable: true,
  },
} as const satisfies Record<string, CatalogueEntry>;
