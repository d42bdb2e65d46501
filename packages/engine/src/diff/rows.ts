// Which rows of a table differ between two views. In memory lies a digest for each compared row of the first, so at most
// ROWS_COMPARED_MOST of them, and the few rows that are shown: of a larger table a sample is compared, of the same keys on both
// sides. The rows to show of the first are read in a second pass.
import { digestOf } from '@stillpoint/core';
import type { DatabaseView, RowView, TableDescription, TableName } from '../sources/contract.ts';
import type { RowChange, RowsDiff } from './contract.ts';
import { sameNames, type TablePair } from './schema.ts';

export const ROWS_COMPARED_MOST = 50_000;

/** What the rows to show of one table may hold together; the one that goes over it is still shown whole. */
const SHOWN_CHARACTERS_MOST = 4 * 1024 * 1024;

export interface RowsOptions {
  /** How many added, removed and changed rows are shown, of each. */
  readonly shown: number;
  readonly comparedMost?: number;
  readonly signal: AbortSignal;
}

export interface Views {
  readonly from: DatabaseView | undefined;
  readonly to: DatabaseView | undefined;
}

interface Comparison extends RowsOptions {
  readonly from: DatabaseView;
  readonly to: DatabaseView;
  readonly table: TableName;
  readonly oneIn: number;
  readonly columns: Comparable;
  /** Whether there is room to show one row more. */
  readonly makeRoom: (row: RowView) => boolean;
}

interface Comparable {
  readonly key: readonly string[];
  /** Columns that both have and that are no part of the key. */
  readonly shared: readonly string[];
  /** All that are no part of the key. */
  readonly from: readonly string[];
  readonly to: readonly string[];
}

export async function compareRows(
  views: Views,
  { name, from, to }: TablePair,
  options: RowsOptions,
): Promise<RowsDiff> {
  const count = {
    from: from === undefined ? null : await views.from!.countRows(name),
    to: to === undefined ? null : await views.to!.countRows(name),
  };
  const nothing = { count, added: 0, removed: 0, changed: 0, samples: [] };
  const columns = comparableColumns(from, to);
  if (columns === undefined) return { ...nothing, oneIn: null };
  const most = options.comparedMost ?? ROWS_COMPARED_MOST;
  const oneIn = Math.max(1, Math.ceil(Math.max(count.from!, count.to!) / most));
  const both = { from: views.from!, to: views.to! };
  const compared = await compareSample({
    ...options,
    ...both,
    columns,
    table: name,
    oneIn,
    makeRoom: createRoom(),
  });
  return { ...compared, count, oneIn };
}

/** Rows are told apart by their key, so both must have the same; without one by everything, so both must have the same columns. */
function comparableColumns(
  from: TableDescription | undefined,
  to: TableDescription | undefined,
): Comparable | undefined {
  if (from === undefined || to === undefined || !sameNames(from.key, to.key)) return undefined;
  const key = new Set(from.key);
  const othersOf = ({ columns }: TableDescription): string[] =>
    columns.map(({ name }) => name).filter((name) => !key.has(name));
  const columns = { from: othersOf(from), to: othersOf(to) };
  if (key.size === 0 && !sameNames(columns.from, columns.to)) return undefined;
  const shared = columns.from.filter((name) => columns.to.includes(name));
  return { key: from.key, shared, ...columns };
}

interface Waiting {
  readonly values: string;
  /** Without a key several rows may be alike. */
  count: number;
}

async function compareSample(comparison: Comparison): Promise<Omit<RowsDiff, 'count' | 'oneIn'>> {
  const { from, to, shown, makeRoom } = comparison;
  const { shared } = comparison.columns;
  const waiting = new Map<string, Waiting>();
  for await (const row of read(from, comparison)) {
    const id = identityOf(row);
    const already = waiting.get(id);
    if (already === undefined) waiting.set(id, { values: valuesOf(row, shared), count: 1 });
    else already.count++;
  }
  const samples: RowChange[] = [];
  const changedTo = new Map<string, RowView>();
  let added = 0;
  let changed = 0;
  for await (const row of read(to, comparison)) {
    const id = identityOf(row);
    const before = waiting.get(id);
    if (before === undefined) {
      if (added++ < shown && makeRoom(row)) samples.push(oneSided('added', row, comparison));
      continue;
    }
    const differs = before.values !== valuesOf(row, shared);
    if (differs && changed++ < shown && makeRoom(row)) changedTo.set(id, row);
    if (--before.count === 0) waiting.delete(id);
  }
  const removed = [...waiting.values()].reduce((sum, { count }) => sum + count, 0);
  if (removed > 0 || changedTo.size > 0) {
    samples.push(...(await readBefore(comparison, waiting, changedTo)));
  }
  return { added, removed, changed, samples };
}

/** The second pass over the first view: what the removed and the changed rows to show were. */
async function readBefore(
  comparison: Comparison,
  gone: ReadonlyMap<string, Waiting>,
  changedTo: ReadonlyMap<string, RowView>,
): Promise<RowChange[]> {
  const samples: RowChange[] = [];
  let goneLeft = Math.min(
    comparison.shown,
    [...gone.values()].reduce((sum, { count }) => sum + count, 0),
  );
  const left = new Map([...gone].map(([id, { count }]) => [id, count]));
  let changedLeft = changedTo.size;
  for await (const row of read(comparison.from, comparison)) {
    const id = identityOf(row);
    const after = changedTo.get(id);
    const times = left.get(id) ?? 0;
    if (after !== undefined) {
      samples.push(twoSided(row, after, comparison));
      changedLeft--;
    } else if (times > 0 && goneLeft > 0) {
      if (!comparison.makeRoom(row)) goneLeft = 1;
      else samples.push(oneSided('removed', row, comparison));
      left.set(id, times - 1);
      goneLeft--;
    }
    if (goneLeft === 0 && changedLeft === 0) break;
  }
  return samples;
}

async function* read(
  view: DatabaseView,
  { table, oneIn, signal }: Comparison,
): AsyncGenerator<RowView> {
  for await (const row of view.rows(table, { oneIn })) {
    signal.throwIfAborted();
    yield row;
  }
}

function createRoom(): Comparison['makeRoom'] {
  let left = SHOWN_CHARACTERS_MOST;
  return ({ values }) => {
    if (left <= 0) return false;
    for (const value of Object.values(values)) left -= value?.length ?? 0;
    return true;
  };
}

const SHORT = 80;

function identityOf({ key }: RowView): string {
  return key.length <= SHORT ? key : digestOf(Buffer.from(key));
}

function valuesOf({ values }: RowView, names: readonly string[]): string {
  const text = JSON.stringify(names.map((name) => values[name] ?? null));
  return text.length <= SHORT ? text : digestOf(Buffer.from(text));
}

function oneSided(
  state: 'added' | 'removed',
  { values }: RowView,
  { columns }: Comparison,
): RowChange {
  const side = state === 'added' ? 'to' : 'from';
  const found = columns[side].map((name) => [name, { [side]: values[name] ?? null }] as const);
  return { state, key: pick(values, columns.key), columns: Object.fromEntries(found) };
}

function twoSided(before: RowView, after: RowView, { columns }: Comparison): RowChange {
  const { key, shared } = columns;
  const differing = shared.flatMap((name) => {
    const from = before.values[name] ?? null;
    const to = after.values[name] ?? null;
    return from === to ? [] : [[name, { from, to }] as const];
  });
  return {
    state: 'changed',
    key: pick(before.values, key),
    columns: Object.fromEntries(differing),
  };
}

function pick(
  values: RowView['values'],
  names: readonly string[],
): Readonly<Record<string, string | null>> {
  return Object.fromEntries(names.map((name) => [name, values[name] ?? null]));
}
