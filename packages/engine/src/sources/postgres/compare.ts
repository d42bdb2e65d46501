// What restoring a record would change in the live cluster, for people. Reads only, and little: databases, schemas, sizes and
// the WAL written since.
import { countText, type Json } from '@stillpoint/core';
import type { Change } from '../contract.ts';
import type { Cluster } from './cluster/contract.ts';
import { readDatabases, type DatabaseState } from './facts.ts';
import { formatLsn, parseLsn } from './lsn.ts';
import { parseRecord, type PostgresRecord } from './record.ts';
import { schemaDigest, settleSession } from './schema-digest.ts';
import { withClient, withControl } from './session.ts';

export async function compare(cluster: Cluster, json: Json, signal: AbortSignal): Promise<Change> {
  const record = parseRecord(json);
  const { state } = await cluster.status();
  if (state === 'absent') {
    const names = record.databases.map(({ name }) => name).join(', ');
    return { summary: `brings the databases ${names}`, details: [] };
  }
  if (state !== 'running')
    return { summary: 'the live database is stopped: not compared', details: [] };
  const { databases, written } = await withControl(cluster, signal, async (client) => ({
    databases: await readDatabases(client),
    written: await bytesWrittenSince(client, record),
  }));
  const details: string[] = [];
  for (const captured of record.databases) {
    const present = databases.find(({ name }) => name === captured.name);
    if (present === undefined) details.push(`database ${captured.name} comes back`);
    else details.push(...(await compareSchema(cluster, captured.schemaDigest, present, signal)));
  }
  for (const { name } of databases) {
    if (!record.databases.some((captured) => captured.name === name)) {
      details.push(`database ${name} is not in the snapshot and goes`);
    }
  }
  if ((await cluster.currentIncarnation()) !== record.incarnation) {
    details.push('the snapshot belongs to an earlier life of this cluster (before a restore)');
  }
  const bytes = written === undefined ? '' : `; ${written} bytes of log written since it was taken`;
  const changed =
    details.length === 0 ? 'same databases and schemas' : countText(details.length, 'difference');
  return { summary: `${changed}${bytes}`, details };
}

async function bytesWrittenSince(
  client: Parameters<typeof readDatabases>[0],
  record: PostgresRecord,
): Promise<number | undefined> {
  const { rows } = await client.query<{ bytes: string }>(
    'SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), $1)::int8::text AS bytes',
    [formatLsn(parseLsn(record.mark.lsn))],
  );
  const bytes = Number(rows[0]!.bytes);
  return bytes < 0 ? undefined : bytes;
}

async function compareSchema(
  cluster: Cluster,
  captured: string | null,
  { name }: DatabaseState,
  signal: AbortSignal,
): Promise<readonly string[]> {
  if (captured === null) return [];
  const options = { database: name, applicationName: 'stillpoint compare', signal };
  const present = await withClient(cluster, options, async (client) => {
    await settleSession(client);
    return schemaDigest(client);
  });
  return present === captured ? [] : [`the schema of database ${name} differs`];
}
