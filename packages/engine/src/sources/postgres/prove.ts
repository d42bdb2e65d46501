// Opens a prepared incarnation once more, privately, and checks what came out of it against what the snapshot says: the
// last thing before it may become live. Bounded: every relation's size, every schema, no full read of the data, whose bytes
// the vault has verified and whose pages the server has checked.
import { failure } from '@stillpoint/core';
import type { Client } from 'pg';
import type { Placement, Proof } from '../contract.ts';
import type { Cluster, PrivateServer } from './cluster/contract.ts';
import { readDatabases, readServerFacts, type DatabaseState } from './facts.ts';
import { dataDirectory, readControl, readNote } from './incarnation.ts';
import { parsePlacement } from './placement.ts';
import { parseRecord, type DatabaseFacts, type PostgresRecord } from './record.ts';
import { schemaDigestsKnown, settleSession } from './schema-digest.ts';
import { withClient, withControl } from './session.ts';

export async function prove(
  cluster: Cluster,
  name: string,
  json: Placement,
  signal: AbortSignal,
): Promise<Proof> {
  const { incarnation, reuse, snapshot } = parsePlacement(json);
  const refuse = (reason: string): never => {
    throw failure('RESTORE_NOT_PROVED', { source: name, reason });
  };
  if (!(await cluster.listIncarnations()).includes(incarnation)) refuse('its directory is gone');
  const data = await dataDirectory(cluster, incarnation);
  if (!(await isShutDown(data))) refuse('its data directory was not shut down cleanly');
  if (reuse) {
    const retired = await readNote(cluster, incarnation, 'retired');
    if (retired?.snapshot !== snapshot) refuse('it was opened since it was closed');
    return {
      checks: ['the data directory is the one that was closed, untouched and shut down cleanly'],
    };
  }
  const origin = await readNote(cluster, incarnation, 'origin');
  if (origin === undefined) return refuse('its recovery did not end');
  const record = parseRecord(origin.record);
  const checks = [
    `recovered to restore point ${record.mark.name} at ${record.mark.lsn}, timeline ${origin.timeline} forks at ${origin.forkLsn}`,
  ];
  await using server = await cluster.startPrivate(incarnation, {
    settings: { autovacuum: 'off' },
    signal,
  });
  checks.push(...(await proveServer(server, { record, refuse, signal })));
  await server.stop();
  if (!(await isShutDown(data))) refuse('its data directory was not shut down cleanly');
  checks.push('the server was shut down cleanly');
  return { checks };
}

interface ProofContext {
  readonly record: PostgresRecord;
  readonly refuse: (reason: string) => never;
  readonly signal: AbortSignal;
}

async function proveServer(server: PrivateServer, context: ProofContext): Promise<string[]> {
  const { record, refuse, signal } = context;
  const { facts, databases } = await withControl(server, signal, async (client) => ({
    facts: await readServerFacts(client),
    databases: await readDatabases(client),
  }));
  if (facts.systemId !== record.systemId) refuse('it belongs to another cluster');
  if (facts.walSegmentBytes !== record.walSegmentBytes || facts.pageBytes !== record.pageBytes) {
    refuse('its pages or WAL segments have another size');
  }
  const checks = [`system identifier ${facts.systemId}, Postgres ${facts.versionString}`];
  for (const captured of record.databases) {
    const present = databases.find(({ name }) => name === captured.name);
    if (present === undefined) return refuse(`the database ${captured.name} is missing`);
    refuseOtherCollation(captured, present);
    const options = { database: captured.name, applicationName: 'stillpoint proof', signal };
    checks.push(
      await withClient(server, options, (client) =>
        proveDatabase(client, captured, facts.versionString, context),
      ),
    );
  }
  return checks;
}

function refuseOtherCollation(captured: DatabaseFacts, present: DatabaseState): void {
  if (captured.collationVersion === present.collationVersion) return;
  throw failure('POSTGRES_COLLATION_MISMATCH', {
    database: captured.name,
    captured: captured.collationVersion ?? 'none',
    present: present.collationVersion ?? 'none',
  });
}

async function proveDatabase(
  client: Client,
  { name, schemaDigest: expected }: DatabaseFacts,
  version: string,
  { record, refuse }: ProofContext,
): Promise<string> {
  await settleSession(client);
  const { rows } = await client.query<{ relations: string; bytes: string; torn: string | null }>(
    `SELECT count(*)::text AS relations, coalesce(sum(size), 0)::text AS bytes,
            string_agg(name, ', ') FILTER (WHERE size % $1 <> 0) AS torn
       FROM (SELECT oid::regclass::text AS name, pg_relation_size(oid) AS size
               FROM pg_catalog.pg_class WHERE relkind IN ('r', 'i', 'm', 't', 'S')) AS relations`,
    [record.pageBytes],
  );
  const { relations, bytes, torn } = rows[0]!;
  if (torn !== null) refuse(`relations of ${name} do not end at a page: ${torn}`);
  const about = `${name}: ${relations} relations, ${bytes} bytes`;
  if (expected === null) return `${about}, schema not known at the mark`;
  // Definitions are written out by the server; another minor version may word them otherwise.
  if (version !== record.versionString)
    return `${about}, schema captured under ${record.versionString}`;
  const known = await schemaDigestsKnown(client);
  if (!known.some((digest) => digest === expected))
    refuse(`the schema of ${name} is not the one at the mark`);
  return `${about}, schema equal`;
}

async function isShutDown(data: string): Promise<boolean> {
  const control = await readControl(data);
  return control?.shutDown === true;
}
