// Brings the chambers of a database to what the parts of this code say, in the caller's transaction: all of it is there afterwards,
// or nothing is.
import { failure, isFailure } from '@stillpoint/core';
import type { Queryable, ServerFacts, Transaction } from '../database/contract.ts';
import { identifier } from '../database/index.ts';
import { chamberFacts, ensureAppRole, roleOf } from './app-role.ts';
import type { ChamberFacts, ChamberOptions, ChamberPart } from './contract.ts';
import { chamberNames, foundationPart, OWN_SCHEMA } from './foundation.ts';
import { settleChambers } from './settle.ts';

/** Two that install at once take turns. Any number will do that nobody else takes. */
const INSTALL_LOCK = 357_896_375_373n;

/** Steps that are missing, then settleChambers(). CHAMBER_ROLE_MISSING, _RIGHT_MISSING, _TOO_NEW, _INSTALL_FAILED, _SETTLE_FAILED. */
export async function installChambers(
  transaction: Transaction,
  parts: readonly ChamberPart[],
  facts: ServerFacts,
  options: ChamberOptions = {},
): Promise<void> {
  await transaction.query(`SELECT pg_catalog.pg_advisory_xact_lock('${INSTALL_LOCK}'::bigint)`);
  await refuseMissingRights(transaction);
  await ensureAppRole(transaction, roleOf(facts, options));
  // IF NOT EXISTS asks for the right to create it even where it exists.
  if (!(await exists(transaction, OWN_SCHEMA))) {
    await transaction.query(`CREATE SCHEMA ${identifier(OWN_SCHEMA)}`);
  }
  await transaction.query(
    `CREATE TABLE IF NOT EXISTS stillpoint.parts (name text PRIMARY KEY, version int NOT NULL)`,
  );
  for (const part of [foundationPart, ...parts])
    await advance(transaction, part, chamberFacts(facts, options));
  await settleChambers(transaction, parts, facts, options);
}

async function advance(
  transaction: Queryable,
  part: ChamberPart,
  facts: ChamberFacts,
): Promise<void> {
  const { rows } = await transaction.query<{ readonly version: number }>(
    'SELECT version FROM stillpoint.parts WHERE name = $1',
    [part.name],
  );
  const found = rows[0]?.version ?? 0;
  const known = part.steps.length;
  if (found > known) throw failure('CHAMBER_TOO_NEW', { part: part.name, found, known });
  if (found === known) return;
  for (const [index, step] of part.steps.entries()) {
    if (index < found) continue;
    try {
      for (const statement of step(facts)) await transaction.query(statement);
    } catch (error) {
      if (isFailure(error)) throw error;
      const reason = (error as Error).message;
      const data = { part: part.name, version: index + 1, reason };
      throw failure('CHAMBER_INSTALL_FAILED', data, error);
    }
  }
  await transaction.query(
    `INSERT INTO stillpoint.parts (name, version) VALUES ($1, $2)
     ON CONFLICT (name) DO UPDATE SET version = excluded.version`,
    [part.name, known],
  );
}

/** All at once, with the SQL for whoever can mend it. CHAMBER_RIGHT_MISSING. */
async function refuseMissingRights(transaction: Queryable): Promise<void> {
  const { rows } = await transaction.query<{
    readonly me: string;
    readonly database: string;
    readonly create: boolean;
    readonly schemas: readonly { readonly name: string; readonly may: boolean }[];
  }>(
    `SELECT current_user::text AS me, current_database()::text AS database,
      has_database_privilege(current_database(), 'CREATE') AS create,
      (SELECT coalesce(json_agg(json_build_object('name', nspname,
          'may', has_schema_privilege(oid, 'CREATE') AND (has_schema_privilege(oid, 'USAGE WITH GRANT OPTION')
            OR EXISTS (SELECT FROM pg_catalog.aclexplode(nspacl) WHERE grantee = 0 AND privilege_type = 'USAGE')))), '[]')
        FROM pg_catalog.pg_namespace WHERE nspname = ANY ($1)) AS schemas`,
    [[...chamberNames, OWN_SCHEMA]],
  );
  const { me, database, create, schemas } = rows[0]!;
  const missing = [...chamberNames, OWN_SCHEMA].filter(
    (name) => !schemas.some((schema) => schema.name === name),
  );
  const closed = schemas.filter(({ may }) => !may).map(({ name }) => name);
  const rights: string[] = [];
  const sql: string[] = [];
  if (!create && missing.length > 0) {
    rights.push(`to create schemas in the database "${database}" (${missing.join(', ')})`);
    sql.push(`GRANT CREATE ON DATABASE ${identifier(database)} TO ${identifier(me)};`);
  }
  for (const name of closed) {
    rights.push(`to create in the schema "${name}" and let the application use it`);
    const schema = `ON SCHEMA ${identifier(name)} TO ${identifier(me)}`;
    sql.push(`GRANT CREATE ${schema}; GRANT USAGE ${schema} WITH GRANT OPTION;`);
  }
  if (rights.length === 0) return;
  throw failure('CHAMBER_RIGHT_MISSING', {
    user: me,
    rights: rights.join('; '),
    sql: sql.join(' '),
  });
}

async function exists(transaction: Queryable, schema: string): Promise<boolean> {
  const { rows } = await transaction.query(
    'SELECT FROM pg_catalog.pg_namespace WHERE nspname = $1',
    [schema],
  );
  return rows.length > 0;
}
