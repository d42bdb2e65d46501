// One SQLite database, seen in one read transaction that begins with the first call. In rollback mode writers cannot commit as
// long as it lasts: whoever looks at a live file should not take his time.
import type { DatabaseSync } from 'node:sqlite';
import { failure } from '@stillpoint/core';
import type { DatabaseView, TableName } from '../../contract.ts';
import { schemaDigestOf } from '../schema-digest.ts';
import { readStamp } from '../stamp.ts';
import { readColumns, readRows } from './rows.ts';
import { quoted, readTables, type Table } from './tables.ts';

export interface SqliteViewOptions {
  /** The file's path. */
  readonly name: string;
  readonly database: DatabaseSync;
  readonly signal: AbortSignal;
  /** Left out: a captured state, which is never written to. */
  readonly writeStamp?: (stamp: string) => Promise<void>;
}

export function createSqliteView({
  name,
  database,
  signal,
  writeStamp,
}: SqliteViewOptions): DatabaseView {
  let known: readonly Table[] | undefined;
  const read = (): DatabaseSync => {
    signal.throwIfAborted();
    if (!database.isTransaction) database.exec('BEGIN');
    return database;
  };
  const tables = (): readonly Table[] => (known ??= readTables(read()));
  const find = ({ name: wanted }: TableName): Table | undefined =>
    tables().find((table) => table.name === wanted);
  const tableOf = (table: TableName): Table => {
    const found = find(table);
    if (found === undefined) throw new TypeError(`${name} has no table ${table.name}`);
    return found;
  };
  return {
    name,
    engine: 'sqlite',
    schemaDigest: async () => schemaDigestOf(read()),
    tables: async () => tables(),
    async countRows(table) {
      const row = read()
        .prepare(`SELECT count(*) AS count FROM ${quoted(tableOf(table).name)}`)
        .get();
      return Number(row?.['count']);
    },
    async *rows(table, { oneIn }) {
      yield* readRows(read(), tableOf(table), { oneIn, signal });
    },
    async readAll(table, columns) {
      const found = find(table);
      const present = new Set(found?.columns.map((column) => column.name));
      if (found === undefined || !columns.every((column) => present.has(column))) return undefined;
      return readColumns(read(), found, columns);
    },
    readStamp: async () => readStamp(read()),
    async writeStamp(stamp) {
      if (writeStamp === undefined) {
        throw failure('STAMP_NOT_WRITABLE', { database: name, reason: 'it is a captured state' });
      }
      // In rollback mode nobody commits while anybody reads. The next call sees what is there then.
      if (database.isTransaction) database.exec('COMMIT');
      known = undefined;
      await writeStamp(stamp);
    },
  };
}
