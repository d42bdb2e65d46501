// After the statements, in the same transaction: rights and triggers of the tables that there are now, first rows of extensions that are
// new, and the list of extensions.
import { failure, isFailure } from '@stillpoint/core';
import { settleChambers, touchTrigger, type ChamberPart } from '../chambers/index.ts';
import type { Queryable, Transaction } from '../database/contract.ts';
import { coreOwner, recordExtensions, unseededExtensions } from '../registry/index.ts';
import type { ApplyOptions, MigrateOptions } from './applying.ts';
import type { FederationSnapshot } from './contract.ts';
import { migrationsPart, ownersIn } from './ledger.ts';

/** Also of tables that stay although their extension is gone, and of those that a way back made again. */
export function allParts(
  parts: readonly ChamberPart[],
  snapshot: FederationSnapshot | undefined,
): readonly ChamberPart[] {
  const tables = (snapshot?.entities ?? []).filter(({ entityType }) => entityType === 'tables');
  const models: ChamberPart = {
    name: 'registry',
    schema: 'public',
    steps: [],
    expects: tables.map(({ schema = 'public', name }) => touchTrigger(`${schema}.${name}`)),
  };
  return [migrationsPart, ...parts, models];
}

export async function settleFor(
  transaction: Transaction,
  { parts, database, chambers = {} }: ApplyOptions,
  snapshot: FederationSnapshot | undefined,
): Promise<void> {
  await transaction.query('SET LOCAL search_path = public');
  await settleChambers(transaction, allParts(parts, snapshot), database.facts, chambers);
}

/** MIGRATION_SEED_FAILED. */
export async function seedAndRecord(
  transaction: Transaction,
  { federation, signal }: MigrateOptions,
  snapshot: FederationSnapshot,
): Promise<void> {
  for (const { name: owner, seed } of await unseededExtensions(transaction, federation)) {
    if (seed === undefined) continue;
    try {
      await seed(transaction);
    } catch (error) {
      signal?.throwIfAborted();
      if (isFailure(error, 'DATABASE_CONNECTION_LOST')) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      throw failure('MIGRATION_SEED_FAILED', { owner, reason }, error);
    }
  }
  const owners = ownersIn(snapshot);
  const { rows } = await transaction.query<{ name: string }>('SELECT name FROM public.extensions');
  const here = new Set(federation.extensions.map(({ name }) => name));
  const gone = rows.map(({ name }) => name).filter((name) => !owners.has(name) && !here.has(name));
  await recordExtensions(transaction, federation, gone);
}

/** What a way back took the tables of is new when it comes again, and is seeded again. */
export async function forgetExtensions(
  transaction: Queryable,
  before: FederationSnapshot,
  after: FederationSnapshot | undefined,
): Promise<void> {
  const left = ownersIn(after);
  // Without core's tables there is no list.
  if (!left.has(coreOwner)) return;
  const gone = [...ownersIn(before)].filter((owner) => !left.has(owner));
  await transaction.query('DELETE FROM public.extensions WHERE name = ANY ($1::text[])', [gone]);
}
