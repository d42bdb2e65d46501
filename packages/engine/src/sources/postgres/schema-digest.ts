// One digest over what a database is made of: schemas, extensions, relations, columns, types, constraints, indexes, views,
// functions, triggers, sequences (their definition, not their value), policies. Names instead of OIDs, sorted, so that
// two databases with the same schema have the same digest. Objects of extensions are left to the extension.
//
// pg_get_…def() reads the catalogs as they are now, whatever snapshot the transaction holds. So a digest counts for a
// moment only if the fingerprint of the catalogs, which is read from the tables themselves, is the same at the moment
// and after the digest was computed. marks.ts compares them.
import { createHasher, type Digest } from '@stillpoint/core';
import type { Client } from 'pg';

/** So that definitions read the same whoever set what for this role or database. Servers before 17 have no transaction_timeout. */
const SESSION = `
  SET search_path = ''; SET quote_all_identifiers = off; SET datestyle = 'ISO, YMD'; SET intervalstyle = 'postgres';
  SET timezone = 'UTC'; SET bytea_output = 'hex'; SET extra_float_digits = 1; SET standard_conforming_strings = on;
  SET statement_timeout = 0; SET lock_timeout = 0; SET idle_in_transaction_session_timeout = 0;
  SET default_transaction_isolation = 'read committed'; SET jit = off;
  SELECT pg_catalog.set_config(name, '0', false) FROM pg_catalog.pg_settings WHERE name = 'transaction_timeout'`;

/** Must precede schemaDigest() and catalogFingerprint() on a connection. */
export async function settleSession(client: Client): Promise<void> {
  await client.query(SESSION);
}

/** What Stillpoint itself keeps in a database lies here, and changes no digest: it is written by looking. */
export const OWN_SCHEMA = 'stillpoint';

/** A query for their OIDs. */
export const USER_SCHEMAS = `SELECT oid FROM pg_catalog.pg_namespace
  WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', '${OWN_SCHEMA}')`;

/** Changes with every committed change of a definition, exactly as the transaction's snapshot sees it. */
const FINGERPRINT = `
  WITH spaces AS (${USER_SCHEMAS}),
  relations AS (SELECT oid, xmin, relkind FROM pg_catalog.pg_class WHERE relnamespace IN (SELECT oid FROM spaces)),
  rows AS (
    SELECT 'n' AS kind, oid, 0 AS sub, xmin FROM pg_catalog.pg_namespace WHERE oid IN (SELECT oid FROM spaces)
    UNION ALL SELECT 'r', oid, 0, xmin FROM relations
    UNION ALL SELECT 'a', attrelid, attnum, a.xmin FROM pg_catalog.pg_attribute a JOIN relations r ON r.oid = attrelid
    UNION ALL SELECT 'd', d.oid, 0, d.xmin FROM pg_catalog.pg_attrdef d JOIN relations r ON r.oid = adrelid
    UNION ALL SELECT 'i', indexrelid, 0, i.xmin FROM pg_catalog.pg_index i JOIN relations r ON r.oid = indrelid
    UNION ALL SELECT 'h', inhrelid, inhseqno, h.xmin FROM pg_catalog.pg_inherits h JOIN relations r ON r.oid = inhrelid
    UNION ALL SELECT 'w', w.oid, 0, w.xmin FROM pg_catalog.pg_rewrite w JOIN relations r ON r.oid = ev_class
    UNION ALL SELECT 'g', g.oid, 0, g.xmin FROM pg_catalog.pg_trigger g JOIN relations r ON r.oid = tgrelid
    UNION ALL SELECT 'y', y.oid, 0, y.xmin FROM pg_catalog.pg_policy y JOIN relations r ON r.oid = polrelid
    UNION ALL SELECT 'q', seqrelid, 0, q.xmin FROM pg_catalog.pg_sequence q JOIN relations r ON r.oid = seqrelid
    UNION ALL SELECT 'c', oid, 0, xmin FROM pg_catalog.pg_constraint WHERE connamespace IN (SELECT oid FROM spaces)
    UNION ALL SELECT 'p', oid, 0, xmin FROM pg_catalog.pg_proc WHERE pronamespace IN (SELECT oid FROM spaces)
    UNION ALL SELECT 't', oid, 0, xmin FROM pg_catalog.pg_type WHERE typnamespace IN (SELECT oid FROM spaces)
    UNION ALL SELECT 's', oid, 0, xmin FROM pg_catalog.pg_statistic_ext WHERE stxnamespace IN (SELECT oid FROM spaces)
    UNION ALL SELECT 'e', oid, 0, xmin FROM pg_catalog.pg_enum
    UNION ALL SELECT 'x', oid, 0, xmin FROM pg_catalog.pg_extension
    UNION ALL SELECT 'v', oid, 0, xmin FROM pg_catalog.pg_event_trigger)
  SELECT pg_catalog.count(*) || ':' || coalesce(pg_catalog.md5(pg_catalog.string_agg(
    pg_catalog.concat_ws(',', kind, oid::text, sub::text, xmin::text), ';' ORDER BY kind COLLATE "C", oid, sub)), '') AS fingerprint
  FROM rows`;

const notOfExtension = (
  catalog: string,
  oid: string,
): string => `NOT EXISTS (SELECT FROM pg_catalog.pg_depend e
  WHERE e.classid = 'pg_catalog.${catalog}'::regclass AND e.objid = ${oid} AND e.deptype = 'e')`;

const OBJECTS = `
  WITH spaces AS (${USER_SCHEMAS}),
  relations AS (SELECT c.*, c.oid::regclass::text AS name FROM pg_catalog.pg_class c
    WHERE relnamespace IN (SELECT oid FROM spaces) AND relpersistence <> 't' AND relkind IN ('r','p','v','m','f','S','c')
      AND ${notOfExtension('pg_class', 'c.oid')}),
  objects(kind, name, part, definition) AS (
    SELECT 'schema', nspname::text, '', '' FROM pg_catalog.pg_namespace n WHERE oid IN (SELECT oid FROM spaces)
    UNION ALL SELECT 'extension', extname::text, extversion, n.nspname::text
      FROM pg_catalog.pg_extension JOIN pg_catalog.pg_namespace n ON n.oid = extnamespace
    UNION ALL SELECT 'relation', r.name, '', pg_catalog.concat_ws('|', relkind, relpersistence, reloptions::text,
        relrowsecurity, relforcerowsecurity, pg_catalog.pg_get_expr(relpartbound, r.oid),
        CASE WHEN relkind = 'p' THEN pg_catalog.pg_get_partkeydef(r.oid) END,
        (SELECT pg_catalog.string_agg(inhparent::regclass::text, ',' ORDER BY inhseqno)
           FROM pg_catalog.pg_inherits WHERE inhrelid = r.oid),
        CASE WHEN relkind IN ('v','m') THEN pg_catalog.pg_get_viewdef(r.oid) END) FROM relations r
    UNION ALL SELECT 'column', r.name, pg_catalog.to_char(pg_catalog.row_number() OVER (PARTITION BY r.oid ORDER BY attnum), 'FM0000'),
        pg_catalog.concat_ws('|', attname, pg_catalog.format_type(atttypid, atttypmod), attnotnull, attidentity, attgenerated,
        pg_catalog.pg_get_expr(adbin, adrelid), CASE WHEN attcollation <> 0 THEN attcollation::regcollation::text END)
      FROM relations r JOIN pg_catalog.pg_attribute a ON attrelid = r.oid AND attnum > 0 AND NOT attisdropped
      LEFT JOIN pg_catalog.pg_attrdef d ON adrelid = attrelid AND adnum = attnum WHERE relkind <> 'S'
    UNION ALL SELECT 'sequence', r.name, '', pg_catalog.concat_ws('|', pg_catalog.format_type(seqtypid, NULL), seqstart,
        seqincrement, seqmax, seqmin, seqcache, seqcycle) FROM relations r JOIN pg_catalog.pg_sequence ON seqrelid = r.oid
    UNION ALL SELECT 'index', r.name, i.indexrelid::regclass::text,
        pg_catalog.concat_ws('|', pg_catalog.pg_get_indexdef(indexrelid), indisvalid, indisreplident)
      FROM relations r JOIN pg_catalog.pg_index i ON indrelid = r.oid
    UNION ALL SELECT 'constraint', coalesce(r.name, pg_catalog.format_type(contypid, NULL)), conname::text,
        pg_catalog.concat_ws('|', contype, pg_catalog.pg_get_constraintdef(c.oid), convalidated)
      FROM pg_catalog.pg_constraint c LEFT JOIN relations r ON r.oid = conrelid
      WHERE connamespace IN (SELECT oid FROM spaces) AND (r.oid IS NOT NULL OR contypid <> 0)
    UNION ALL SELECT 'trigger', r.name, tgname::text, pg_catalog.concat_ws('|', pg_catalog.pg_get_triggerdef(g.oid), tgenabled)
      FROM relations r JOIN pg_catalog.pg_trigger g ON tgrelid = r.oid WHERE NOT tgisinternal
    UNION ALL SELECT 'rule', r.name, rulename::text, pg_catalog.concat_ws('|', pg_catalog.pg_get_ruledef(w.oid), ev_enabled)
      FROM relations r JOIN pg_catalog.pg_rewrite w ON ev_class = r.oid WHERE rulename <> '_RETURN'
    UNION ALL SELECT 'policy', r.name, polname::text, pg_catalog.concat_ws('|', polcmd, polpermissive,
        (SELECT pg_catalog.string_agg(coalesce(a.rolname, 'public'), ',' ORDER BY a.rolname)
           FROM pg_catalog.unnest(polroles) AS u(role) LEFT JOIN pg_catalog.pg_roles a ON a.oid = u.role),
        pg_catalog.pg_get_expr(polqual, polrelid), pg_catalog.pg_get_expr(polwithcheck, polrelid))
      FROM relations r JOIN pg_catalog.pg_policy ON polrelid = r.oid
    UNION ALL SELECT 'function', p.oid::regprocedure::text, '', pg_catalog.concat_ws('|', prokind,
        CASE WHEN prokind = 'a' THEN (SELECT pg_catalog.concat_ws('|', aggtransfn, aggfinalfn, aggtranstype::regtype::text, agginitval)
          FROM pg_catalog.pg_aggregate WHERE aggfnoid = p.oid) ELSE pg_catalog.pg_get_functiondef(p.oid) END)
      FROM pg_catalog.pg_proc p WHERE pronamespace IN (SELECT oid FROM spaces) AND ${notOfExtension('pg_proc', 'p.oid')}
    UNION ALL SELECT 'type', pg_catalog.format_type(t.oid, NULL), typtype::text, pg_catalog.concat_ws('|',
        CASE WHEN typtype = 'd' THEN pg_catalog.format_type(typbasetype, typtypmod) END, typnotnull, typdefault,
        (SELECT pg_catalog.string_agg(pg_catalog.quote_literal(enumlabel), ',' ORDER BY enumsortorder)
           FROM pg_catalog.pg_enum WHERE enumtypid = t.oid),
        (SELECT pg_catalog.format_type(rngsubtype, NULL) FROM pg_catalog.pg_range WHERE rngtypid = t.oid))
      FROM pg_catalog.pg_type t WHERE typnamespace IN (SELECT oid FROM spaces) AND typtype IN ('d','e','r')
        AND ${notOfExtension('pg_type', 't.oid')}
    UNION ALL SELECT 'statistics', stxnamespace::regnamespace::text, stxname::text, pg_catalog.pg_get_statisticsobjdef(s.oid)
      FROM pg_catalog.pg_statistic_ext s WHERE stxnamespace IN (SELECT oid FROM spaces)
    UNION ALL SELECT 'event trigger', evtname::text, '', pg_catalog.concat_ws('|', evtevent, evtfoid::regprocedure::text,
        evtenabled, evttags::text) FROM pg_catalog.pg_event_trigger v WHERE ${notOfExtension('pg_event_trigger', 'v.oid')})
  SELECT kind, name, part, definition FROM objects
  ORDER BY kind COLLATE "C", name COLLATE "C", part COLLATE "C", definition COLLATE "C"`;

export async function catalogFingerprint(client: Client): Promise<string> {
  const { rows } = await client.query<{ fingerprint: string }>(FINGERPRINT);
  return rows[0]!.fingerprint;
}

/** Kind, name, part and definition of everything that the digest is made of, in its order. */
export type SchemaObject = readonly [
  kind: string,
  name: string,
  part: string,
  definition: string | null,
];

export async function schemaDigest(client: Client): Promise<Digest> {
  return digestOfSchema(await readSchema(client));
}

/**
 * What this schema may be called in a record: snapshots sealed before casts were brought to one form (asWrittenAnew) have the
 * digest of the definitions as the server writes them.
 */
export async function schemaDigestsKnown(client: Client): Promise<readonly Digest[]> {
  const asTheServerWrites = digestOfSchema(await readDefinitions(client));
  return [await schemaDigest(client), asTheServerWrites];
}

export async function readSchema(client: Client): Promise<readonly SchemaObject[]> {
  const objects = await readDefinitions(client);
  return objects.map(([kind, name, part, definition]) => [
    kind,
    name,
    part,
    definition === null ? null : asWrittenAnew(definition),
  ]);
}

async function readDefinitions(client: Client): Promise<readonly SchemaObject[]> {
  const { rows } = await client.query<[string, string, string, string | null]>({
    text: OBJECTS,
    rowMode: 'array',
  });
  return rows;
}

export function digestOfSchema(objects: readonly SchemaObject[]): Digest {
  const hasher = createHasher();
  // JSON keeps the parts apart whatever is in them.
  for (const object of objects) hasher.update(Buffer.from(`${JSON.stringify(object)}\n`, 'utf8'));
  return hasher.digest();
}

const TEXT = `'(?:[^']|'')*'::character varying`;
const CAST_LIST = new RegExp(String.raw`\(\(?ARRAY\[(${TEXT}(?:, ${TEXT})*)\]\)?::text\[\]\)`, 'g');

/**
 * `varchar IN ('a', 'b')` is written out in one way where it was first typed in, and in another where a dump of it was read: the
 * cast of the list becomes one of each element. Both are the same schema.
 */
function asWrittenAnew(definition: string): string {
  return definition.replaceAll(CAST_LIST, (_all, list: string) => {
    const elements = list.match(new RegExp(TEXT, 'g')) ?? [];
    return `(ARRAY[${elements.map((element) => `(${element})::text`).join(', ')}])`;
  });
}
