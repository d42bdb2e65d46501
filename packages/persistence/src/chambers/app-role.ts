// The application's role: a group without a login. Who logs in is a member of it, or is the owner and acts as it (SET ROLE).
import { createHash } from 'node:crypto';
import { failure } from '@stillpoint/core';
import type { Queryable, ServerFacts } from '../database/contract.ts';
import { identifier, NAME_BYTES } from '../database/index.ts';
import type { ChamberFacts, ChamberOptions } from './contract.ts';

const SUFFIX = '_app';

/** Not quoted: for openDatabase({ role }). Where Postgres would cut the name, a digest of the whole keeps it unique. */
export function appRoleName(database: string): string {
  if (Buffer.byteLength(database + SUFFIX) <= NAME_BYTES) return database + SUFFIX;
  const digest = createHash('sha256').update(database).digest('hex').slice(0, 8);
  const characters = Array.from(database);
  const whole = (): string => `${characters.join('')}_${digest}${SUFFIX}`;
  while (Buffer.byteLength(whole()) > NAME_BYTES) characters.pop();
  return whole();
}

export function chamberFacts(facts: ServerFacts, options: ChamberOptions): ChamberFacts {
  return { ...facts, appRole: identifier(roleOf(facts, options)) };
}

export function roleOf(facts: ServerFacts, { appRole }: ChamberOptions): string {
  return appRole ?? appRoleName(facts.database);
}

/** CHAMBER_ROLE_MISSING. */
export async function ensureAppRole(transaction: Queryable, role: string): Promise<void> {
  const { rows } = await transaction.query<{
    readonly there: boolean;
    readonly may: boolean;
    readonly superuser: boolean;
    readonly me: string;
  }>(
    `SELECT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = $1) AS there,
      rolcreaterole OR rolsuper AS may, rolsuper AS superuser, rolname::text AS me
     FROM pg_catalog.pg_roles WHERE rolname = current_user`,
    [role],
  );
  const { there, may, superuser, me } = rows[0]!;
  if (there) return;
  const create = createRoleSql(role);
  const join = `GRANT ${identifier(role)} TO ${identifier(me)}`;
  if (!may) throw failure('CHAMBER_ROLE_MISSING', { role, user: me, sql: `${create}; ${join};` });
  await transaction.query(create);
  // So that the owner can act as the application. A superuser can anyway.
  if (!superuser) await transaction.query(join);
}

export function createRoleSql(role: string): string {
  return `CREATE ROLE ${identifier(role)} NOLOGIN`;
}
