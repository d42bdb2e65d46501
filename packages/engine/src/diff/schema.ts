// What differs between two databases in their tables, columns, indexes and keys.
import type { TableDescription, TableName } from '../sources/contract.ts';
import type { FromTo, Named, NamedChanges } from './contract.ts';

export interface TablePair {
  readonly name: TableName;
  readonly from: TableDescription | undefined;
  readonly to: TableDescription | undefined;
}

/** Tables of the same schema and name, in that order. */
export function pairTables(
  from: readonly TableDescription[],
  to: readonly TableDescription[],
): readonly TablePair[] {
  const pairs = new Map<string, TablePair>();
  const idOf = ({ schema, name }: TableName): string => JSON.stringify([schema ?? '', name]);
  for (const table of from) {
    const { schema, name } = table;
    pairs.set(idOf(table), { name: { schema, name }, from: table, to: undefined });
  }
  for (const table of to) {
    const { schema, name } = table;
    const before = pairs.get(idOf(table))?.from;
    pairs.set(idOf(table), { name: { schema, name }, from: before, to: table });
  }
  return [...pairs].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, pair]) => pair);
}

export interface TableShapeDiff {
  readonly columns: NamedChanges;
  readonly indexes: NamedChanges;
  readonly key: FromTo<readonly string[]> | null;
}

/** Of a table that only one has, everything is added or removed. */
export function compareShape({ from, to }: TablePair): TableShapeDiff {
  const fromKey = from?.key ?? [];
  const toKey = to?.key ?? [];
  const both = from !== undefined && to !== undefined;
  return {
    columns: compareNamed(columnsOf(from), columnsOf(to)),
    indexes: compareNamed(from?.indexes ?? [], to?.indexes ?? []),
    key: both && !sameNames(fromKey, toKey) ? { from: fromKey, to: toKey } : null,
  };
}

export function isSameShape({ columns, indexes, key }: TableShapeDiff): boolean {
  const none = ({ added, removed, changed }: NamedChanges): boolean =>
    added.length + removed.length + changed.length === 0;
  return none(columns) && none(indexes) && key === null;
}

export function sameNames(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, at) => name === b[at]);
}

function columnsOf(table: TableDescription | undefined): readonly Named[] {
  return (table?.columns ?? []).map(({ name, type }) => ({ name, definition: type }));
}

function compareNamed(from: readonly Named[], to: readonly Named[]): NamedChanges {
  const before = new Map(from.map(({ name, definition }) => [name, definition]));
  const after = new Set(to.map(({ name }) => name));
  const changed = to.flatMap(({ name, definition }) => {
    const old = before.get(name);
    return old === undefined || old === definition ? [] : [{ name, from: old, to: definition }];
  });
  return {
    added: to.filter(({ name }) => !before.has(name)),
    removed: from.filter(({ name }) => !after.has(name)),
    changed,
  };
}
