// The tables of a database, read from its catalogs: the user's own, not those of extensions, nor Stillpoint's. A partitioned
// table is one table; its partitions are not told apart.
import type { Client } from 'pg';
import type { TableDescription, TableName } from '../../contract.ts';
import { OWN_SCHEMA, USER_SCHEMAS } from '../schema-digest.ts';
import { escapeIdentifier } from '../pg-client.ts';

export interface Table extends TableDescription {
  readonly schema: string;
  /** For FROM: an inheriting table's rows are its own, a partitioned one's lie in its partitions. */
  readonly from: string;
}

interface Row {
  readonly schema: string;
  readonly name: string;
  readonly kind: 'r' | 'p' | 'm';
  readonly columns: readonly (readonly [name: string, type: string])[];
  readonly indexes: readonly (readonly [name: string, definition: string])[];
  readonly key: readonly string[];
  readonly bytes: string | null;
}

// A materialized view that was never filled cannot be read.
const tablesIn = (schemas: string): string => `
  WITH relations AS (
    SELECT c.oid, n.nspname::text AS schema, c.relname::text AS name, c.relkind::text AS kind
      FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE n.oid IN (${schemas}) AND c.relpersistence <> 't' AND NOT c.relispartition
       AND (c.relkind IN ('r', 'p') OR c.relkind = 'm' AND c.relispopulated)
       AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e
         WHERE e.classid = 'pg_catalog.pg_class'::regclass AND e.objid = c.oid AND e.deptype = 'e'))
  SELECT schema, name, kind,
    coalesce((SELECT pg_catalog.json_agg(pg_catalog.json_build_array(a.attname::text,
        pg_catalog.format_type(a.atttypid, a.atttypmod)) ORDER BY a.attnum)
      FROM pg_catalog.pg_attribute a WHERE a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped), '[]') AS columns,
    coalesce((SELECT pg_catalog.json_agg(pg_catalog.json_build_array(c.relname::text,
        pg_catalog.pg_get_indexdef(i.indexrelid)) ORDER BY c.relname COLLATE "C")
      FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = r.oid), '[]') AS indexes,
    coalesce((SELECT pg_catalog.json_agg(a.attname::text ORDER BY k.place)
      FROM pg_catalog.pg_index i
      CROSS JOIN LATERAL pg_catalog.unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, place)
      JOIN pg_catalog.pg_attribute a ON a.attrelid = r.oid AND a.attnum = k.attnum
      WHERE i.indrelid = r.oid AND i.indisprimary AND k.place <= i.indnkeyatts), '[]') AS key,
    (CASE WHEN kind = 'p'
      THEN (SELECT pg_catalog.sum(pg_catalog.pg_total_relation_size(p.relid)) FROM pg_catalog.pg_partition_tree(r.oid) p)
      ELSE pg_catalog.pg_total_relation_size(r.oid) END)::text AS bytes
  FROM relations r ORDER BY schema COLLATE "C", name COLLATE "C"`;

const OWN_SCHEMAS = `SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = '${OWN_SCHEMA}'`;

export function readTables(client: Client): Promise<readonly Table[]> {
  return readTablesIn(client, USER_SCHEMAS);
}

/** Stillpoint's own, which the gate asks for by name: the ledger of migrations. */
export function readOwnTables(client: Client): Promise<readonly Table[]> {
  return readTablesIn(client, OWN_SCHEMAS);
}

async function readTablesIn(client: Client, schemas: string): Promise<readonly Table[]> {
  const { rows } = await client.query<Row>(tablesIn(schemas));
  return rows.map(({ schema, name, kind, columns, indexes, key, bytes }) => ({
    schema,
    name,
    columns: columns.map(([column, type]) => ({ name: column, type })),
    indexes: indexes.map(([index, definition]) => ({ name: index, definition })),
    key,
    bytes: bytes === null ? null : Number(bytes),
    from: `${kind === 'r' ? 'ONLY ' : ''}${escapeIdentifier(schema)}.${escapeIdentifier(name)}`,
  }));
}

/** Without a schema: the one in `public`, or else the first of that name. */
export function findTable(
  tables: readonly Table[],
  { schema, name }: TableName,
): Table | undefined {
  const named = tables.filter((table) => table.name === name);
  if (schema !== null) return named.find((table) => table.schema === schema);
  return named.find((table) => table.schema === 'public') ?? named[0];
}
