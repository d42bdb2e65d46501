// The stamp in a SQLite file: a view of one constant row. Tools that compare or migrate schemas look at tables, so it disturbs none.
import type { DatabaseSync } from 'node:sqlite';
import { stampView } from './schema-digest.ts';

export function readStamp(database: DatabaseSync): string | undefined {
  const query = "SELECT 1 FROM sqlite_schema WHERE type = 'view' AND name = ?";
  if (database.prepare(query).get(stampView) === undefined) return undefined;
  const row = database.prepare(`SELECT stamp FROM ${stampView}`).get();
  return row === undefined ? undefined : String(row['stamp']);
}

/** In the keeper, inside a transaction that writes. */
export function replaceStamp(database: DatabaseSync, stamp: string): void {
  const text = stamp.replaceAll("'", "''");
  database.exec(
    `DROP VIEW IF EXISTS ${stampView}; CREATE VIEW ${stampView} AS SELECT '${text}' AS stamp`,
  );
}
