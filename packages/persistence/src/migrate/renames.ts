// Which renames of the extensions' logs this migration has to do: what is in the last snapshot is led through its owner's log, and is
// renamed if it comes out at a name that is new. An entry that was done before leads nowhere new and is passed over.
import { failure } from '@stillpoint/core';
import { coreOwner, type Federation, type Rename } from '../registry/index.ts';
import type { Entity, FederationSnapshot } from './contract.ts';
import { columnKey, makeNames, placeKey, type Column, type Names, type Place } from './names.ts';
import { ownedKey } from './snapshot.ts';

type Log = readonly Rename[];

/** Rejects with MIGRATION_RENAME_INVALID and MIGRATION_RENAME_FOREIGN. An exchange of two names takes two migrations. */
export function resolveRenames(
  previous: FederationSnapshot,
  wanted: FederationSnapshot,
  { extensions }: Federation,
): Names {
  refuseForeign(previous, wanted, extensions);
  const logs = new Map(extensions.map(({ name, renames }) => [name, renames]));
  const before = namesIn(previous.entities);
  const after = namesIn(wanted.entities);
  const ownerOf = (entity: Entity): string => previous.owners[ownedKey(entity)] ?? coreOwner;
  const placed = (entityType: 'schemas' | 'tables' | 'enums'): [string, string][] =>
    previous.entities
      .filter((entity) => entity.entityType === entityType)
      .flatMap((entity): [string, string][] => {
        const owner = ownerOf(entity);
        const from =
          entityType === 'schemas' ? entity.name : `${entity.schema ?? ''}.${entity.name}`;
        const to = throughLog(logs.get(owner) ?? [], from, before[entityType], steps[entityType]);
        const isNew = after[entityType].has(to) && !before[entityType].has(to);
        if (!isNew) return [];
        refuseStillThere(owner, from, to, after[entityType]);
        return [[from, to]];
      });
  const places = (kind: 'tables' | 'enums'): [Place, Place][] =>
    placed(kind).map(([from, to]) => [placeOf(from), placeOf(to)]);
  const tables = places('tables');
  const enums = places('enums');
  const tableThere = new Map(tables.map(([from, to]) => [placeKey(from), to]));

  const columns = previous.entities
    .filter(({ entityType }) => entityType === 'columns')
    .flatMap((entity): [Column, Column][] => {
      const owner = ownerOf(entity);
      const was = { schema: entity.schema ?? '', name: entity.table ?? '' };
      const table = tableThere.get(placeKey(was)) ?? was;
      const from = { table: was, name: entity.name };
      const to = { table, name: columnThrough(logs.get(owner) ?? [], from, before) };
      // A column that the table had before keeps its values to itself.
      const isNew =
        after.columns.has(columnKey(to)) &&
        !before.columns.has(columnKey({ table: was, name: to.name }));
      if (!isNew) return [];
      refuseStillThere(owner, columnKey({ table, name: from.name }), columnKey(to), after.columns);
      return [[from, to]];
    });
  refuseTwoIntoOne(
    [...tables, ...enums].map(([from, to]) => [placeKey(from), placeKey(to)]),
    previous,
  );
  refuseTwoIntoOne(
    columns.map(([from, to]) => [columnKey(from), columnKey(to)]),
    previous,
  );
  return makeNames({ schemas: placed('schemas'), tables, enums, columns });
}

/** Renamed, and something new under the old name: whose the rows are would be a guess. */
function refuseStillThere(
  owner: string,
  from: string,
  to: string,
  after: ReadonlySet<string>,
): void {
  if (after.has(from))
    throw failure('MIGRATION_RENAME_INVALID', {
      owner,
      reason: `${from} would become ${to}, and both are in the models`,
    });
}

interface NameSets {
  readonly schemas: Set<string>;
  readonly tables: Set<string>;
  readonly enums: Set<string>;
  readonly columns: Set<string>;
}

function namesIn(entities: readonly Entity[]): NameSets {
  const sets: NameSets = {
    schemas: new Set(),
    tables: new Set(),
    enums: new Set(),
    columns: new Set(),
  };
  for (const { entityType, schema, table, name } of entities)
    if (entityType === 'schemas') sets.schemas.add(name);
    else if (entityType === 'columns') sets.columns.add(`${schema}.${table}.${name}`);
    else if (entityType === 'tables' || entityType === 'enums')
      sets[entityType].add(`${schema}.${name}`);
  return sets;
}

/** Where one entry leads from a name; undefined: it is not about it. */
type Step = (rename: Rename, name: string) => string | undefined;

const schemaStep: Step = (rename, name) =>
  rename.kind === 'schema' && rename.from === name ? rename.to : undefined;

function placedStep(kind: 'table' | 'enum'): Step {
  return (rename, name) => {
    if (rename.kind === kind && qualified(rename.from) === name) return qualified(rename.to);
    const { schema, name: bare } = placeOf(name);
    return rename.kind === 'schema' && rename.from === schema ? `${rename.to}.${bare}` : undefined;
  };
}
const tableStep = placedStep('table');
const steps = { schemas: schemaStep, tables: tableStep, enums: placedStep('enum') } as const;

function throughLog(log: Log, start: string, before: ReadonlySet<string>, step: Step): string {
  let name = start;
  for (const rename of log) {
    const to = step(rename, name);
    // Done before: what it led to was there already.
    if (to !== undefined && (to === start || !before.has(to))) name = to;
  }
  return name;
}

/** A column's entries speak of its table by the name that was right then: both are led through the log together. */
function columnThrough(log: Log, from: Column, before: NameSets): string {
  let [table, name] = [placeKey(from.table), from.name];
  for (const rename of log) {
    if (rename.kind === 'column') {
      if (qualified(rename.table) !== table || rename.from !== name) continue;
      const there = columnKey({ table: from.table, name: rename.to });
      if (rename.to === from.name || !before.columns.has(there)) name = rename.to;
      continue;
    }
    const to = tableStep(rename, table);
    if (to !== undefined && !before.tables.has(to)) table = to;
  }
  return name;
}

export function qualified(name: string): string {
  return name.includes('.') ? name : `public.${name}`;
}

function placeOf(key: string): Place {
  const [schema = '', name = ''] = key.split('.');
  return { schema, name };
}

function refuseForeign(
  previous: FederationSnapshot,
  wanted: FederationSnapshot,
  extensions: Federation['extensions'],
): void {
  for (const { name: owner, renames } of extensions)
    for (const rename of renames) {
      if (rename.kind === 'column') continue;
      const from = rename.kind === 'schema' ? rename.from : qualified(rename.from);
      const to = rename.kind === 'schema' ? rename.to : qualified(rename.to);
      const other = previous.owners[`${rename.kind} ${from}`];
      const renamed = wanted.owners[`${rename.kind} ${from}`] === undefined;
      if (other !== undefined && other !== owner && renamed)
        throw failure('MIGRATION_RENAME_FOREIGN', { owner, from: `${rename.kind} ${from}`, other });
      const mine = wanted.owners[`${rename.kind} ${to}`];
      if (other === owner && renamed && mine !== undefined && mine !== owner)
        throw failure('MIGRATION_RENAME_INVALID', {
          owner,
          reason: `${from} would become ${to}, which belongs to ${mine}`,
        });
    }
}

function refuseTwoIntoOne(
  pairs: readonly (readonly [string, string])[],
  previous: FederationSnapshot,
): void {
  const sources = new Map<string, string>();
  for (const [from, to] of pairs) {
    const other = sources.get(to);
    if (other !== undefined) {
      const table = from.split('.').slice(0, 2).join('.');
      const owner =
        previous.owners[`table ${table}`] ?? previous.owners[`enum ${table}`] ?? coreOwner;
      throw failure('MIGRATION_RENAME_INVALID', {
        owner,
        reason: `${other} and ${from} would both become ${to}`,
      });
    }
    sources.set(to, from);
  }
}
