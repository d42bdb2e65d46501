// Two lists of entities, the first under the names of the second: what is new, gone, and there in both.
import type { Entity } from './contract.ts';
import type { Hint } from './kit/protocol.ts';
import type { Names, RenamePairs } from './names.ts';

export interface Comparison {
  readonly created: readonly Entity[];
  /** Under the names of afterwards. */
  readonly gone: readonly Entity[];
  readonly both: readonly { readonly before: Entity; readonly after: Entity }[];
}

export function compare(from: readonly Entity[], to: readonly Entity[], names: Names): Comparison {
  const before = new Map(
    from.map((entity) => names.forward(entity)).map((one) => [keyOf(one), one]),
  );
  const after = new Map(to.map((entity) => [keyOf(entity), entity]));
  return {
    created: to.filter((entity) => !before.has(keyOf(entity))),
    gone: [...before.values()].filter((entity) => !after.has(keyOf(entity))),
    both: to.flatMap((entity) => {
      const one = before.get(keyOf(entity));
      return one === undefined ? [] : [{ before: one, after: entity }];
    }),
  };
}

export function keyOf({ entityType, schema, table, name }: Entity): string {
  return JSON.stringify([entityType, schema, table, name]);
}

/** What the kit calls the things that have no data of their own. */
const kinds: Readonly<Record<string, string>> = {
  indexes: 'index',
  uniques: 'unique',
  pks: 'primary_key',
  fks: 'foreign key',
  checks: 'check',
  policies: 'policy',
};

/** The renames that are known, and those of constraints and indexes that differ in nothing but their name. */
export function renameHints({ created, gone }: Comparison, { pairs }: Names): readonly Hint[] {
  const hints = declared(pairs);
  const left = new Set(gone);
  for (const to of created) {
    const kind = kinds[to.entityType];
    if (kind === undefined) continue;
    const from = [...left].find((one) => sameButName(one, to));
    if (from === undefined) continue;
    left.delete(from);
    hints.push({ type: 'rename', kind, from: idOf(from), to: idOf(to) });
  }
  return hints;
}

function declared({ schemas, tables, enums, columns }: RenamePairs): Hint[] {
  const rename = (kind: string, from: readonly string[], to: readonly string[]): Hint => ({
    type: 'rename',
    kind,
    from,
    to,
  });
  const schemaThere = new Map(schemas);
  // The kit goes from the outside in: schemas are renamed when it asks for tables, tables when it asks for columns.
  const there = (schema: string): string => schemaThere.get(schema) ?? schema;
  return [
    ...schemas.map(([from, to]) => rename('schema', [from], [to])),
    ...enums.map(([from, to]) =>
      rename('enum', [there(from.schema), from.name], [to.schema, to.name]),
    ),
    ...tables.map(([from, to]) =>
      rename('table', [there(from.schema), from.name], [to.schema, to.name]),
    ),
    ...columns.map(([from, { table, name }]) =>
      rename('column', [table.schema, table.name, from.name], [table.schema, table.name, name]),
    ),
  ];
}

function idOf({ schema = '', table = '', name }: Entity): readonly string[] {
  return [schema, table, name];
}

function sameButName(one: Entity, other: Entity): boolean {
  return JSON.stringify(sorted(one)) === JSON.stringify(sorted(other));
}

function sorted(entity: Entity): readonly unknown[] {
  return Object.entries({ ...entity, name: '' }).toSorted(([a], [b]) => (a < b ? -1 : 1));
}
