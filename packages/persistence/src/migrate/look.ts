// Looking without touching: which migrations are applied, which wait, what the models want beyond them, and where the database differs
// from what its migrations made.
import type { ChamberPart } from '../chambers/index.ts';
import type { Database } from '../database/contract.ts';
import type { DriftFinding, DriftReport, MigrateOptions, MigrationStatus } from './applying.ts';
import { keysOf, readItems, type CatalogItem } from './catalog.ts';
import { installedParts, readLedger, readRow, type LedgerRow } from './ledger.ts';
import { differs, pendingOf, planAfter, readGround } from './prepare.ts';

export type StatusOptions = Pick<
  MigrateOptions,
  'database' | 'parts' | 'federation' | 'directory' | 'accept' | 'signal' | 'plan'
>;

export async function migrationStatus(options: StatusOptions): Promise<MigrationStatus> {
  const { database, directory, parts } = options;
  const ground = await readGround(database, directory, parts);
  const digests = new Map(ground.files.map(({ name, digest }) => [name, digest]));
  const applied = ground.rows.map(({ name, digest, appliedAt }) => {
    const found = digests.get(name);
    const file = found === undefined ? 'missing' : found === digest ? 'same' : 'changed';
    return { name, appliedAt: appliedAt.toISOString(), file } as const;
  });
  const known = new Set(ground.rows.map(({ name }) => name));
  const pending = ground.files.filter(({ name }) => !known.has(name));
  const status = { applied, pending: pending.map(({ name }) => name), parts: ground.parts };
  // What is wanted beyond a missing migration would be the way back from it: nobody asked for that.
  if (applied.some(({ file }) => file !== 'same')) return { ...status, difference: null };
  const last = pendingOf(ground).at(-1) ?? ground.last;
  const plan = await planAfter(last?.snapshot, options);
  const { words, up, losses } = plan;
  const difference = differs(plan, last?.snapshot)
    ? { words, statements: up.length, losses }
    : null;
  return { ...status, difference };
}

export interface DriftOptions {
  readonly database: Database;
  /** Of the library's rooms: their tables are not strange. */
  readonly parts: readonly ChamberPart[];
  readonly signal?: AbortSignal;
}

/** What is in schemas where no extension has anything (the queue's, the engine's, other programs') is not looked at. */
export async function findDrift({ database, parts, signal }: DriftOptions): Promise<DriftReport> {
  return await database.transaction(
    async (transaction) => {
      const rows = await readLedger(transaction, await installedParts(transaction));
      const last = await readRow(transaction, rows.at(-1)?.name);
      if (last === undefined) return { migration: null, findings: [] };
      const live = await readItems(transaction, [last.snapshot]);
      const own = new Set(parts.flatMap((part) => part.expects.map(({ table }) => table)));
      return {
        migration: last.name,
        findings: [...lost(last, live), ...strange(last, live, own)].toSorted((a, b) =>
          a.entity < b.entity ? -1 : 1,
        ),
      };
    },
    {
      isolation: 'repeatable read',
      readOnly: true,
      withoutFreezeLock: true,
      ...(signal === undefined ? {} : { signal }),
    },
  );
}

function* lost(
  { catalog, snapshot }: LedgerRow,
  live: ReadonlyMap<string, CatalogItem>,
): Iterable<DriftFinding> {
  for (const [key, text] of Object.entries(catalog)) {
    const is = live.get(key);
    const table = tableOf(key);
    const owner = snapshot.owners[table ?? key] ?? null;
    if (is !== undefined && is.text !== text) {
      const what = `The ${key} is (${is.text}), and its migration made (${text}).`;
      yield { kind: 'changed', entity: key, owner, what };
    } else if (is === undefined && (table === undefined || live.has(table))) {
      yield { kind: 'missing', entity: key, owner, what: `The ${key} is gone (${text}).` };
    }
  }
}

/** Of a table that is strange itself nothing more is told. */
function* strange(
  { catalog, snapshot }: LedgerRow,
  live: ReadonlyMap<string, CatalogItem>,
  own: ReadonlySet<string>,
): Iterable<DriftFinding> {
  const known = new Set(keysOf(snapshot));
  for (const { key, of, text } of live.values()) {
    if (known.has(key) || catalog[key] !== undefined) continue;
    const isTable = of === key;
    if (isTable && own.has(key.slice('table '.length))) continue;
    if (!isTable && of !== null && !known.has(of)) continue;
    const owner = (of === null ? undefined : snapshot.owners[of]) ?? null;
    const told = text === '' ? '' : ` (${text})`;
    const what = `The ${key} is of no migration${told}.`;
    yield { kind: 'extra', entity: key, owner, what };
  }
}

/** `column public.notes.title` is of `table public.notes`; names have no dots. */
function tableOf(key: string): string | undefined {
  const [kind = '', name = ''] = key.split(/ (.*)/s);
  if (kind === 'table' || kind === 'enum') return undefined;
  return `table ${name.split('.').slice(0, 2).join('.')}`;
}
