// Our two roles: `stillpoint`, the administrator who owns the cluster, and `app`, with which applications
// connect. A restore brings back the roles as they were, with the passwords of then; this makes them right.
// Only SCRAM verifiers travel to the server, and neither its log nor its statistics see them.
import type { Client } from 'pg';
import { scramVerifier } from './scram.ts';
import type { Secrets } from './state-files.ts';

export const ADMINISTRATOR = 'stillpoint';
export const APPLICATION = 'app';

const rights = {
  [ADMINISTRATOR]: 'LOGIN SUPERUSER REPLICATION CREATEDB CREATEROLE BYPASSRLS',
  [APPLICATION]: 'LOGIN NOSUPERUSER NOREPLICATION CREATEDB CREATEROLE NOBYPASSRLS',
} as const;

const silence = [
  'SET LOCAL log_statement = none',
  'SET LOCAL log_min_error_statement = panic',
  'SET LOCAL log_min_duration_statement = -1',
  'SET LOCAL log_duration = off',
  'SET LOCAL track_activities = off',
];

export async function resetRoles(client: Client, secrets: Secrets): Promise<void> {
  await client.query('BEGIN');
  try {
    for (const line of silence) await client.query(line);
    for (const role of [ADMINISTRATOR, APPLICATION] as const) {
      const found = await client.query('SELECT FROM pg_catalog.pg_roles WHERE rolname = $1', [
        role,
      ]);
      const verb = found.rowCount === 0 ? 'CREATE' : 'ALTER';
      const password = scramVerifier(secrets[role]);
      await client.query(
        `${verb} ROLE ${role} ${rights[role]} CONNECTION LIMIT -1 VALID UNTIL 'infinity' PASSWORD '${password}'`,
      );
    }
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {});
    throw error;
  }
}
