// What a restore needs of the server and of our role there, asked before a database is made.
import { failure } from '@stillpoint/core';
import type { Client } from 'pg';
import type { UrlRecord } from './record.ts';

/** POSTGRES_NO_CREATEDB, POSTGRES_NOT_OWNER, POSTGRES_ROLES_MISSING, POSTGRES_NOT_MEMBER, POSTGRES_EXTENSION_REFUSED. */
export async function refuseRestore(
  client: Client,
  { roles, extensions, database }: UrlRecord,
  live: string,
): Promise<void> {
  const superuser = await refuseRole(client, live);
  const owners = roles.filter(({ owner }) => owner).map(({ name }) => name);
  await refuseMissingRoles(client, [...roles.map(({ name }) => name), database.owner]);
  if (!superuser) await refuseOtherOwners(client, [...owners, database.owner]);
  await refuseExtensions(
    client,
    extensions.map(({ name }) => name),
    superuser,
  );
}

async function refuseRole(client: Client, live: string): Promise<boolean> {
  const { rows } = await client.query<{
    role: string;
    superuser: boolean;
    creates: boolean;
    owner: string | null;
    owns: boolean | null;
  }>(
    `SELECT rolname AS role, rolsuper AS superuser, rolsuper OR rolcreatedb AS creates,
        pg_get_userbyid(datdba) AS owner, rolsuper OR pg_has_role(datdba, 'USAGE') AS owns
       FROM pg_roles LEFT JOIN pg_database ON datname = $1 WHERE rolname = current_user`,
    [live],
  );
  const { role, superuser, creates, owner, owns } = rows[0]!;
  if (!creates) throw failure('POSTGRES_NO_CREATEDB', { role });
  if (owner !== null && owns !== true)
    throw failure('POSTGRES_NOT_OWNER', { role, owner, database: live });
  return superuser;
}

async function refuseMissingRoles(client: Client, roles: readonly string[]): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT DISTINCT name FROM unnest($1::text[]) AS u(name)
      WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) ORDER BY 1`,
    [roles],
  );
  if (rows.length === 0) return;
  const names = rows.map(({ name }) => name);
  const commands = names.map((name) => `CREATE ROLE "${name.replaceAll('"', '""')}"`).join('; ');
  throw failure('POSTGRES_ROLES_MISSING', { roles: names.join(', '), commands });
}

async function refuseOtherOwners(client: Client, owners: readonly string[]): Promise<void> {
  const { rows } = await client.query<{ role: string; name: string }>(
    `SELECT DISTINCT current_user::text AS role, name FROM unnest($1::text[]) AS u(name)
      WHERE NOT pg_has_role(name::name, 'USAGE') ORDER BY name`,
    [owners],
  );
  const [first] = rows;
  if (first === undefined) return;
  const names = rows.map(({ name }) => `"${name}"`).join(', ');
  throw failure('POSTGRES_NOT_MEMBER', { role: first.role, owners: names });
}

async function refuseExtensions(
  client: Client,
  names: readonly string[],
  superuser: boolean,
): Promise<void> {
  const { rows } = await client.query<{ name: string; there: boolean; trusted: boolean }>(
    `SELECT u.name, e.name IS NOT NULL AS there, coalesce(bool_or(v.trusted OR NOT v.superuser), false) AS trusted
       FROM unnest($1::text[]) AS u(name)
       LEFT JOIN pg_available_extensions e ON e.name = u.name
       LEFT JOIN pg_available_extension_versions v ON v.name = e.name AND v.version = e.default_version
      GROUP BY 1, 2 ORDER BY 1`,
    [names],
  );
  const refuse = (all: readonly { readonly name: string }[], reason: string): void => {
    if (all.length === 0) return;
    const extensions = all.map(({ name }) => name).join(', ');
    throw failure('POSTGRES_EXTENSION_REFUSED', { extensions, reason });
  };
  refuse(
    rows.filter(({ there }) => !there),
    'the server does not have it',
  );
  if (superuser) return;
  refuse(
    rows.filter(({ trusted }) => !trusted),
    'only a superuser may create it',
  );
}
