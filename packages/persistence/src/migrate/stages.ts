// Some changes Postgres does not take in one go, and the kit writes them in one. Between them a schema is put in which the things
// that are in the way are not there.
import { compare } from './compare.ts';
import type { Entity } from './contract.ts';
import { changesType, columnOf } from './losses.ts';
import type { Names } from './names.ts';

/** The schema to go by, in the names of `from`; undefined: straight on. */
export function stopover(
  from: readonly Entity[],
  to: readonly Entity[],
  names: Names,
): readonly Entity[] | undefined {
  const { both, gone, created } = compare(from, to, names);
  const targets = new Map(both.map(({ before, after }) => [before, after]));
  const remade = remadeEnums(both, to, [...gone, ...created]);
  let changed = false;
  const between = from.flatMap((entity): readonly Entity[] => {
    const moved = names.forward(entity);
    if (entity.entityType === 'enums' && remade.has(`${moved.schema}.${moved.name}`)) {
      changed = true;
      return [];
    }
    if (entity.entityType !== 'columns') return [entity];
    const next = stopoverColumn(entity, columnTarget(moved, targets), remade, moved);
    changed ||= next !== entity;
    return [next];
  });
  return changed ? between : undefined;
}

function columnTarget(moved: Entity, targets: ReadonlyMap<Entity, Entity>): Entity | undefined {
  for (const [before, after] of targets)
    if (
      before.entityType === 'columns' &&
      before.schema === moved.schema &&
      before.table === moved.table &&
      before.name === moved.name
    )
      return after;
  return undefined;
}

function stopoverColumn(
  entity: Entity,
  after: Entity | undefined,
  remade: ReadonlySet<string>,
  moved: Entity,
): Entity {
  const { typeSchema, type } = columnOf(moved);
  // As text the values wait until the type is there again.
  if (typeSchema !== null && remade.has(`${typeSchema}.${type}`))
    return { ...entity, type: 'text', typeSchema: null, default: null };
  // A default of the old type may not fit the new one, and is in the way of the cast.
  if (after === undefined || columnOf(entity).default === null) return entity;
  return changesType(columnOf(moved), columnOf(after)) ? { ...entity, default: null } : entity;
}

/**
 * Enums whose new values are used at once: a value that was added cannot be used in the same transaction, one of a new type can. And
 * those that lose a value while a column of theirs comes or goes: the kit would drop the type while that column has it.
 */
function remadeEnums(
  both: readonly { readonly before: Entity; readonly after: Entity }[],
  to: readonly Entity[],
  comingAndGoing: readonly Entity[],
): ReadonlySet<string> {
  const remade = new Set<string>();
  for (const { before, after } of both) {
    if (after.entityType !== 'enums') continue;
    const was = before['values'] as readonly string[];
    const is = after['values'] as readonly string[];
    const added = is.filter((value) => !was.includes(value));
    const loses = JSON.stringify(is.filter((value) => was.includes(value))) !== JSON.stringify(was);
    const inTheWay = loses && comingAndGoing.some((entity) => isOf(entity, after));
    if (inTheWay || added.some((value) => isUsed(value, to)))
      remade.add(`${after.schema}.${after.name}`);
  }
  return remade;
}

function isOf(entity: Entity, { schema, name }: Entity): boolean {
  if (entity.entityType !== 'columns') return false;
  const { typeSchema, type } = columnOf(entity);
  return typeSchema === schema && type === name;
}

/** By anything that the server evaluates while it migrates. */
function isUsed(value: string, to: readonly Entity[]): boolean {
  const quoted = `'${value.replaceAll("'", "''")}'`;
  return to.some((entity) =>
    [entity['default'], entity['value'], entity['where']].some(
      (text) => typeof text === 'string' && text.includes(quoted),
    ),
  );
}
