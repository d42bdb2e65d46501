// Everything that can stand in the way of a capture, looked at before anybody is paused: the connection, a pooler, the programs,
// the right to read. What stands only in the way of a restore is said as a note.
import { failure } from '@stillpoint/core';
import { findPooler, placeOf } from '@stillpoint/postgres';
import type { Client } from 'pg';
import { USER_SCHEMAS } from '../schema-digest.ts';
import { withClient } from '../session.ts';
import { readForeignOwners } from './facts.ts';
import type { PostgresByUrlOptions } from './options.ts';
import { findPrograms, type Programs } from './programs.ts';
import type { UrlServer } from './server.ts';

export interface Checked {
  readonly programs: Programs;
  readonly serverMajor: number;
  readonly versionString: string;
  /** Startup options are refused by some proxies, and only kept ones are left. */
  readonly behindProxy: boolean;
  readonly bytes: number;
  readonly notes: readonly string[];
}

const OLDEST_MAJOR = 13;
const NAMES_SHOWN = 20;

export async function checkSource(
  server: UrlServer,
  options: Pick<PostgresByUrlOptions, 'programs' | 'searchPath'>,
  signal: AbortSignal,
): Promise<Checked> {
  return withClient(server, { applicationName: 'stillpoint check', signal }, async (client) => {
    const behindProxy = await refusePooler(server, client, signal);
    const { major, versionString, bytes } = await readVersion(client);
    if (major < OLDEST_MAJOR) {
      const where = placeOf(await server.address());
      throw failure('POSTGRES_SERVER_TOO_OLD', { where, version: versionString });
    }
    const programs = await findPrograms(options, major);
    await refuseUnreadable(client);
    const notes = await readNotes(client);
    return { programs, serverMajor: major, versionString, behindProxy, bytes, notes };
  });
}

/** True: a proxy that keeps sessions apart, false: none. POSTGRES_POOLED. */
async function refusePooler(
  server: UrlServer,
  client: Client,
  signal: AbortSignal,
): Promise<boolean> {
  const address = await server.address();
  const connect = () => server.connect({ applicationName: 'stillpoint look', signal });
  const between = await findPooler(client, { port: address.port, connect, signal });
  if (between.kind !== 'transactions') return between.kind === 'sessions';
  const { reason, cause } = between;
  throw failure('POSTGRES_POOLED', { where: placeOf(address), reason }, cause);
}

export async function readVersion(
  client: Client,
): Promise<{ readonly major: number; readonly versionString: string; readonly bytes: number }> {
  const { rows } = await client.query<{ major: number; version: string; bytes: string }>(
    `SELECT current_setting('server_version_num')::int / 10000 AS major,
            split_part(current_setting('server_version'), ' ', 1) AS version,
            pg_database_size(current_database())::text AS bytes`,
  );
  const { major, version, bytes } = rows[0]!;
  return { major, versionString: version, bytes: Number(bytes) };
}

/** For the sessions of pg_dump and pg_restore, which end their own limits, but not all of them. */
export function sessionOptions({
  serverMajor,
  behindProxy,
}: Pick<Checked, 'serverMajor' | 'behindProxy'>): readonly string[] {
  if (behindProxy) return [];
  const off = ['statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout'];
  if (serverMajor >= 14) off.push('idle_session_timeout');
  if (serverMajor >= 17) off.push('transaction_timeout');
  return [...off.map((name) => `-c ${name}=0`), '-c default_transaction_read_only=off'];
}

/** POSTGRES_TABLES_UNREADABLE: pg_dump would end at the first of them. */
async function refuseUnreadable(client: Client): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT format('%I.%I', n.nspname, c.relname) AS name FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
      WHERE relkind IN ('r', 'p', 'S') AND relpersistence <> 't' AND (relnamespace IN (${USER_SCHEMAS}) OR nspname = 'stillpoint')
        AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_class'::regclass AND e.objid = c.oid AND e.deptype = 'e')
        AND NOT (has_schema_privilege(n.oid, 'USAGE') AND NOT (relkind <> 'S' AND row_security_active(c.oid))
          AND CASE WHEN relkind = 'S' THEN has_sequence_privilege(c.oid, 'SELECT') ELSE has_table_privilege(c.oid, 'SELECT') END)
      ORDER BY 1`,
  );
  if (rows.length === 0) return;
  const names = rows.slice(0, NAMES_SHOWN).map(({ name }) => name);
  const more = rows.length > names.length ? ` and ${rows.length - names.length} more` : '';
  const { rows: who } = await client.query<{ role: string }>('SELECT current_user AS role');
  throw failure('POSTGRES_TABLES_UNREADABLE', {
    role: who[0]!.role,
    tables: names.join(', ') + more,
  });
}

async function readNotes(client: Client): Promise<readonly string[]> {
  const { rows } = await client.query<{
    role: string;
    creates: boolean;
    owner: string;
    owns: boolean;
    views: number;
    subscriptions: boolean;
    slots: string | null;
  }>(
    `SELECT current_user AS role, rolcreatedb OR rolsuper AS creates, pg_get_userbyid(datdba) AS owner,
        rolsuper OR pg_has_role(datdba, 'USAGE') AS owns,
        (SELECT count(*)::int FROM pg_class WHERE relkind = 'm' AND relnamespace IN (${USER_SCHEMAS})) AS views,
        EXISTS (SELECT FROM pg_subscription s WHERE s.subdbid = pg_database.oid) AS subscriptions,
        (SELECT string_agg(slot_name, ', ' ORDER BY 1) FROM pg_replication_slots WHERE database = datname) AS slots
       FROM pg_roles, pg_database WHERE rolname = current_user AND datname = current_database()`,
  );
  const { role, creates, owner, owns, views, subscriptions, slots } = rows[0]!;
  const notes: string[] = [];
  if (!creates) {
    notes.push(
      `the role ${role} may not create databases: a snapshot can be taken, a restore needs CREATEDB or a directUrl with another role`,
    );
  }
  if (!owns) {
    notes.push(
      `the database belongs to ${owner}, not to ${role}: a snapshot can be taken, a restore needs its owner`,
    );
  }
  const others = await readForeignOwners(client);
  if (others.length > 0) {
    notes.push(
      `something in it belongs to ${others.join(', ')}, for whom ${role} may not act: a snapshot can be taken, a restore needs a role that may`,
    );
  }
  if (views > 0) {
    notes.push(
      `materialized views (${views}) are filled anew by a restore, from the tables as they were`,
    );
  }
  if (subscriptions) notes.push('subscriptions are not captured');
  if (slots !== null) {
    notes.push(
      `the replication slots ${slots} stay with the database that a restore replaces, and go with it`,
    );
  }
  return notes;
}
