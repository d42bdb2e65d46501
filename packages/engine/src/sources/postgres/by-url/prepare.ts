// From a record to a database that can be switched to. If the very database that was closed for this undo point is still
// there, closed since, it is taken as it is: then undo is a rename.
import { writeFileAtomic, type Json } from '@stillpoint/core';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { Placement, PrepareOptions } from '../../contract.ts';
import { createFrom, type CreateContext } from './create.ts';
import { findByOid } from './ours.ts';
import { parseRecord, readListing, toPlacement } from './record.ts';
import { withThird } from './server.ts';

export async function prepare(
  context: CreateContext,
  json: Json,
  options: PrepareOptions,
): Promise<Placement> {
  const { server } = context;
  const record = parseRecord(json);
  const { database } = await server.address();
  const kept = { oid: record.database.oid, database, snapshot: options.snapshot };
  if (await isKept(context, kept)) return toPlacement({ ...kept, reuse: true, expected: null });
  const listing = await readListing(options.source, record.listing);
  await mkdir(options.workDirectory, { recursive: true, mode: 0o700 });
  const expected = path.join(options.workDirectory, 'expected.json');
  await writeFileAtomic(expected, JSON.stringify({ record: json, listing }), { mode: 0o600 });
  const { oid } = await createFrom(context, { record, listing }, 'prepared', options);
  return toPlacement({ oid, database, snapshot: options.snapshot, reuse: false, expected });
}

/** Was it closed for this undo point, and has nobody been let in since? */
export async function isKept(
  { server, options }: CreateContext,
  {
    oid,
    database,
    snapshot,
  }: { readonly oid: number; readonly database: string; readonly snapshot: string },
): Promise<boolean> {
  return withThird(server, { applicationName: 'stillpoint restore' }, async (third) => {
    const found = await findByOid(third, oid);
    const marker = found?.marker;
    if (found === undefined || marker === undefined || found.open) return false;
    return (
      marker.state === 'kept' &&
      marker.snapshot === snapshot &&
      marker.project === options.project &&
      marker.live === database &&
      found.name !== database
    );
  });
}
