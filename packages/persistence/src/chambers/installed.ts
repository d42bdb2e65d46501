// What was set up in a database, by its own account, beside what this code wants to find there.
import { failure } from '@stillpoint/core';
import type { Queryable, ServerFacts } from '../database/contract.ts';
import type { ChamberPart } from './contract.ts';
import { foundationPart } from './foundation.ts';
import { refuseWithoutRights, rightMissing } from './usable.ts';

/** Versions by the part's name; undefined: nobody ever set chambers up here. */
export async function installedVersions(
  queryable: Queryable,
): Promise<ReadonlyMap<string, number> | undefined> {
  const there = await queryable.query<{ readonly there: boolean }>(
    `SELECT pg_catalog.to_regclass('stillpoint.parts') IS NOT NULL AS there`,
  );
  if (there.rows[0]?.there !== true) return undefined;
  const { rows } = await queryable.query<{ readonly name: string; readonly version: number }>(
    'SELECT name, version FROM stillpoint.parts',
  );
  return new Map(rows.map(({ name, version }) => [name, version]));
}

/**
 * For who opens a database to work with it: DAEMON_NOT_MIGRATED, DAEMON_RIGHT_MISSING, and CHAMBER_TOO_NEW where newer code was here.
 * Changes nothing.
 */
export async function refuseUnready(
  queryable: Queryable,
  parts: readonly ChamberPart[],
  facts: Pick<ServerFacts, 'database' | 'role'>,
): Promise<void> {
  const { database } = facts;
  const installed = await installedVersions(queryable).catch((error: unknown) => {
    if ((error as { readonly code?: unknown }).code !== '42501') throw error;
    throw rightMissing(facts, [(error as Error).message], error);
  });
  if (installed === undefined)
    throw failure('DAEMON_NOT_MIGRATED', { database, what: 'none of its tables are there' });
  const missing: string[] = [];
  for (const { name, steps } of [foundationPart, ...parts]) {
    const found = installed.get(name) ?? 0;
    const known = steps.length;
    if (found > known) throw failure('CHAMBER_TOO_NEW', { part: name, found, known });
    if (found < known) missing.push(`${name} has version ${found} of ${known}`);
  }
  if (missing.length > 0)
    throw failure('DAEMON_NOT_MIGRATED', { database, what: missing.join(', ') });
  await refuseWithoutRights(queryable, parts, facts);
}
