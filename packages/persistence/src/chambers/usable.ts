// Whether who opened a database may work in it: asked at the start, in one question, so that a right that is missing is not met by the
// first job that needs it, a night later.
import { failure } from '@stillpoint/core';
import type { Queryable, ServerFacts } from '../database/contract.ts';
import { appRoleName } from './app-role.ts';
import type { ChamberName, ChamberPart, Privilege } from './contract.ts';
import { chamberPrivileges } from './foundation.ts';
import { schemaOf } from './wanted.ts';

/** DAEMON_RIGHT_MISSING. Changes nothing. */
export async function refuseWithoutRights(
  queryable: Queryable,
  parts: readonly ChamberPart[],
  facts: Pick<ServerFacts, 'database' | 'role'>,
): Promise<void> {
  const wanted = [...privilegesOf(parts)].flatMap(([table, privileges]) =>
    privileges.map((privilege) => ({ table, privilege })),
  );
  const { rows } = await queryable.query<{
    readonly table: string;
    readonly privilege: string;
    readonly there: boolean;
  }>(
    `SELECT wanted.name AS table, privilege, c.oid IS NOT NULL AS there
     FROM unnest($1::text[], $2::text[]) AS wanted (name, privilege)
     LEFT JOIN (pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace)
       ON n.nspname = split_part(wanted.name, '.', 1) AND c.relname = split_part(wanted.name, '.', 2)
     WHERE c.oid IS NULL OR NOT has_schema_privilege(n.oid, 'USAGE') OR NOT has_table_privilege(c.oid, privilege)
     ORDER BY 1, 2`,
    [wanted.map(({ table }) => table), wanted.map(({ privilege }) => privilege)],
  );
  if (rows.length === 0) return;
  const gone = [...new Set(rows.filter(({ there }) => !there).map(({ table }) => table))];
  const refused = rows.filter(({ there }) => there);
  throw rightMissing(facts, [
    ...gone.map((table) => `the table ${table} is not there`),
    ...refused.map(({ table, privilege }) => `${privilege} on ${table} is not granted`),
  ]);
}

export function rightMissing(
  { database, role: user }: Pick<ServerFacts, 'database' | 'role'>,
  what: readonly string[],
  cause?: unknown,
): Error {
  const data = { user, database, role: appRoleName(database), what: what.join(', ') };
  return failure('DAEMON_RIGHT_MISSING', data, cause);
}

/** Of the tables that parts name: what they grant on them, or what their chamber does. */
function privilegesOf(parts: readonly ChamberPart[]): ReadonlyMap<string, readonly Privilege[]> {
  const found = new Map<string, readonly Privilege[]>();
  for (const expectation of parts.flatMap(({ expects }) => expects)) {
    const { table } = expectation;
    if (table.endsWith('.*')) continue;
    if (expectation.kind === 'grants') found.set(table, expectation.privileges);
    else if (!found.has(table)) found.set(table, chamberPrivileges[schemaOf(table) as ChamberName]);
  }
  return found;
}
