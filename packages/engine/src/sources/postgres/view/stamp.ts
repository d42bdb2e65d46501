// The stamp: what the gate writes into a database, so that it travels with the data, in a dump too. It lies in a schema of
// its own, which schemaDigest() leaves out.
// The table may have been made by somebody else to catch us: a trigger or a check would run with our rights. So only a
// plain table that is ours, or that of a role no stronger than us, is written to.
import { failure } from '@stillpoint/core';
import type { Client } from 'pg';
import { OWN_SCHEMA } from '../schema-digest.ts';
import { escapeIdentifier } from '../pg-client.ts';

const TABLE = 'stamp';
/** Both are plain names. */
const QUALIFIED = `"${OWN_SCHEMA}"."${TABLE}"`;

const FIND = `
  SELECT c.relkind = 'r' AS table, c.relhastriggers OR c.relhasrules AS watched,
    c.relowner = me.oid OR NOT me.rolsuper AND pg_catalog.pg_has_role(c.relowner, 'USAGE') AS own
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_roles me ON me.rolname = current_user
  WHERE n.nspname = $1 AND c.relname = $2`;

interface Found {
  readonly table: boolean;
  readonly watched: boolean;
  readonly own: boolean;
}

export async function readStamp(client: Client): Promise<string | undefined> {
  const found = await findStamp(client);
  if (found?.table !== true) return undefined;
  const { rows } = await client.query<{ stamp: string | null }>(
    `SELECT stamp FROM ONLY ${QUALIFIED}`,
  );
  return rows[0]?.stamp ?? undefined;
}

/** In a transaction of its own, on a connection that is in none. STAMP_NOT_WRITABLE. */
export async function writeStamp(client: Client, database: string, stamp: string): Promise<void> {
  const refuse = (reason: string, cause?: unknown): Error =>
    failure('STAMP_NOT_WRITABLE', { database, reason }, cause);
  try {
    await client.query('BEGIN; SET LOCAL synchronous_commit = on');
    const found = await findStamp(client);
    if (found === undefined) await createTable(client);
    else if (!found.table || found.watched || !found.own) {
      throw refuse(`${OWN_SCHEMA}.${TABLE} is not the table that Stillpoint makes`);
    }
    await client.query(
      `INSERT INTO ${QUALIFIED} (one, stamp) VALUES (true, $1) ON CONFLICT (one) DO UPDATE SET stamp = excluded.stamp`,
      [stamp],
    );
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {});
    const reason = forbidden[(error as { code?: string }).code ?? ''];
    throw reason === undefined ? error : refuse(reason, error);
  }
}

const forbidden: Readonly<Record<string, string>> = {
  '42501': 'the role may not create or change the stamp',
  '25006': 'it is read-only',
};

async function findStamp(client: Client): Promise<Found | undefined> {
  const { rows } = await client.query<Found>(FIND, [OWN_SCHEMA, TABLE]);
  return rows[0];
}

async function createTable(client: Client): Promise<void> {
  // IF NOT EXISTS asks for the right to create it even where it exists.
  const { rowCount } = await client.query(
    'SELECT FROM pg_catalog.pg_namespace WHERE nspname = $1',
    [OWN_SCHEMA],
  );
  if (rowCount === 0) await createSchema(client);
  await client.query(
    `CREATE TABLE ${QUALIFIED} (one boolean PRIMARY KEY DEFAULT true CHECK (one), stamp text)`,
  );
}

/** The ledger of migrations lies there too, and whoever applies them is the database's owner, who may not be us. */
async function createSchema(client: Client): Promise<void> {
  const { rows } = await client.query<{ owner: string }>(
    'SELECT pg_catalog.pg_get_userbyid(datdba) AS owner FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()',
  );
  const schema = escapeIdentifier(OWN_SCHEMA);
  await client.query(`CREATE SCHEMA ${schema}`);
  const owner = escapeIdentifier(rows[0]?.owner ?? '');
  await client.query(`GRANT USAGE, CREATE ON SCHEMA ${schema} TO ${owner}`);
}
