// The last thing before a database made from a dump may become live: is everything in it that the dump and the freeze had?
// Every table's rows are counted, every sequence is read, every definition compared; constraints were checked while it was filled.
import { failure, type Json } from '@stillpoint/core';
import { readFile } from 'node:fs/promises';
import type { Client } from 'pg';
import type { Placement, Proof } from '../../contract.ts';
import { digestOfSchema, readSchema, type SchemaObject } from '../schema-digest.ts';
import { withClient } from '../session.ts';
import { compareSchemas } from './compare-schemas.ts';
import type { CreateContext } from './create.ts';
import { qualified } from './facts.ts';
import { findByOid } from './ours.ts';
import { isKept } from './prepare.ts';
import {
  parseListing,
  parsePlacement,
  parseRecord,
  type TableRows,
  type UrlListing,
  type UrlPlacement,
  type UrlRecord,
} from './record.ts';
import { wrongSequences } from './sequences.ts';
import { withThird, type UrlServer } from './server.ts';

/** RESTORE_NOT_PROVED. */
export async function prove(
  context: CreateContext,
  json: Placement,
  signal: AbortSignal,
): Promise<Proof> {
  const placement = parsePlacement(json);
  const refuse = (reason: string): never => {
    throw failure('RESTORE_NOT_PROVED', { source: context.options.name, reason });
  };
  if (placement.reuse) {
    if (!(await isKept(context, placement))) refuse('it was opened since it was closed');
    return { checks: ['the database is the one that was closed for the undo point, closed since'] };
  }
  const { record, listing } = await readExpected(placement);
  return proveFilled(context.server, placement, { record, listing, refuse, signal });
}

async function readExpected({
  expected,
}: UrlPlacement): Promise<{ readonly record: UrlRecord; readonly listing: UrlListing }> {
  if (expected === null) throw new TypeError('nothing to prove with');
  const { record, listing } = JSON.parse(await readFile(expected, 'utf8')) as {
    record: Json;
    listing: Json;
  };
  return { record: parseRecord(record), listing: parseListing(listing) };
}

async function proveFilled(
  server: UrlServer,
  { oid }: UrlPlacement,
  proof: {
    readonly record: UrlRecord;
    readonly listing: UrlListing;
    readonly refuse: (reason: string) => never;
    readonly signal: AbortSignal;
  },
): Promise<Proof> {
  const { record, listing, refuse, signal } = proof;
  const ours = { applicationName: 'stillpoint proof', signal };
  const found = await withThird(server, ours, (third) => findByOid(third, oid));
  if (found?.marker?.state !== 'prepared') return refuse('the database that was made is gone');
  return withClient(server, { ...ours, database: found.name }, async (client) => {
    const rows = await countAll(client, listing.tables, refuse);
    const checks = [
      `${listing.tables.length} tables with ${rows} rows, as many as in the dump of ${record.dumpBytes} bytes`,
    ];
    const wrong = await wrongSequences(client, listing.sequences);
    if (wrong.length > 0) refuse(`sequences are not as captured: ${wrong.join(', ')}`);
    checks.push(`${listing.sequences.length} sequences as in the freeze`);
    const { rows: version } = await client.query<{ version: string }>(
      `SELECT split_part(current_setting('server_version'), ' ', 1) AS version`,
    );
    checks.push(
      ...proveSchema(await readSchema(client), version[0]!.version, record, listing, refuse),
    );
    return { checks };
  });
}

async function countAll(
  client: Client,
  tables: readonly TableRows[],
  refuse: (reason: string) => never,
): Promise<number> {
  let sum = 0;
  await client.query('SET row_security = off');
  for (const table of tables) {
    const { rows } = await client.query<{ count: string }>(
      `SELECT count(*)::text AS count FROM ONLY ${qualified(table)}`,
    );
    const found = Number(rows[0]!.count);
    if (found !== table.rows) {
      refuse(`${table.schema}.${table.name} has ${found} rows, the dump ${table.rows}`);
    }
    sum += found;
  }
  return sum;
}

function proveSchema(
  found: readonly SchemaObject[],
  version: string,
  record: UrlRecord,
  listing: UrlListing,
  refuse: (reason: string) => never,
): readonly string[] {
  if (record.schemaDigest === null) return ['schema not known at the mark'];
  if (digestOfSchema(found) === record.schemaDigest) return ['schema equal'];
  // Definitions are written out by the server; another version may word them otherwise.
  if (version !== record.server.versionString)
    return [`schema captured under ${record.server.versionString}, not compared under ${version}`];
  const { different, notes } = compareSchemas(listing.schema, found);
  if (different.length > 0) {
    refuse(`the schema is not the one at the mark: ${different.slice(0, 5).join(', ')}`);
  }
  return notes;
}
