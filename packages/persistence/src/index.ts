// The explicit public list of @stillpoint/persistence.
export type {
  Database,
  OpenDatabaseOptions,
  Queryable,
  QueryResult,
  ServerFacts,
  Session,
  Transaction,
  TransactionOptions,
} from './database/contract.ts';
