// What the server's catalog says of the chambers: one look, and everything is compared with that.
import type { Queryable } from '../database/contract.ts';
import { chamberNames, OWN_SCHEMA } from './foundation.ts';

export interface Relation {
  /** 'queue.job_common' */
  readonly name: string;
  readonly schema: string;
  /** r: table, p: partitioned table, S: sequence, v: view, m: materialized view. */
  readonly kind: 'r' | 'p' | 'S' | 'v' | 'm';
  readonly owner: string;
  /** Ours to alter: its owner is us, or a role that we are a member of. */
  readonly ours: boolean;
  /** The partitioned tables above it, qualified. */
  readonly above: readonly string[];
  /** 'fillfactor=70', of its TOAST table as 'toast.name=value'. */
  readonly options: readonly string[];
  readonly hasToast: boolean;
  /** What the application's role can do with all of it, whatever gave it that; and with a column of it. */
  readonly may: readonly string[];
  readonly maySome: readonly string[];
  /** What was granted to that role or to everybody, on the table or a column. */
  readonly granted: readonly string[];
  readonly columns: readonly Column[];
  readonly triggers: readonly Trigger[];
}

export interface Column {
  readonly name: string;
  readonly storage: 'p' | 'e' | 'm' | 'x';
  readonly compression: 'l' | 'p' | '';
}

export interface Trigger {
  readonly name: string;
  readonly definition: string;
  readonly enabled: 'O' | 'D' | 'R' | 'A';
}

export interface Schema {
  readonly name: string;
  readonly owner: string;
  readonly usage: boolean;
  readonly create: boolean;
  readonly publicCreate: boolean;
  /** What the migrating role gives the application on tables and sequences that it makes later. */
  readonly laterTables: readonly string[];
  readonly laterSequences: readonly string[];
}

export interface Catalog {
  /** undefined: there is no such role, and of its rights nothing is known. */
  readonly role: { readonly superuser: boolean; readonly login: boolean } | undefined;
  /** Who set the chambers up: the owner of stillpoint.parts; undefined: nobody did. */
  readonly migrator: string | undefined;
  readonly versions: ReadonlyMap<string, number>;
  readonly schemas: readonly Schema[];
  readonly relations: readonly Relation[];
}

const PRIVILEGES = `ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']`;

/** $1: schemas, $2: the role's oid, which is 0 when there is none. */
const RELATIONS = `
  SELECT n.nspname || '.' || c.relname AS name, n.nspname::text AS schema, c.relkind::text AS kind,
    pg_catalog.pg_get_userbyid(c.relowner)::text AS owner,
    pg_catalog.pg_has_role(c.relowner, 'USAGE') AS ours,
    ARRAY(SELECT an.nspname || '.' || a.relname
      FROM pg_catalog.pg_partition_ancestors(c.oid) AS p(oid) JOIN pg_catalog.pg_class a ON a.oid = p.oid
      JOIN pg_catalog.pg_namespace an ON an.oid = a.relnamespace WHERE p.oid <> c.oid) AS above,
    coalesce(c.reloptions, '{}') || ARRAY(SELECT 'toast.' || o FROM pg_catalog.unnest(t.reloptions) AS o) AS options,
    t.oid IS NOT NULL AS "hasToast",
    CASE WHEN $2::oid = 0 OR c.relkind = 'S' THEN '{}' ELSE ARRAY(SELECT p FROM pg_catalog.unnest(${PRIVILEGES}) AS p
      WHERE pg_catalog.has_table_privilege($2::oid, c.oid, p)) END AS may,
    CASE WHEN $2::oid = 0 THEN '{}' WHEN c.relkind = 'S' THEN ARRAY(SELECT p FROM pg_catalog.unnest(ARRAY['USAGE', 'SELECT', 'UPDATE']) AS p
      WHERE pg_catalog.has_sequence_privilege($2::oid, c.oid, p)) ELSE ARRAY(SELECT p
      FROM pg_catalog.unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'REFERENCES']) AS p
      WHERE pg_catalog.has_any_column_privilege($2::oid, c.oid, p)) END AS "maySome",
    ARRAY(SELECT x.privilege_type FROM pg_catalog.aclexplode(c.relacl) AS x WHERE x.grantee IN (0, $2::oid)
      UNION SELECT x.privilege_type FROM pg_catalog.pg_attribute at, pg_catalog.aclexplode(at.attacl) AS x
      WHERE at.attrelid = c.oid AND x.grantee IN (0, $2::oid)) AS granted,
    (SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object('name', attname, 'storage', attstorage, 'compression', attcompression)
        ORDER BY attnum), '[]')
      FROM pg_catalog.pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped) AS columns,
    (SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object('name', tgname, 'definition', pg_catalog.pg_get_triggerdef(oid),
        'enabled', tgenabled) ORDER BY tgname), '[]')
      FROM pg_catalog.pg_trigger WHERE tgrelid = c.oid AND NOT tgisinternal) AS triggers
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_catalog.pg_class t ON t.oid = c.reltoastrelid
  WHERE n.nspname = ANY ($1) AND c.relkind IN ('r', 'p', 'S', 'v', 'm')
    -- What belongs to an extension is the extension's.
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend WHERE classid = 'pg_catalog.pg_class'::regclass
      AND objid = c.oid AND deptype = 'e')
  ORDER BY 1`;

const SCHEMAS = `
  SELECT n.nspname::text AS name, pg_catalog.pg_get_userbyid(n.nspowner)::text AS owner,
    $2::oid <> 0 AND pg_catalog.has_schema_privilege($2::oid, n.oid, 'USAGE') AS usage,
    $2::oid <> 0 AND pg_catalog.has_schema_privilege($2::oid, n.oid, 'CREATE') AS create,
    EXISTS (SELECT FROM pg_catalog.aclexplode(n.nspacl) AS x
      WHERE x.grantee = 0 AND x.privilege_type = 'CREATE') AS "publicCreate",
    ARRAY(SELECT x.privilege_type FROM pg_catalog.pg_default_acl d, pg_catalog.aclexplode(d.defaclacl) AS x
      WHERE d.defaclnamespace = n.oid AND d.defaclobjtype = 'r' AND x.grantee = $2::oid
        AND pg_catalog.pg_get_userbyid(d.defaclrole) = $3) AS "laterTables",
    ARRAY(SELECT x.privilege_type FROM pg_catalog.pg_default_acl d, pg_catalog.aclexplode(d.defaclacl) AS x
      WHERE d.defaclnamespace = n.oid AND d.defaclobjtype = 'S' AND x.grantee = $2::oid
        AND pg_catalog.pg_get_userbyid(d.defaclrole) = $3) AS "laterSequences"
  FROM pg_catalog.pg_namespace n WHERE n.nspname = ANY ($1) ORDER BY 1`;

export async function readCatalog(server: Queryable, role: string): Promise<Catalog> {
  const roles = await server.query<{
    readonly oid: string;
    readonly superuser: boolean;
    readonly login: boolean;
  }>(
    `SELECT oid::int8::text AS oid, rolsuper AS superuser, rolcanlogin AS login FROM pg_catalog.pg_roles WHERE rolname = $1`,
    [role],
  );
  const found = roles.rows[0];
  const oid = found?.oid ?? '0';
  const migrator = await readMigrator(server);
  const schemas = [...chamberNames, OWN_SCHEMA];
  return {
    role: found,
    migrator,
    versions: migrator === undefined ? new Map() : await readVersions(server),
    schemas: (await server.query<Schema>(SCHEMAS, [schemas, oid, migrator ?? ''])).rows,
    relations: (await server.query<Relation>(RELATIONS, [schemas, oid])).rows,
  };
}

async function readMigrator(server: Queryable): Promise<string | undefined> {
  const { rows } = await server.query<{ readonly owner: string }>(
    `SELECT pg_catalog.pg_get_userbyid(c.relowner)::text AS owner
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = $1 AND c.relname = 'parts' AND c.relkind = 'r'`,
    [OWN_SCHEMA],
  );
  return rows[0]?.owner;
}

async function readVersions(server: Queryable): Promise<ReadonlyMap<string, number>> {
  const { rows } = await server.query<{ readonly name: string; readonly version: number }>(
    'SELECT name, version FROM stillpoint.parts',
  );
  return new Map(rows.map(({ name, version }) => [name, version]));
}
