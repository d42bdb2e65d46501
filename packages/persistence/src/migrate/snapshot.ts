// The next snapshot: what the federation wants, spelled out, and what stays of extensions that are not here.
import { failure } from '@stillpoint/core';
import {
  coreOwner,
  refuseClosedSchemas,
  refuseCollisions,
  schemaClaims,
  type Claim,
} from '../registry/index.ts';
import type { Entity, FederationSnapshot, Kept, PlanOptions } from './contract.ts';
import { entitiesVersion, type OwnedEntity } from './kit/protocol.ts';
import type { ForeignKey, Names } from './names.ts';

export const emptySnapshot: FederationSnapshot = {
  format: 1,
  version: entitiesVersion,
  entities: [],
  owners: {},
};

/** The last migration's, or nothing. Rejects what this code cannot read with MIGRATION_SNAPSHOT_UNKNOWN. */
export function readable(previous: FederationSnapshot | undefined): FederationSnapshot {
  if (previous === undefined) return emptySnapshot;
  const { format, version, entities, owners } = previous;
  const reason =
    format !== 1 || version !== entitiesVersion
      ? `it has the format ${format}, version ${version}`
      : Array.isArray(entities) && typeof owners === 'object'
        ? undefined
        : 'it has no list of entities';
  if (reason !== undefined) throw failure('MIGRATION_SNAPSHOT_UNKNOWN', { reason });
  return previous;
}

/** `table public.notes`, `enum public.mood`, `schema notes`: what the owners are kept by. */
export function ownedKey({ entityType, schema, table, name }: Entity): string {
  if (entityType === 'schemas') return `schema ${name}`;
  if (entityType === 'enums') return `enum ${schema}.${name}`;
  return `table ${schema}.${table ?? name}`;
}

/** What the federation wants, before anything that stays is added. Rejects names that are wanted twice. */
export function wantedSnapshot(described: readonly OwnedEntity[]): FederationSnapshot {
  const own = described.filter(({ entity }) => entity.entityType !== 'schemas');
  const claims = own.map(claimOf).filter(({ entityType }) => isPlace(entityType));
  refuseClosedSchemas(claims);
  const schemas = schemaClaims(claims).map(({ owner, entityType, name }) => ({
    owner,
    entity: { entityType, name },
  }));
  const all = [...schemas, ...own];
  refuseCollisions(all.map(claimOf));
  return snapshotOf(all);
}

/** Of these a schema is made of; everything else is part of a table. */
function isPlace(entityType: string): boolean {
  return entityType === 'tables' || entityType === 'enums';
}

function claimOf({ owner, entity }: OwnedEntity): Claim {
  return { ...entity, owner };
}

function snapshotOf(all: readonly OwnedEntity[]): FederationSnapshot {
  const owners: Record<string, string> = {};
  for (const { owner, entity } of all) owners[ownedKey(entity)] = owner;
  // The order of the federation otherwise: columns as their model lists them.
  const entities = all
    .map(({ entity }) => explicit(entity))
    .toSorted((a, b) => rankOf(a) - rankOf(b));
  return { format: 1, version: entitiesVersion, entities, owners };
}

function rankOf({ entityType }: Entity): number {
  return entityType === 'schemas' ? 0 : entityType === 'enums' ? 1 : 2;
}

/**
 * With its name as its own. The kit leaves a name that it made itself as it was when a table is renamed, and says so nowhere: the
 * next difference would speak of constraints that are not there.
 */
function explicit(entity: Entity): Entity {
  const named = 'nameExplicit' in entity ? { ...entity, nameExplicit: true } : entity;
  // A migration is one transaction, and that is not possible there.
  return 'concurrently' in named ? { ...named, concurrently: false } : named;
}

export interface Merged {
  readonly next: FederationSnapshot;
  readonly kept: readonly Kept[];
}

/** Adds what stays: everything whose owner is not here and was not named to be dropped. */
export function mergeKept(
  previous: FederationSnapshot,
  wanted: FederationSnapshot,
  options: PlanOptions,
  names: Names,
): Merged {
  const here = new Set(options.federation.extensions.map(({ name }) => name));
  const dropped = droppedOwners(previous, options, here);
  const ownerOf = (entity: Entity): string => previous.owners[ownedKey(entity)] ?? coreOwner;
  const staying = previous.entities.filter(
    (entity) =>
      !here.has(ownerOf(entity)) &&
      !dropped.has(ownerOf(entity)) &&
      // Another extension has taken it over: that is a loss of its own, to be accepted by name.
      wanted.owners[ownedKey(entity)] === undefined,
  );
  const moved = staying.map((entity) => ({
    owner: ownerOf(entity),
    entity: names.forward(entity),
  }));
  const all = [
    ...wanted.entities.map((entity) => ({
      owner: wanted.owners[ownedKey(entity)] ?? coreOwner,
      entity,
    })),
    ...moved,
  ];
  refuseCollisions(all.map(claimOf));
  refuseDangling(
    moved,
    previous.entities.map((entity) => names.forward(entity)),
    all.map(({ entity }) => entity),
  );
  const kept = staying
    .filter(({ entityType }) => ['schemas', 'enums', 'tables'].includes(entityType))
    .map((entity) => ({ entity: ownedKey(entity), owner: ownerOf(entity) }));
  return { next: snapshotOf(all), kept };
}

/** The owners whose tables go, as they were named. */
export function droppedOwners(
  previous: FederationSnapshot,
  { uninstalled = 'keep' }: PlanOptions,
  here: ReadonlySet<string>,
): ReadonlySet<string> {
  if (uninstalled === 'keep') return new Set();
  const owners = new Set(Object.values(previous.owners));
  for (const name of uninstalled.drop) {
    const reason = here.has(name)
      ? 'the extension is installed'
      : owners.has(name)
        ? undefined
        : 'no table belongs to it';
    if (reason !== undefined) throw failure('MIGRATION_UNINSTALLED_UNKNOWN', { name, reason });
  }
  return new Set(uninstalled.drop);
}

/** What stays may refer to what is going: Postgres would refuse, in the middle. What is not ours to begin with is not asked for. */
function refuseDangling(
  kept: readonly OwnedEntity[],
  before: readonly Entity[],
  after: readonly Entity[],
): void {
  const [was, is] = [referable(before), referable(after)];
  for (const { owner, entity } of kept) {
    const gone = referencesOf(entity).find((one) => was.has(one) && !is.has(one));
    if (gone !== undefined)
      throw failure('MIGRATION_KEPT_IN_THE_WAY', {
        kept: `${entity.schema}.${entity.table}.${entity.name}`,
        owner,
        gone,
      });
  }
}

/** `column public.notes.id`, `enum public.mood` */
function referable(entities: readonly Entity[]): ReadonlySet<string> {
  return new Set(
    entities.flatMap(({ entityType, schema, table, name }) => {
      if (entityType === 'columns') return [`column ${schema}.${table}.${name}`];
      return entityType === 'enums' ? [`enum ${schema}.${name}`] : [];
    }),
  );
}

function referencesOf(entity: Entity): readonly string[] {
  if (entity.entityType === 'fks') {
    const { schemaTo, tableTo, columnsTo } = entity as unknown as ForeignKey;
    return columnsTo.map((column) => `column ${schemaTo}.${tableTo}.${column}`);
  }
  return entity.entityType === 'columns'
    ? [`enum ${String(entity['typeSchema'])}.${String(entity['type'])}`]
    : [];
}
