// What things were called before and are called after: renames found in the extensions' logs, as a mapping that can be turned round.
import type { Entity } from './contract.ts';

export interface Place {
  readonly schema: string;
  readonly name: string;
}

/** Renames between two snapshots. A table or enum that moves because its schema is renamed has a pair of its own. */
export interface RenamePairs {
  readonly schemas: readonly (readonly [string, string])[];
  readonly tables: readonly (readonly [Place, Place])[];
  readonly enums: readonly (readonly [Place, Place])[];
  /** Each column with its table, before and after. */
  readonly columns: readonly (readonly [Column, Column])[];
}

export interface Column {
  readonly table: Place;
  readonly name: string;
}

export interface Names {
  readonly pairs: RenamePairs;
  /** The entity as it is called afterwards; its definition stays. */
  forward(entity: Entity): Entity;
  inverse(): Names;
}

export function makeNames(pairs: RenamePairs): Names {
  const schemas = new Map(pairs.schemas);
  const tables = new Map(pairs.tables.map(([from, to]) => [placeKey(from), to]));
  const enums = new Map(pairs.enums.map(([from, to]) => [placeKey(from), to]));
  const columns = new Map(pairs.columns.map(([from, to]) => [columnKey(from), to.name]));
  const tableAt = (place: Place): Place => tables.get(placeKey(place)) ?? place;
  const columnAt = (table: Place, name: string): string =>
    columns.get(columnKey({ table, name })) ?? name;

  return {
    pairs,
    forward: (entity) => {
      const { entityType, name, schema = '' } = entity;
      if (entityType === 'schemas') return { ...entity, name: schemas.get(name) ?? name };
      if (entityType === 'tables') return { ...entity, ...tableAt({ schema, name }) };
      if (entityType === 'enums') return { ...entity, ...enums.get(placeKey({ schema, name })) };
      const table = { schema, name: entity.table ?? '' };
      const there = tableAt(table);
      const moved = { ...entity, schema: there.schema, table: there.name };
      if (entityType === 'columns')
        return { ...moved, ...typeOf(entity, enums), name: columnAt(table, name) };
      return {
        ...moved,
        ...columnsOf(entity, table, columnAt),
        ...targetOf(entity, tableAt, columnAt),
      };
    },
    inverse: () =>
      makeNames({
        schemas: pairs.schemas.map(swap),
        tables: pairs.tables.map(swap),
        enums: pairs.enums.map(swap),
        columns: pairs.columns.map(swap),
      }),
  };
}

function swap<A, B>([a, b]: readonly [A, B]): readonly [B, A] {
  return [b, a];
}

function typeOf(entity: Entity, enums: ReadonlyMap<string, Place>): object {
  const { type, typeSchema } = entity as { readonly type?: string; readonly typeSchema?: string };
  if (typeof typeSchema !== 'string' || type === undefined) return {};
  const place = enums.get(placeKey({ schema: typeSchema, name: type }));
  return place === undefined ? {} : { type: place.name, typeSchema: place.schema };
}

type ColumnAt = (table: Place, name: string) => string;

interface IndexColumn {
  readonly value: string;
  readonly isExpression: boolean;
}

/** Of a constraint the names, of an index what is no expression. */
function columnsOf(entity: Entity, table: Place, columnAt: ColumnAt): object {
  const { columns } = entity as { readonly columns?: readonly (string | IndexColumn)[] };
  if (columns === undefined) return {};
  return {
    columns: columns.map((column) => {
      if (typeof column === 'string') return columnAt(table, column);
      return column.isExpression ? column : { ...column, value: columnAt(table, column.value) };
    }),
  };
}

function targetOf(entity: Entity, tableAt: (place: Place) => Place, columnAt: ColumnAt): object {
  if (entity.entityType !== 'fks') return {};
  const { schemaTo, tableTo, columnsTo } = entity as unknown as ForeignKey;
  const target = { schema: schemaTo, name: tableTo };
  const there = tableAt(target);
  return {
    schemaTo: there.schema,
    tableTo: there.name,
    columnsTo: columnsTo.map((name) => columnAt(target, name)),
  };
}

export interface ForeignKey {
  readonly schemaTo: string;
  readonly tableTo: string;
  readonly columnsTo: readonly string[];
}

export function placeKey({ schema, name }: Place): string {
  return `${schema}.${name}`;
}

export function columnKey({ table, name }: Column): string {
  return `${placeKey(table)}.${name}`;
}
