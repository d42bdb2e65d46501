// Runs the statements of a migration one by one in its transaction, and says of one that fails whose it is and what to do.
import { failure, isFailure } from '@stillpoint/core';
import type { Queryable, Transaction } from '../database/contract.ts';
import { coreOwner } from '../registry/index.ts';
import type { FederationSnapshot } from './contract.ts';
import { ownerOfStatement } from './owner-of-statement.ts';

export const LOCK_TIMEOUT_MS = 5000;
const shownCharacters = 200;

/** What would end the transaction: then a migration could be half there. Anything else of that kind the server refuses itself. */
const control =
  /^(begin|start\s+transaction|commit|end|rollback|abort|savepoint|release|prepare\s+transaction)\b/i;

export interface StatementsOf {
  readonly name: string;
  readonly statements: readonly string[];
  /** Of before and after, to find whose a statement is. */
  readonly snapshots: readonly (FederationSnapshot | undefined)[];
}

/** Waits for nobody's table longer than that. */
export async function limitWaiting(transaction: Queryable, lockTimeoutMs: number): Promise<void> {
  await transaction.query(`SET LOCAL lock_timeout = ${Math.max(1, Math.round(lockTimeoutMs))}`);
}

/** And finds the names of public unqualified. */
export async function setLimits(transaction: Queryable, lockTimeoutMs: number): Promise<void> {
  await limitWaiting(transaction, lockTimeoutMs);
  await transaction.query('SET LOCAL search_path = public');
}

/** MIGRATION_STATEMENT_FAILED, MIGRATION_OUTSIDE_TRANSACTION, and a LockTimeout for whoever can look who it was. */
export async function runStatements(
  transaction: Transaction,
  { name, statements, snapshots }: StatementsOf,
): Promise<void> {
  for (const statement of statements) {
    const about = {
      name,
      owner: ownerOfStatement(statement, snapshots) ?? coreOwner,
      statement: shortened(statement),
    };
    if (control.test(withoutComments(statement)))
      throw failure('MIGRATION_OUTSIDE_TRANSACTION', {
        ...about,
        reason: 'it begins or ends a transaction',
      });
    try {
      // With values it is one statement: a second one behind a semicolon is refused.
      await transaction.query(statement, []);
    } catch (error) {
      if (isFailure(error)) throw error;
      const { code, message, detail } = error as {
        readonly code?: string;
        readonly message: string;
        readonly detail?: string;
      };
      if (code === undefined) throw error;
      // Which view or foreign key of somebody's is in the way stands in the detail only.
      const reason =
        code === '2BP01' && detail !== undefined
          ? `${message} (${detail.replaceAll('\n', ', ')})`
          : message;
      if (code === '55P03') throw new LockTimeout(about.owner, about.statement, error);
      // 25001: not inside of a transaction. 55P04: a value that was added to an enum is used in the same one.
      const kind =
        code === '25001' || code === '55P04'
          ? 'MIGRATION_OUTSIDE_TRANSACTION'
          : 'MIGRATION_STATEMENT_FAILED';
      throw failure(kind, { ...about, reason }, error);
    }
  }
}

export class LockTimeout extends Error {
  readonly owner: string;
  readonly statement: string;
  constructor(owner: string, statement: string, cause: unknown) {
    super('a table is held', { cause });
    this.owner = owner;
    this.statement = statement;
  }
}

/** MIGRATION_BLOCKED for a LockTimeout, with who may hold the table; anything else as it is. The transaction is over by now. */
export async function explained(
  queryable: Queryable,
  error: unknown,
  { name, lockTimeoutMs }: { readonly name: string; readonly lockTimeoutMs: number },
): Promise<unknown> {
  if (!(error instanceof LockTimeout)) return error;
  const { owner, statement } = error;
  const holders = await holdersIn(queryable).catch(() => []);
  return failure(
    'MIGRATION_BLOCKED',
    {
      name,
      owner,
      statement,
      limitMs: lockTimeoutMs,
      holders: holders.length === 0 ? 'nobody any more' : holders.join(', '),
    },
    error.cause,
  );
}

async function holdersIn(queryable: Queryable): Promise<readonly string[]> {
  const { rows } = await queryable.query<{ who: string }>(
    `SELECT coalesce(nullif(application_name, ''), 'unnamed') || ' (process ' || pid || ', ' || coalesce(state, 'unknown') || ')' AS who
     FROM pg_stat_activity
     WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL
     ORDER BY xact_start LIMIT 3`,
  );
  return rows.map(({ who }) => who);
}

function withoutComments(statement: string): string {
  return statement.replace(/^(?:\s+|--[^\n]*(?:\n|$)|\/\*[^]*?\*\/)+/, '');
}

function shortened(statement: string): string {
  const line = statement.replaceAll(/\s+/g, ' ').trim();
  return line.length <= shownCharacters ? line : `${line.slice(0, shownCharacters)}…`;
}
