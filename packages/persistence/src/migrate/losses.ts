// What a migration may cost: the guard over two snapshots. The kit asks none of this when it compares them.
import { coreOwner } from '../registry/index.ts';
import type { Comparison } from './compare.ts';
import type { Entity, FederationSnapshot, Loss, LossKind } from './contract.ts';
import { ownedKey } from './snapshot.ts';

interface Found {
  readonly kind: LossKind;
  /** `public.notes.title`: with the kind it is the loss's name. */
  readonly of: string;
  readonly owner: string;
  readonly what: string;
}

/** In the order of names. `from` and `to` give the owners; `accepted` says whether a loss was said yes to. */
export function findLosses(
  comparison: Comparison,
  from: FederationSnapshot,
  to: FederationSnapshot,
  accepted: (name: string, owner: string) => boolean,
): readonly Loss[] {
  const ownerOf = (entity: Entity): string =>
    to.owners[ownedKey(entity)] ?? from.owners[ownedKey(entity)] ?? coreOwner;
  const found = [
    ...dropped(comparison, ownerOf),
    ...comparison.both.flatMap(({ before, after }) => altered(before, after, ownerOf(after))),
    ...added(comparison, ownerOf),
    ...passedOn(comparison, from, to),
  ];
  return found
    .map(({ kind, of, owner, what }) => {
      const name = `${kind} ${of}`;
      return { name, kind, owner, what, accepted: accepted(name, owner) };
    })
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function dropped({ gone }: Comparison, ownerOf: (entity: Entity) => string): readonly Found[] {
  const tables = new Set(gone.filter((one) => one.entityType === 'tables').map(ownedKey));
  return gone.flatMap((entity): readonly Found[] => {
    const owner = ownerOf(entity);
    const of = nameOf(entity);
    if (entity.entityType === 'tables')
      return [{ kind: 'drop', of, owner, what: `The table ${of} and all its rows are dropped.` }];
    if (entity.entityType !== 'columns' || tables.has(ownedKey(entity))) return [];
    return [{ kind: 'drop', of, owner, what: `The column ${of} and all its values are dropped.` }];
  });
}

interface ColumnEntity {
  readonly type: string;
  readonly typeSchema: string | null;
  readonly dimensions: number;
  readonly notNull: boolean;
  readonly default: string | null;
  readonly generated: { readonly as: string } | null;
  readonly identity: object | null;
}

export function columnOf(entity: Entity): ColumnEntity {
  return entity as unknown as ColumnEntity;
}

function altered(before: Entity, after: Entity, owner: string): readonly Found[] {
  const of = nameOf(after);
  if (after.entityType === 'enums') return narrowed(before, after, owner);
  if (after.entityType !== 'columns') return [];
  const [was, is] = [columnOf(before), columnOf(after)];
  const found: Found[] = [];
  if (changesType(was, is))
    found.push({
      kind: 'type',
      of,
      owner,
      what: `The values of ${of} are cast from ${typeText(was)} to ${typeText(is)}.`,
    });
  if (is.generated !== null && was.generated?.as !== is.generated.as)
    found.push({
      kind: 'drop',
      of,
      owner,
      what: `The values of ${of} are replaced by computed ones.`,
    });
  if (is.notNull && !was.notNull)
    found.push({
      kind: 'not-null',
      of,
      owner,
      what: `${of} becomes NOT NULL, which fails where a row has no value.`,
    });
  return found;
}

export function changesType(was: ColumnEntity, is: ColumnEntity): boolean {
  return (
    was.type !== is.type || was.typeSchema !== is.typeSchema || was.dimensions !== is.dimensions
  );
}

function typeText({ type, dimensions }: ColumnEntity): string {
  return type + '[]'.repeat(dimensions);
}

/** Values may be added anywhere; one that is missing or moved makes the type anew. */
function narrowed(before: Entity, after: Entity, owner: string): readonly Found[] {
  const was = before['values'] as readonly string[];
  const is = after['values'] as readonly string[];
  if (JSON.stringify(is.filter((value) => was.includes(value))) === JSON.stringify(was)) return [];
  const of = nameOf(after);
  const gone = was.filter((value) => !is.includes(value));
  const what =
    gone.length === 0
      ? `The order of the values of ${of} changes.`
      : `${of} loses ${gone.join(', ')}, which fails where a row has one of them.`;
  return [{ kind: 'enum', of, owner, what }];
}

/** A column that is added to a table with rows, and has nothing to put there. */
function added(
  { created, both }: Comparison,
  ownerOf: (entity: Entity) => string,
): readonly Found[] {
  const old = new Set(
    both.filter(({ after }) => after.entityType === 'tables').map(({ after }) => ownedKey(after)),
  );
  return created.flatMap((entity): readonly Found[] => {
    if (entity.entityType !== 'columns' || !old.has(ownedKey(entity))) return [];
    const { notNull, default: value, generated, identity, type } = columnOf(entity);
    const filled =
      value !== null || generated !== null || identity !== null || type.endsWith('serial');
    if (!notNull || filled) return [];
    const of = nameOf(entity);
    const what = `The new column ${of} is NOT NULL without a default, which fails where the table has rows.`;
    return [{ kind: 'not-null', of, owner: ownerOf(entity), what }];
  });
}

function passedOn(
  { both }: Comparison,
  from: FederationSnapshot,
  to: FederationSnapshot,
): readonly Found[] {
  return both.flatMap(({ after }): readonly Found[] => {
    if (!['tables', 'enums', 'schemas'].includes(after.entityType)) return [];
    const [was, owner] = [from.owners[ownedKey(after)], to.owners[ownedKey(after)]];
    if (was === undefined || owner === undefined || was === owner) return [];
    const of = nameOf(after);
    return [
      { kind: 'owner', of, owner, what: `${of} of ${was} passes to ${owner}, with what is in it.` },
    ];
  });
}

export function nameOf({ schema, table, name }: Entity): string {
  return [schema, table, name].filter((part) => part !== undefined).join('.');
}
