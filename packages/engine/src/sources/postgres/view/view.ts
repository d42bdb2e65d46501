// One database, seen in one read transaction. Whoever made the connection ends it, and the view with it.
import { failure } from '@stillpoint/core';
import type { Client } from 'pg';
import type { DatabaseView, TableName } from '../../contract.ts';
import { OWN_SCHEMA, schemaDigest, settleSession } from '../schema-digest.ts';
import { readColumns, readRows } from './rows.ts';
import { readStamp, writeStamp } from './stamp.ts';
import { findTable, readOwnTables, readTables, type Table } from './tables.ts';
import { createReadTransaction } from './transaction.ts';

export interface PostgresViewOptions {
  /** Connected, in no transaction, and used by nobody else while the view is. */
  readonly client: Client;
  /** The database's name. */
  readonly database: string;
  /** One more connection to the same database, to write the stamp; left out: a captured state, which is never written to. */
  readonly connect?: () => Promise<Client>;
}

export function createPostgresView(options: PostgresViewOptions): DatabaseView {
  const { database } = options;
  const transaction = createReadTransaction(options.client);
  let tables: Promise<readonly Table[]> | undefined;
  let written: string | undefined;
  let cursors = 0;
  const allTables = (): Promise<readonly Table[]> => (tables ??= transaction.run(readTables));
  const known = async (name: TableName): Promise<Table> => {
    const found = findTable(await allTables(), name);
    if (found === undefined) throw new TypeError(`${database} has no table ${name.name}`);
    return found;
  };
  return {
    name: database,
    engine: 'postgres',
    schemaDigest: () => transaction.run(schemaDigest),
    async tables() {
      return (await allTables()).map(({ from: _from, ...table }) => table);
    },
    async countRows(name) {
      const { from } = await known(name);
      const text = `SELECT pg_catalog.count(*)::text AS count FROM ${from}`;
      const { rows } = await transaction.run((client) => client.query<{ count: string }>(text));
      return Number(rows[0]!.count);
    },
    async *rows(name, { oneIn }) {
      const cursor = `stillpoint_${++cursors}`;
      yield* readRows(transaction, await known(name), { cursor, oneIn });
    },
    async readAll(name, columns) {
      const own = name.schema === OWN_SCHEMA;
      const tables = own ? await transaction.run(readOwnTables) : await allTables();
      const found = findTable(tables, name);
      if (found === undefined) return undefined;
      const present = new Set(found.columns.map((column) => column.name));
      if (!columns.every((column) => present.has(column))) return undefined;
      return transaction.run((client) => readColumns(client, found, columns));
    },
    async readStamp() {
      return written ?? (await transaction.run(readStamp));
    },
    async writeStamp(stamp) {
      if (options.connect === undefined) {
        throw failure('STAMP_NOT_WRITABLE', { database, reason: 'it is a captured state' });
      }
      const client = await options.connect();
      client.on('error', () => {});
      try {
        await settleSession(client);
        await writeStamp(client, database, stamp);
      } finally {
        await client.end().catch(() => {});
      }
      written = stamp;
    },
  };
}
