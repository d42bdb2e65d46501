// What differs between the databases of one source in two states.
import type { DatabaseSet, DatabaseView, TableDescription } from '../sources/contract.ts';
import type { DatabaseDiff, RowsDiff, TableDiff } from './contract.ts';
import { problemOf } from './problem.ts';
import { compareRows, type RowsOptions, type Views } from './rows.ts';
import { compareShape, isSameShape, pairTables, type TablePair } from './schema.ts';

export interface DatabasesOptions {
  /** undefined: rows are not looked at. */
  readonly rows: RowsOptions | undefined;
  readonly signal: AbortSignal;
  /** Called before each database. */
  readonly began: (database: string) => void;
}

export async function compareDatabases(
  from: DatabaseSet | undefined,
  to: DatabaseSet | undefined,
  options: DatabasesOptions,
): Promise<readonly DatabaseDiff[]> {
  const diffs: DatabaseDiff[] = [];
  for (const { name, views } of pairDatabases(from?.databases ?? [], to?.databases ?? [])) {
    options.began(name);
    diffs.push(await compareDatabase(name, views, options));
  }
  return diffs;
}

interface DatabasePair {
  readonly name: string;
  readonly views: Views;
}

/** By name; where each state has one, these two, for a captured file lies elsewhere. */
function pairDatabases(
  from: readonly DatabaseView[],
  to: readonly DatabaseView[],
): readonly DatabasePair[] {
  if (from.length === 1 && to.length === 1) {
    return [{ name: to[0]!.name, views: { from: from[0], to: to[0] } }];
  }
  const names = [...new Set([...from, ...to].map(({ name }) => name))].toSorted();
  const find = (views: readonly DatabaseView[], wanted: string): DatabaseView | undefined =>
    views.find(({ name }) => name === wanted);
  return names.map((name) => ({ name, views: { from: find(from, name), to: find(to, name) } }));
}

async function compareDatabase(
  name: string,
  views: Views,
  options: DatabasesOptions,
): Promise<DatabaseDiff> {
  const { signal } = options;
  const state = stateOf(views.from, views.to);
  try {
    const [from, to] = [(await views.from?.tables()) ?? [], (await views.to?.tables()) ?? []];
    const problems: string[] = [];
    const tables: TableDiff[] = [];
    for (const pair of pairTables(from, to)) {
      const diff = await compareTable(views, pair, options, problems);
      if (diff !== undefined) tables.push(diff);
    }
    const schemaDigest = {
      from: (await views.from?.schemaDigest()) ?? null,
      to: (await views.to?.schemaDigest()) ?? null,
    };
    const explained = tables.some((table) => table.state !== 'changed' || !isSameShape(table));
    const otherSchemaChange =
      state === 'same' && !explained && schemaDigest.from !== schemaDigest.to;
    const changed = tables.length > 0 || otherSchemaChange;
    return {
      name,
      state: state === 'same' && changed ? 'changed' : state,
      problem: problems.length === 0 ? null : problems.join('; '),
      schemaDigest,
      bytes: { from: sumBytes(views.from, from), to: sumBytes(views.to, to) },
      count: { from: from.length, to: to.length },
      tables,
      otherSchemaChange,
    };
  } catch (error) {
    return unseen(name, problemOf(error, signal));
  }
}

function stateOf(from: unknown, to: unknown): 'same' | 'added' | 'removed' {
  if (from === undefined) return 'added';
  return to === undefined ? 'removed' : 'same';
}

async function compareTable(
  views: Views,
  pair: TablePair,
  { rows: rowsOptions, signal }: DatabasesOptions,
  problems: string[],
): Promise<TableDiff | undefined> {
  const shape = compareShape(pair);
  let rows: RowsDiff | null = null;
  try {
    if (rowsOptions !== undefined) rows = await compareRows(views, pair, rowsOptions);
  } catch (error) {
    const { schema, name } = pair.name;
    problems.push(`${schema === null ? '' : `${schema}.`}${name}: ${problemOf(error, signal)}`);
  }
  const state = stateOf(pair.from, pair.to);
  if (state === 'same' && isSameShape(shape) && (rows === null || isSameRows(rows))) {
    return undefined;
  }
  return {
    ...pair.name,
    state: state === 'same' ? 'changed' : state,
    ...shape,
    bytes: { from: pair.from?.bytes ?? null, to: pair.to?.bytes ?? null },
    rows,
  };
}

function isSameRows({ count, added, removed, changed }: RowsDiff): boolean {
  return count.from === count.to && added + removed + changed === 0;
}

function sumBytes(
  view: DatabaseView | undefined,
  tables: readonly TableDescription[],
): number | null {
  if (view === undefined || tables.some(({ bytes }) => bytes === null)) return null;
  return tables.reduce((sum, { bytes }) => sum + (bytes ?? 0), 0);
}

function unseen(name: string, problem: string): DatabaseDiff {
  const nothing = { from: null, to: null };
  return {
    name,
    state: 'unknown',
    problem,
    schemaDigest: nothing,
    bytes: nothing,
    count: { from: 0, to: 0 },
    tables: [],
    otherSchemaChange: false,
  };
}
