// What drivers of databases can do beside capturing: let the gate read what shaped a database, and let `diff` compare two
// states of it. The gate and `diff` know tables and names; SQL stays with the drivers.
import type { Digest, Json } from '@stillpoint/core';
import type { PrepareOptions } from './contract.ts';

/** A facet of a SourceDriver. */
export interface DatabaseAccess {
  /** The live databases: one of SQLite or by URL, several in a cluster. Starts a managed server that is stopped. */
  live(signal: AbortSignal): Promise<DatabaseSet>;
  /**
   * The databases as captured in `record`, made readable in `options.workDirectory` (or beside, in the same server); gone when
   * disposed of. May take as long as a restore's prepare().
   */
  captured(record: Json, options: PrepareOptions): Promise<DatabaseSet>;
}

export interface DatabaseSet extends AsyncDisposable {
  /** In ascending order of name. */
  readonly databases: readonly DatabaseView[];
}

/** One database, seen in one consistent read transaction that begins with the first call. */
export interface DatabaseView {
  /** Of a cluster's database; the file's path for SQLite. */
  readonly name: string;
  readonly engine: 'postgres' | 'sqlite';
  /** As in the lockfile. Leaves out what Stillpoint itself keeps in the database (the stamp). */
  schemaDigest(): Promise<Digest>;
  /** Every table of the user's, in ascending order of schema and name. Not those of extensions, nor Stillpoint's own. */
  tables(): Promise<readonly TableDescription[]>;
  /** Exact. Takes as long as reading the table. */
  countRows(table: TableName): Promise<number>;
  /**
   * Rows in no particular order; those whose key falls into one of `oneIn` classes, the same ones in every view, so that two
   * views can be compared by a sample. 1: every row. Tables without a primary key use the whole row as key.
   */
  rows(table: TableName, options: { readonly oneIn: number }): AsyncIterable<RowView>;
  /** The named columns of all rows of a small table, in its own order, as text; undefined: there is no such table or column. */
  readAll(
    table: TableName,
    columns: readonly string[],
  ): Promise<readonly Readonly<Record<string, string | null>>[] | undefined>;
  /** What writeStamp() wrote last; undefined: never. */
  readStamp(): Promise<string | undefined>;
  /**
   * Live views only. Replaces the stamp, durably, in a transaction of its own, without touching anything of the user's.
   * Rejects with STAMP_NOT_WRITABLE: a read-only database, a role that may not create anything.
   */
  writeStamp(stamp: string): Promise<void>;
}

export interface TableName {
  /** null: SQLite's main database. */
  readonly schema: string | null;
  readonly name: string;
}

export interface TableDescription extends TableName {
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  /** Definitions as the database writes them, in ascending order of name. */
  readonly indexes: readonly { readonly name: string; readonly definition: string }[];
  /** Names of the primary key's columns, in its order; empty: there is none. */
  readonly key: readonly string[];
  /** On disk with its indexes; null: unknown. */
  readonly bytes: number | null;
}

export interface RowView {
  /** The key's values as JSON of texts: equal keys have equal texts. */
  readonly key: string;
  /** Values as text, null for NULL; long ones are kept whole. */
  readonly values: Readonly<Record<string, string | null>>;
}
