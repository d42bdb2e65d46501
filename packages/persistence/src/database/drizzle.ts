// Drizzle on a conversation of ours. Its own transactions would begin and commit behind our back, without the freeze lock; so
// that of a database is ours, and that of a transaction a savepoint.
import {
  NodePgDatabase,
  NodePgSession,
  NodePgTransaction,
  nodePgCodecs,
  type NodePgClient,
} from 'drizzle-orm/node-postgres';
import { PgDialect, type PgTransactionConfig } from 'drizzle-orm/pg-core';
import type { EmptyRelations } from 'drizzle-orm';
import type { Database, Transaction, TransactionOptions } from './contract.ts';
import type { Answer, Asked } from './conversation.ts';

type Ask = (asked: Asked) => Promise<Answer>;

export function drizzleOfDatabase(ask: Ask, transaction: Database['transaction']): NodePgDatabase {
  const { dialect, session } = foundation(ask);
  const database = new NodePgDatabase(dialect, session, {});
  const ours = <T>(
    body: (transaction: NodePgTransaction<EmptyRelations>) => Promise<T>,
    config?: PgTransactionConfig,
  ): Promise<T> =>
    transaction(
      ({ drizzle }) => body(drizzle as NodePgTransaction<EmptyRelations>),
      optionsOf(config),
    );
  return Object.assign(database, { transaction: ours });
}

export function drizzleOfTransaction(ask: Ask): Transaction['drizzle'] {
  const { dialect, session } = foundation(ask);
  return new NodePgTransaction<EmptyRelations>(dialect, session, {}, undefined, false);
}

function foundation(ask: Ask) {
  const dialect = new PgDialect({ codecs: nodePgCodecs });
  const query = (config: Asked, values?: readonly unknown[]): Promise<Answer> =>
    ask({ ...config, values: values ?? [] });
  const session = new NodePgSession<EmptyRelations>(
    { query } as unknown as NodePgClient,
    dialect,
    {},
  );
  return { dialect, session };
}

function optionsOf(config: PgTransactionConfig | undefined): TransactionOptions {
  const { isolationLevel, accessMode, snapshot } = config ?? {};
  if (snapshot !== undefined) throw new TypeError('a snapshot of another session is not supported');
  // 'read uncommitted' is 'read committed' in Postgres.
  const isolation = isolationLevel === 'read uncommitted' ? 'read committed' : isolationLevel;
  return {
    ...(isolation === undefined ? {} : { isolation }),
    ...(accessMode === 'read only' ? { readOnly: true } : {}),
  };
}
