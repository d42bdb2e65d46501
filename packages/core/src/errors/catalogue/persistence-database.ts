// What can go wrong with: the database of the persistence library. Part of the error catalogue (../catalogue.ts).
import { exitCodes as exit } from '../exit-codes.ts';
import type { CatalogueEntry } from './entry.ts';

export const persistenceDatabase = {
  DATABASE_ADDRESS_INVALID: {
    message: 'The address of the database is none: {reason}.',
    hint: 'It looks like postgresql://user:password@host:5432/database. @, /, ? and # in a password are written as %40, %2F, %3F and %23.',
    exit: exit.usage,
    retryable: false,
  },
  DATABASE_UNREACHABLE: {
    message: 'The Postgres server at {where} cannot be reached: {reason}.',
    hint: 'Is the host right, does the server run, and does the network let this machine through? Then call again.',
    exit: exit.failed,
    retryable: true,
  },
  DATABASE_LOGIN_REFUSED: {
    message: 'The Postgres server at {where} does not let the role "{user}" in: {reason}.',
    hint: "Look at the user and the password in the address, at the server's pg_hba.conf, and whether the role may CONNECT to the database.",
    exit: exit.failed,
    retryable: false,
  },
  DATABASE_MISSING: {
    message: 'The Postgres server at {where} has no database "{database}".',
    hint: 'Look at the name at the end of the address, or create it: createdb "{database}".',
    exit: exit.notFound,
    retryable: false,
  },
  DATABASE_TOO_OLD: {
    message: 'The Postgres server at {where} is version {version}.',
    hint: 'The persistence library works with Postgres 15 and newer.',
    exit: exit.failed,
    retryable: false,
  },
  DATABASE_POOLED: {
    message: 'Between here and the Postgres server at {where} stands a pooler: {reason}.',
    hint: 'Locks and notifications belong to a session. Give the address of the server itself, or of the pooler in session mode.',
    exit: exit.usage,
    retryable: false,
  },
  DATABASE_ROLE_REFUSED: {
    message: 'The role "{user}" may not act as "{role}" at {where}: {reason}.',
    hint: 'Does the role exist? As its administrator: GRANT "{role}" TO "{user}".',
    exit: exit.failed,
    retryable: false,
  },
  DATABASE_CONNECTION_LOST: {
    message: 'The connection to the database broke: {reason}.',
    hint: 'A transaction that was open was rolled back by the server. A single statement outside of one may have happened: look before you repeat it.',
    exit: exit.failed,
    retryable: true,
  },
  DATABASE_TRANSACTION_ABORTED: {
    message:
      'Nothing of the transaction was written: a statement of it had failed, and the failure was not passed on.',
    hint: 'Let the error of the statement reject the body, or run what may fail inside a savepoint (transaction.drizzle.transaction). The failed statement is the cause of this error.',
    exit: exit.failed,
    retryable: false,
  },
  DATABASE_ONE_CONNECTION: {
    message: 'PGlite has one connection, and {what} needs one of its own.',
    hint: 'Use a Postgres server by its address for this: several processes, workers and freezes need sessions.',
    exit: exit.failed,
    retryable: false,
  },
  DATABASE_COPY_REFUSED: {
    message:
      'PGlite does not let the role "{role}" COPY: for it that is reading and writing files of the server.',
    hint: 'Insert the rows by INSERT ... SELECT FROM unnest(...) and read them by SELECT, open the database as its owner, or use a Postgres server. The transaction can go on.',
    exit: exit.failed,
    retryable: false,
  },
  COMMIT_UNKNOWN: {
    message:
      'Whether the transaction was committed is not known: the connection broke before the answer ({reason}).',
    hint: 'Look whether its effect is there before you do it again, or write a key of your own in the transaction and ask for that.',
    exit: exit.failed,
    retryable: false,
  },
} as const satisfies Record<string, CatalogueEntry>;
