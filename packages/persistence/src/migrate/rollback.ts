// Takes migrations back by the way that the ledger stored with them, newest first, each in one transaction with the end of its row. It
// needs neither models nor files: also code that never knew a migration can take it back.
import { failure, silent } from '@stillpoint/core';
import type { MigrationStep, RollbackOptions, RollbackOutcome } from './applying.ts';
import {
  forgetMigration,
  installedParts,
  readLedger,
  readRow,
  type LedgerEntry,
  type LedgerRow,
} from './ledger.ts';
import { withMigrationLock, type Locked } from './lock.ts';
import { acceptedBy, refuseLosses } from './prepare.ts';
import { explained, LOCK_TIMEOUT_MS, runStatements, setLimits } from './run-statements.ts';
import { forgetExtensions, settleFor } from './settle.ts';

/** MIGRATION_UNKNOWN, MIGRATION_LOSSES_REFUSED, and what statements are refused with. */
export async function rollback(options: RollbackOptions): Promise<RollbackOutcome> {
  const { database, accept, guard, progress = silent, signal } = options;
  return await withMigrationLock(database, options, async (locked) => {
    const rows = await readLedger(locked, await installedParts(locked));
    const going = newestFirst(rows, options.to);
    const steps: MigrationStep[] = [];
    for (const { name, downLosses } of going) {
      const statements = (await readRow(locked, name))?.down ?? [];
      steps.push({ name, committed: true, statements, losses: acceptedBy(downLosses, accept) });
    }
    const outlook: RollbackOutcome = { steps, guard: null, done: false };
    if (options.dryRun === true) return outlook;
    refuseLosses(steps.flatMap(({ losses }) => losses));
    if (steps.length === 0) return { ...outlook, done: true };
    await options.confirm?.(outlook);
    signal?.throwIfAborted();
    if (guard !== undefined) progress({ type: 'phase:started', phase: 'guard' });
    const reason = `before taking back ${steps.map(({ name }) => name).join(', ')}`;
    const taken = await guard?.(reason);
    for (const { name, after } of going) {
      progress({ type: 'phase:started', phase: 'take back', detail: name });
      const row = await readRow(locked, name);
      if (row !== undefined) await takeBack(locked, options, row, await readRow(locked, after));
    }
    return { ...outlook, guard: taken?.id ?? null, done: true };
  });
}

function newestFirst(rows: readonly LedgerEntry[], to: string | undefined): readonly LedgerEntry[] {
  if (to === undefined) return rows.slice(-1);
  const kept = to === 'nothing' ? -1 : rows.findIndex(({ name }) => name === to);
  if (kept < 0 && to !== 'nothing') throw failure('MIGRATION_UNKNOWN', { name: to });
  return rows.slice(kept + 1).toReversed();
}

async function takeBack(
  locked: Locked,
  options: RollbackOptions,
  { name, down: statements, snapshot }: LedgerRow,
  before: LedgerRow | undefined,
): Promise<void> {
  const { lockTimeoutMs = LOCK_TIMEOUT_MS, signal } = options;
  try {
    await locked.transaction(
      async (transaction) => {
        await setLimits(transaction, lockTimeoutMs);
        const snapshots = [snapshot, before?.snapshot];
        await runStatements(transaction, { name, statements, snapshots });
        await forgetMigration(transaction, name);
        await forgetExtensions(transaction, snapshot, before?.snapshot);
        await settleFor(transaction, options, before?.snapshot);
      },
      signal === undefined ? {} : { signal },
    );
  } catch (error) {
    throw await explained(locked, error, { name, lockTimeoutMs });
  }
}
