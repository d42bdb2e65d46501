// What pg_dump leaves out of a dump: what the database itself is, to whom it belongs, who may connect, and what is set for it.
import { failure } from '@stillpoint/core';
import type { Client } from 'pg';
import { USER_SCHEMAS } from '../schema-digest.ts';
import { escapeIdentifier, escapeLiteral } from '../pg-client.ts';
import type { DatabaseFacts } from './record.ts';

type Row = Omit<DatabaseFacts, 'provider' | 'oid'> & {
  readonly oid: string;
  readonly providerLetter: string;
};

/** Columns have moved between versions: asked for by name in JSON, those that are not there are null. */
const FACTS = `
  SELECT d.datname AS name, d.oid::text AS oid, pg_get_userbyid(datdba) AS owner,
    pg_encoding_to_char(encoding) AS encoding, datcollate AS collate, datctype AS ctype,
    coalesce(j ->> 'datlocprovider', 'c') AS "providerLetter", coalesce(j ->> 'datlocale', j ->> 'daticulocale') AS locale,
    coalesce(j ->> 'daticurules', NULL) AS rules, j ->> 'datcollversion' AS "collationVersion",
    datconnlimit AS "connectionLimit", shobj_description(d.oid, 'pg_database') AS comment,
    CASE WHEN datacl IS NOT NULL THEN coalesce((
      SELECT json_agg(json_build_object('role', CASE WHEN grantee <> 0 THEN pg_get_userbyid(grantee) END,
          'privilege', privilege_type, 'grantable', is_grantable) ORDER BY place)
        FROM aclexplode(datacl) WITH ORDINALITY AS a(grantor, grantee, privilege_type, is_grantable, place)), '[]') END AS grants,
    coalesce((SELECT json_agg(json_build_object('role', CASE WHEN setrole <> 0 THEN pg_get_userbyid(setrole) END,
          'name', split_part(one, '=', 1), 'value', substr(one, strpos(one, '=') + 1)) ORDER BY setrole, place)
        FROM pg_db_role_setting CROSS JOIN LATERAL unnest(setconfig) WITH ORDINALITY AS u(one, place) WHERE setdatabase = d.oid), '[]') AS settings
  FROM pg_database d CROSS JOIN LATERAL to_jsonb(d) AS j WHERE d.datname = $1`;

const PROVIDERS = { c: 'libc', i: 'icu', b: 'builtin' } as const;

/** undefined: there is no such database. */
export async function readDatabaseFacts(
  client: Client,
  database: string,
): Promise<DatabaseFacts | undefined> {
  const { rows } = await client.query<Row>(FACTS, [database]);
  const [row] = rows;
  if (row === undefined) return undefined;
  const { providerLetter, ...facts } = row;
  const provider = PROVIDERS[providerLetter as keyof typeof PROVIDERS] ?? 'libc';
  return { ...facts, oid: Number(facts.oid), provider };
}

/** `options` of CREATE DATABASE that make one of the same kind. */
export function creationOptions(facts: DatabaseFacts): string {
  const { encoding, collate, ctype, provider, locale, rules } = facts;
  const parts = [
    'TEMPLATE template0',
    `ENCODING ${escapeLiteral(encoding)}`,
    `LC_COLLATE ${escapeLiteral(collate)}`,
    `LC_CTYPE ${escapeLiteral(ctype)}`,
  ];
  if (provider === 'icu') parts.push('LOCALE_PROVIDER icu');
  if (provider === 'builtin') parts.push('LOCALE_PROVIDER builtin');
  if (locale !== null && provider !== 'libc') {
    const name = provider === 'icu' ? 'ICU_LOCALE' : 'BUILTIN_LOCALE';
    parts.push(`${name} ${escapeLiteral(locale)}`);
  }
  if (rules !== null) parts.push(`ICU_RULES ${escapeLiteral(rules)}`);
  return parts.join(' ');
}

/** POSTGRES_SETTING_REFUSED. In one transaction of the caller's. The comment is kept back for the moment when the database becomes live. */
export async function applyFacts(
  client: Client,
  database: string,
  facts: DatabaseFacts,
): Promise<void> {
  const name = escapeIdentifier(database);
  const alter = `ALTER DATABASE ${name}`;
  for (const setting of facts.settings) {
    try {
      await applySetting(client, alter, name, setting);
    } catch (error) {
      const reason = (error as Error).message;
      throw failure('POSTGRES_SETTING_REFUSED', { setting: setting.name, reason }, error);
    }
  }
  if (facts.connectionLimit >= 0)
    await client.query(`${alter} CONNECTION LIMIT ${facts.connectionLimit}`);
  // Before the grants: a new owner would get the grants of the old one.
  await client.query(`${alter} OWNER TO ${escapeIdentifier(facts.owner)}`);
  if (facts.grants === null) return;
  const owner = escapeIdentifier(facts.owner);
  await client.query(`REVOKE ALL ON DATABASE ${name} FROM PUBLIC, ${owner}`);
  for (const { role, privilege, grantable } of facts.grants) {
    const to = role === null ? 'PUBLIC' : escapeIdentifier(role);
    if (!/^[A-Z ]+$/.test(privilege)) continue;
    const option = grantable ? ' WITH GRANT OPTION' : '';
    await client.query(`GRANT ${privilege} ON DATABASE ${name} TO ${to}${option}`);
  }
}

/** Their values are lists of quoted names, and one literal would be one name. */
const LISTS = new Set([
  'local_preload_libraries',
  'search_path',
  'session_preload_libraries',
  'shared_preload_libraries',
  'temp_tablespaces',
  'unix_socket_directories',
]);

async function applySetting(
  client: Client,
  alterDatabase: string,
  database: string,
  { role, name, value }: DatabaseFacts['settings'][number],
): Promise<void> {
  const alter =
    role === null ? alterDatabase : `ALTER ROLE ${escapeIdentifier(role)} IN DATABASE ${database}`;
  const quoted = name.split('.').map(escapeIdentifier).join('.');
  if (!LISTS.has(name.toLowerCase())) {
    await client.query(`${alter} SET ${quoted} TO ${escapeLiteral(value)}`);
    return;
  }
  await client.query('SELECT set_config($1, $2, true)', [name, value]);
  await client.query(`${alter} SET ${quoted} FROM CURRENT`);
}

/** What the server's first superuser owns stands in no pg_shdepend. The schema public came with the server before 15. */
const OWNERS = `
  SELECT nspowner AS role FROM pg_namespace n WHERE oid IN (${USER_SCHEMAS})
    AND NOT (nspname = 'public' AND nspowner = 10 AND current_setting('server_version_num')::int < 150000)
  UNION SELECT relowner FROM pg_class c WHERE relnamespace IN (${USER_SCHEMAS}) AND relpersistence <> 't'
    AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_class'::regclass AND e.objid = c.oid AND e.deptype = 'e')
  UNION SELECT proowner FROM pg_proc p WHERE pronamespace IN (${USER_SCHEMAS})
    AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_proc'::regclass AND e.objid = p.oid AND e.deptype = 'e')`;

const GRANTED = `
  SELECT s.refobjid AS role FROM pg_shdepend s JOIN pg_database d ON d.datname = current_database()
   WHERE s.refclassid = 'pg_authid'::regclass
     AND (s.dbid = d.oid OR s.classid = 'pg_database'::regclass AND s.objid = d.oid)`;

/** Roles that own something in the connected database or that something is granted to, also of the database itself. */
export async function readRoles(
  client: Client,
): Promise<readonly { readonly name: string; readonly owner: boolean }[]> {
  const { rows } = await client.query<{ name: string; owner: boolean }>(
    `SELECT r.rolname AS name, r.oid IN (${OWNERS}) AS owner FROM pg_roles r
      WHERE r.oid IN (${OWNERS} UNION ${GRANTED}) AND r.rolname !~ '^pg_' ORDER BY 1`,
  );
  return rows;
}

/** Owners for whom the connected role may not act. */
export async function readForeignOwners(client: Client): Promise<readonly string[]> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT r.rolname AS name FROM pg_roles r
      WHERE r.oid IN (${OWNERS}) AND NOT pg_has_role(r.oid, 'USAGE') ORDER BY 1`,
  );
  return rows.map(({ name }) => name);
}

export async function readExtensions(
  client: Client,
): Promise<readonly { readonly name: string; readonly version: string }[]> {
  const { rows } = await client.query<{ name: string; version: string }>(
    `SELECT extname AS name, extversion AS version FROM pg_extension WHERE extname <> 'plpgsql' ORDER BY extname COLLATE "C"`,
  );
  return rows;
}

export interface TableName {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
}

/** Tables whose rows are dumped, partitioned ones and partitions each; not those of extensions. */
export async function readTableNames(client: Client): Promise<readonly TableName[]> {
  const { rows } = await client.query<{ oid: string; schema: string; name: string }>(
    `SELECT c.oid::text, n.nspname AS schema, c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
      WHERE relkind IN ('r', 'p') AND relpersistence <> 't' AND relnamespace IN (${USER_SCHEMAS})
        AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_class'::regclass AND e.objid = c.oid AND e.deptype = 'e')
      ORDER BY 2, 3`,
  );
  return rows.map(({ oid, schema, name }) => ({ oid: Number(oid), schema, name }));
}

export function qualified({
  schema,
  name,
}: {
  readonly schema: string;
  readonly name: string;
}): string {
  return `${escapeIdentifier(schema)}.${escapeIdentifier(name)}`;
}
