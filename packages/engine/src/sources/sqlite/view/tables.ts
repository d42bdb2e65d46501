// The user's tables of a SQLite database. The tables behind a virtual one (full text, trees) are told as tables, for they hold
// the rows; the virtual one is not: its code may not be here.
import type { DatabaseSync } from 'node:sqlite';
import type { TableDescription } from '../../contract.ts';

export interface Table extends TableDescription {
  readonly schema: null;
}

export function readTables(database: DatabaseSync): readonly Table[] {
  const tables = database
    .prepare(
      `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
         AND sql NOT LIKE 'CREATE VIRTUAL TABLE%' ORDER BY name COLLATE BINARY`,
    )
    .all();
  return tables.map(({ name }) => describeTable(database, String(name)));
}

function describeTable(database: DatabaseSync, name: string): Table {
  // 1: a hidden column of a virtual table; 2 and 3 are generated, and values all the same.
  const columns = database
    .prepare('SELECT name, type, pk FROM pragma_table_xinfo(?) WHERE hidden <> 1 ORDER BY cid')
    .all(name);
  const key = columns
    .filter(({ pk }) => Number(pk) > 0)
    .toSorted((a, b) => Number(a['pk']) - Number(b['pk']));
  const indexes = database
    .prepare(
      `SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL
         ORDER BY name COLLATE BINARY`,
    )
    .all(name);
  return {
    schema: null,
    name,
    columns: columns.map((column) => ({
      name: String(column['name']),
      type: String(column['type']),
    })),
    indexes: indexes.map((index) => ({
      name: String(index['name']),
      definition: String(index['sql']),
    })),
    key: key.map((column) => String(column['name'])),
    bytes: null,
  };
}

export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
