// What is to be done, found before anything is touched: what the ledger says, the files that it does not know, and what the models want
// beyond both.
import { canonicalJson, digestOf, failure, type Json } from '@stillpoint/core';
import type { ChamberPart } from '../chambers/index.ts';
import type { Queryable } from '../database/contract.ts';
import type { MigrateOptions, MigrationStep } from './applying.ts';
import type { Accept, FederationSnapshot, Loss, Plan } from './contract.ts';
import { readMigrations } from './directory.ts';
import {
  installedParts,
  migrationsPart,
  readLedger,
  readRow,
  type LedgerEntry,
  type LedgerRow,
} from './ledger.ts';
import { nameFor, renderMigration, type MigrationText } from './migration-file.ts';
import { planMigration } from './plan.ts';

export interface Ground {
  readonly rows: readonly LedgerEntry[];
  /** The newest of them, whole. */
  readonly last: LedgerRow | undefined;
  readonly files: readonly MigrationText[];
  /** Parts whose tables are missing or older than the code. */
  readonly parts: readonly string[];
}

export async function readGround(
  queryable: Queryable,
  directory: string,
  parts: readonly ChamberPart[],
): Promise<Ground> {
  const installed = await installedParts(queryable);
  const rows = await readLedger(queryable, installed);
  return {
    rows,
    last: await readRow(queryable, rows.at(-1)?.name),
    files: await readMigrations(directory),
    parts: [migrationsPart, ...parts]
      .filter(({ name, steps }) => (installed.get(name) ?? 0) < steps.length)
      .map(({ name }) => name),
  };
}

/** The files that are to be applied. MIGRATION_FILE_CHANGED, MIGRATION_AHEAD, MIGRATION_BRANCHED. */
export function pendingOf({ rows, files }: Ground): readonly MigrationText[] {
  const byName = new Map(files.map((file) => [file.name, file]));
  const missing = rows.filter(({ name }) => !byName.has(name));
  if (missing.length > 0)
    throw failure('MIGRATION_AHEAD', { names: missing.map(({ name }) => name).join(', ') });
  for (const { name, digest } of rows)
    if (byName.get(name)?.digest !== digest) throw failure('MIGRATION_FILE_CHANGED', { name });
  const applied = new Set(rows.map(({ name }) => name));
  const pending = files.filter(({ name }) => !applied.has(name));
  let last = rows.at(-1)?.name;
  for (const { name, after } of pending) {
    if (after !== last)
      throw failure('MIGRATION_BRANCHED', {
        name,
        after: after ?? 'nothing',
        last: last ?? 'nothing',
      });
    last = name;
  }
  return pending;
}

export interface Prepared {
  readonly ground: Ground;
  /** In files. */
  readonly pending: readonly MigrationText[];
  readonly plan: Plan;
  /** What is to be written; undefined: the models want nothing more. */
  readonly fresh: MigrationText | undefined;
  readonly freshText: string;
}

export async function prepareMigration(
  queryable: Queryable,
  options: MigrateOptions,
): Promise<Prepared> {
  const ground = await readGround(queryable, options.directory, options.parts);
  const pending = pendingOf(ground);
  const last = pending.at(-1) ?? ground.last;
  const plan = await planAfter(last?.snapshot, options);
  if (!differs(plan, last?.snapshot))
    return { ground, pending, plan, fresh: undefined, freshText: '' };
  const { up, down, next: snapshot, losses, downLosses, words } = plan;
  const name = nameFor(words, (options.now ?? (() => new Date()))(), last?.name);
  const content = { name, after: last?.name, up, down, snapshot, losses, downLosses };
  const freshText = renderMigration(content);
  const fresh = { ...content, digest: digestOf(Buffer.from(freshText)) };
  return { ground, pending, plan, fresh, freshText };
}

export async function planAfter(
  previous: FederationSnapshot | undefined,
  options: Pick<MigrateOptions, 'federation' | 'dropData' | 'accept' | 'signal' | 'plan'>,
): Promise<Plan> {
  const { federation, dropData = [], accept = [], signal, plan = planMigration } = options;
  return await plan({
    previous,
    federation,
    accept,
    uninstalled: dropData.length === 0 ? 'keep' : { drop: dropData },
    ...(signal === undefined ? {} : { signal }),
  });
}

/** An owner may have changed without a statement. */
export function differs(plan: Plan, previous: FederationSnapshot | undefined): boolean {
  return plan.up.length > 0 || previous === undefined || text(plan.next) !== text(previous);
}

function text(snapshot: FederationSnapshot): string {
  return canonicalJson(JSON.parse(JSON.stringify(snapshot)) as Json);
}

export function stepOf(
  { name, up, losses }: Pick<MigrationText, 'name' | 'up' | 'losses'>,
  committed: boolean,
): MigrationStep {
  return { name, committed, statements: up, losses };
}

export function acceptedBy(losses: readonly Loss[], accept: Accept = []): readonly Loss[] {
  return losses.map((loss) => ({ ...loss, accepted: loss.accepted || accept.includes(loss.name) }));
}

/** MIGRATION_LOSSES_REFUSED. */
export function refuseLosses(losses: readonly Loss[]): void {
  const open = losses.filter(({ accepted }) => !accepted);
  if (open.length === 0) return;
  throw failure('MIGRATION_LOSSES_REFUSED', {
    losses: open.map(({ what, owner }) => `${what} (${owner})`).join(' '),
    accept: open.map(({ name }) => `--accept "${name}"`).join(' '),
  });
}
