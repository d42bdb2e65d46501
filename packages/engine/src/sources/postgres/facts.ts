// What a driver asks a server about itself. Read-only, cheap, on any connection of our administrator.
import { failure } from '@stillpoint/core';
import type { Client } from 'pg';

export interface ServerFacts {
  readonly systemId: string;
  readonly walSegmentBytes: number;
  readonly pageBytes: number;
  /** '18.4' */
  readonly versionString: string;
}

export async function readServerFacts(client: Client): Promise<ServerFacts> {
  const { rows } = await client.query<Record<string, string>>(
    `SELECT (SELECT system_identifier FROM pg_control_system())::text AS "systemId",
            bytes_per_wal_segment::text AS segment, database_block_size::text AS page,
            split_part(current_setting('server_version'), ' ', 1) AS version
       FROM pg_control_init()`,
  );
  const row = rows[0]!;
  return {
    systemId: row['systemId']!,
    walSegmentBytes: Number(row['segment']),
    pageBytes: Number(row['page']),
    versionString: row['version']!,
  };
}

export interface DatabaseState {
  readonly name: string;
  readonly bytes: number;
  /** Of the C library or ICU here and now; null for collations without versions. */
  readonly collationVersion: string | null;
}

/** Databases that can be connected to, in the order of their names. */
export async function readDatabases(client: Client): Promise<readonly DatabaseState[]> {
  const { rows } = await client.query<{ name: string; bytes: string; version: string | null }>(
    `SELECT datname AS name, pg_database_size(oid)::text AS bytes,
            pg_database_collation_actual_version(oid) AS version
       FROM pg_database WHERE datallowconn AND NOT datistemplate ORDER BY datname COLLATE "C"`,
  );
  return rows.map(({ name, bytes, version }) => ({
    name,
    bytes: Number(bytes),
    collationVersion: version,
  }));
}

/** readDatabases() without a look at the files: as the transaction's snapshot sees the catalog. */
export async function readDatabaseNames(
  client: Client,
): Promise<readonly Omit<DatabaseState, 'bytes'>[]> {
  const { rows } = await client.query<{ name: string; version: string | null }>(
    `SELECT datname AS name, pg_database_collation_actual_version(oid) AS version
       FROM pg_database WHERE datallowconn AND NOT datistemplate ORDER BY datname COLLATE "C"`,
  );
  return rows.map(({ name, version }) => ({ name, collationVersion: version }));
}

/** Of the whole cluster, templates included. */
export async function readTotalBytes(client: Client): Promise<number> {
  const { rows } = await client.query<{ bytes: string }>(
    'SELECT coalesce(sum(pg_database_size(oid)), 0)::text AS bytes FROM pg_database',
  );
  return Number(rows[0]!.bytes);
}

/** POSTGRES_TABLESPACES: they lie outside of the data directory and would be missing in a base. */
export async function refuseTablespaces(client: Client): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT spcname AS name FROM pg_tablespace WHERE spcname NOT IN ('pg_default', 'pg_global') ORDER BY 1`,
  );
  if (rows.length === 0) return;
  throw failure('POSTGRES_TABLESPACES', { tablespaces: rows.map(({ name }) => name).join(', ') });
}

/** 'schema.table' of tables whose content is in no WAL, so in no snapshot. Of the connected database. */
export async function unloggedTables(client: Client): Promise<readonly string[]> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT format('%I.%I', relnamespace::regnamespace::text, relname) AS name FROM pg_class
      WHERE relpersistence = 'u' AND relkind = 'r' ORDER BY 1`,
  );
  return rows.map(({ name }) => name);
}
