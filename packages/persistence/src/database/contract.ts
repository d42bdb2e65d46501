// What every room asks of the one Postgres: queries, transactions, sessions, streams of COPY.
//
// THE LAW.
//  1. transaction() takes the project's freeze lock, shared, as its first statement: whoever writes through it holds still for a
//     snapshot without a line of its own. It commits when the body resolves, and rolls back when it rejects; it never retries.
//  2. A connection that broke is never given to another caller. A transaction whose commit has no answer rejects with
//     COMMIT_UNKNOWN: it may have happened.
//  3. query() is a transaction of one statement. An INSERT, UPDATE, DELETE, MERGE or TRUNCATE of a database takes the freeze lock as
//     transaction() does, also by its Drizzle; anything else does not, nor does a session's: that is for what holds a permit.
//  4. A server with one connection (PGlite) runs transactions one after the other; what needs a session of its own is refused
//     there with DATABASE_ONE_CONNECTION.
//  5. Text from callers is only ever bound, never put into SQL; names go through identifier().
import type { NodePgDatabase } from 'drizzle-orm/node-postgres';

/** What was found when the database was opened. Facts, not wishes. */
export interface ServerFacts {
  readonly kind: 'postgres' | 'pglite';
  /** `server_version_num`: 180004 for 18.4. */
  readonly version: number;
  readonly database: string;
  readonly role: string;
  readonly superuser: boolean;
  /** 'one': PGlite. There is one session, and everybody waits for its transaction. */
  readonly connections: 'many' | 'one';
  readonly lz4: boolean;
  /** By name: the version that CREATE EXTENSION would make, and the one that is there. */
  readonly extensions: ReadonlyMap<
    string,
    { readonly available: string; readonly installed: string | undefined }
  >;
}

export interface QueryResult<Row> {
  readonly rows: readonly Row[];
  /** Rows that the statement touched; 0 where it does not say. */
  readonly rowCount: number;
}

export interface Queryable {
  /** One statement. A Buffer among the values is sent in binary. Throws what the server says, as `pg` does. */
  query<Row extends object = Record<string, unknown>>(
    text: string,
    values?: readonly unknown[],
  ): Promise<QueryResult<Row>>;
}

export interface Transaction extends Queryable {
  /** The same transaction for Drizzle. */
  readonly drizzle: NodePgDatabase;
  /** `COPY ... FROM STDIN`. Resolves to the number of rows. Reads the chunks no faster than the server takes them. */
  copyIn(text: string, chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<number>;
  /** `COPY ... TO STDOUT`. To be read to its end or returned. */
  copyOut(text: string): AsyncIterable<Uint8Array>;
}

export interface TransactionOptions {
  readonly isolation?: 'read committed' | 'repeatable read' | 'serializable';
  readonly readOnly?: boolean;
  /** Left out of the freeze: only for what holds a permit of the queue, or changes nothing. */
  readonly withoutFreezeLock?: boolean;
  readonly signal?: AbortSignal;
}

/** A connection of its own, for LISTEN and for locks that belong to a session. */
export interface Session extends Queryable, AsyncDisposable {
  /** Aborted when the connection is gone, with the cause. Whatever the session held is gone then. */
  readonly lost: AbortSignal;
  transaction<T>(
    body: (transaction: Transaction) => Promise<T>,
    options?: TransactionOptions,
  ): Promise<T>;
  listen(channel: string, heard: (payload: string) => void): Promise<void>;
}

export interface Database extends Queryable, AsyncDisposable {
  readonly facts: ServerFacts;
  readonly drizzle: NodePgDatabase;
  transaction<T>(
    body: (transaction: Transaction) => Promise<T>,
    options?: TransactionOptions,
  ): Promise<T>;
  /** `name` is what pg_stat_activity shows. Throws DATABASE_ONE_CONNECTION on PGlite. */
  session(name: string): Promise<Session>;
}

export interface OpenDatabaseOptions {
  /** `postgresql://…`, or a PGlite that the caller made and keeps. */
  readonly at: string | object;
  /** The key of the project's freeze lock (STILLPOINT_LOCK_KEY); that of every project unless told. */
  readonly freezeLockKey?: bigint;
  /** Longest number of connections of the pool. */
  readonly connections?: number;
  /** The role that statements run as (SET ROLE); undefined: the one that connects. */
  readonly role?: string;
  readonly applicationName?: string;
}
