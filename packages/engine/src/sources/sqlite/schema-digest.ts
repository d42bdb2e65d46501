// What shapes a SQLite database, as rows of its own table and as one digest. Stillpoint's stamp is a view beside it, not part of it.
import type { DatabaseSync } from 'node:sqlite';
import { canonicalBytes, digestOf, type Digest } from '@stillpoint/core';

export const stampView = 'stillpoint_stamp';

/** By code points, not by the machine's language: the digest is compared with those of other machines. */
const OBJECTS = `SELECT type, name, tbl_name, sql FROM sqlite_schema
  WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND NOT (type = 'view' AND name = '${stampView}')
  ORDER BY type COLLATE BINARY, name COLLATE BINARY, tbl_name COLLATE BINARY`;

export function schemaDigestOf(database: DatabaseSync): Digest {
  const objects = database
    .prepare(OBJECTS)
    .all()
    .map(({ type, name, tbl_name: table, sql }) => [
      String(type),
      String(name),
      String(table),
      sql === null ? null : String(sql),
    ]);
  return digestOf(canonicalBytes(objects));
}
