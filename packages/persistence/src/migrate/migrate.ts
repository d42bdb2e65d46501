// Brings a database to what the files and the models say. Everything is found out and asked first; then the guard, the new file, and
// one transaction a migration with its row in the ledger: killed anywhere, the schema is that of a migration, and the next call goes on.
import { failure, isFailure, silent } from '@stillpoint/core';
import { installChambers } from '../chambers/index.ts';
import type { MigrateOptions, MigrateOutcome } from './applying.ts';
import { watchCatalog, type CatalogText } from './catalog.ts';
import type { FederationSnapshot } from './contract.ts';
import { removeMigration, writeMigration } from './directory.ts';
import { recordMigration } from './ledger.ts';
import { withMigrationLock, type Locked } from './lock.ts';
import type { MigrationText } from './migration-file.ts';
import { prepareMigration, refuseLosses, stepOf, type Prepared } from './prepare.ts';
import {
  explained,
  limitWaiting,
  LOCK_TIMEOUT_MS,
  runStatements,
  setLimits,
} from './run-statements.ts';
import { allParts, seedAndRecord, settleFor } from './settle.ts';

/**
 * Rejects with the MIGRATION_, MODEL_ and CHAMBER_ codes. Whatever it rejects with, the migration that was under way left nothing
 * behind; those before it stay.
 */
export async function migrate(options: MigrateOptions): Promise<MigrateOutcome> {
  const { database, progress = silent } = options;
  return await withMigrationLock(database, options, async (locked) => {
    progress({ type: 'phase:started', phase: 'plan' });
    const prepared = await prepareMigration(locked, options);
    const outlook = outlookOf(prepared);
    if (options.dryRun === true) return outlook;
    if (options.frozen === true && prepared.fresh !== undefined)
      throw failure('MIGRATION_FROZEN', { words: prepared.plan.words });
    refuseLosses(prepared.fresh?.losses ?? []);
    const something = outlook.steps.length > 0 || outlook.parts.length > 0;
    if (something) await options.confirm?.(outlook);
    const guard = something ? await takeGuard(options, outlook) : null;
    await applyWithFile(locked, options, prepared);
    return { ...outlook, guard, done: true };
  });
}

function outlookOf({ pending, fresh, ground, plan }: Prepared): MigrateOutcome {
  const steps = [
    ...pending.map((one) => stepOf(one, true)),
    ...(fresh === undefined ? [] : [stepOf(fresh, false)]),
  ];
  return { steps, parts: ground.parts, kept: plan.kept, guard: null, done: false };
}

async function takeGuard(
  { guard, progress = silent, signal }: MigrateOptions,
  { steps, parts }: MigrateOutcome,
): Promise<string | null> {
  signal?.throwIfAborted();
  if (guard === undefined) return null;
  progress({ type: 'phase:started', phase: 'guard' });
  const names = steps.map(({ name }) => name);
  const taken = await guard(`before ${names.length > 0 ? names.join(', ') : parts.join(', ')}`);
  return taken?.id ?? null;
}

/** A new file that led to nothing goes again: whoever corrects the models is not to meet it as pending. */
async function applyWithFile(
  locked: Locked,
  options: MigrateOptions,
  prepared: Prepared,
): Promise<void> {
  const { directory, signal } = options;
  const { fresh, freshText } = prepared;
  signal?.throwIfAborted();
  if (fresh === undefined) return await applyAll(locked, options, prepared);
  await writeMigration(directory, fresh.name, freshText);
  try {
    await applyAll(locked, options, prepared);
  } catch (error) {
    // Perhaps it was committed. Then it is applied, or else it is pending.
    if (!isFailure(error, 'COMMIT_UNKNOWN')) await removeMigration(directory, fresh.name);
    throw error;
  }
}

interface Before {
  readonly catalog: CatalogText;
  readonly snapshot: FederationSnapshot;
}

async function applyAll(
  locked: Locked,
  options: MigrateOptions,
  { ground, pending, fresh, plan }: Prepared,
): Promise<void> {
  const steps = fresh === undefined ? pending : [...pending, fresh];
  let before: Before | undefined = ground.last;
  for (const [index, step] of steps.entries()) {
    options.progress?.({ type: 'phase:started', phase: 'apply', detail: step.name });
    before = await applyStep(locked, options, step, before, {
      first: index === 0,
      last: index === steps.length - 1,
    });
  }
  // Rights may have been changed, an extension may have another version: that is put right without a migration.
  if (steps.length === 0)
    await locked.transaction(async (transaction) => {
      await install(transaction, options, plan.next);
      await seedAndRecord(transaction, options, plan.next);
    }, how(options));
}

async function applyStep(
  locked: Locked,
  options: MigrateOptions,
  step: MigrationText,
  before: Before | undefined,
  { first, last }: { readonly first: boolean; readonly last: boolean },
): Promise<Before> {
  const { lockTimeoutMs = LOCK_TIMEOUT_MS } = options;
  const { name, up: statements, snapshot } = step;
  const work: Parameters<Locked['transaction']>[0] = async (transaction) => {
    if (first) await install(transaction, options, before?.snapshot);
    const catalog = await watchCatalog(transaction, before, step, async () => {
      await setLimits(transaction, lockTimeoutMs);
      const snapshots = [snapshot, before?.snapshot];
      await runStatements(transaction, { name, statements, snapshots });
    });
    await recordMigration(transaction, step, catalog);
    if (last) {
      await settleFor(transaction, options, snapshot);
      await seedAndRecord(transaction, options, snapshot);
    }
    return { catalog, snapshot };
  };
  try {
    return (await locked.transaction(work, how(options))) as Before;
  } catch (error) {
    throw await explained(locked, error, { name, lockTimeoutMs });
  }
}

async function install(
  transaction: Parameters<Parameters<Locked['transaction']>[0]>[0],
  { database, parts, chambers = {}, lockTimeoutMs = LOCK_TIMEOUT_MS }: MigrateOptions,
  snapshot: FederationSnapshot | undefined,
): Promise<void> {
  // Rights and triggers need locks on tables as well.
  await limitWaiting(transaction, lockTimeoutMs);
  await installChambers(transaction, allParts(parts, snapshot), database.facts, chambers);
}

function how({ signal }: MigrateOptions): { readonly signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}
