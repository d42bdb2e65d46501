// Something new where something else is gone: renamed, or not? The answer is a line of `renames` or an accepted loss, never a guess.
import { failure } from '@stillpoint/core';
import { coreOwner } from '../registry/index.ts';
import type { Comparison } from './compare.ts';
import type { Entity, FederationSnapshot, Loss } from './contract.ts';
import { nameOf } from './losses.ts';
import { ownedKey } from './snapshot.ts';

/** Rejects the first open question with MIGRATION_RENAME_OR_DROP. Only what has one owner can have been renamed. */
export function refuseQuestions(
  { created, gone }: Comparison,
  before: FederationSnapshot,
  after: FederationSnapshot,
  losses: readonly Loss[],
): void {
  const accepted = new Set(losses.filter((loss) => loss.accepted).map(({ name }) => name));
  const open = gone.filter((entity) => isAsked(entity) && !accepted.has(`drop ${nameOf(entity)}`));
  const goneTables = new Set(
    gone.filter(({ entityType }) => entityType === 'tables').map(ownedKey),
  );
  for (const entity of created.filter(isAsked)) {
    const owner = after.owners[ownedKey(entity)] ?? coreOwner;
    const candidate = open.find((one) =>
      entity.entityType === 'columns'
        ? one.entityType === 'columns' &&
          ownedKey(one) === ownedKey(entity) &&
          !goneTables.has(ownedKey(one))
        : one.entityType === 'tables' && before.owners[ownedKey(one)] === owner,
    );
    if (candidate !== undefined) throw question(entity, candidate, owner);
  }
}

function isAsked({ entityType }: Entity): boolean {
  return entityType === 'tables' || entityType === 'columns';
}

function question(entity: Entity, gone: Entity, owner: string): Error {
  const column = entity.entityType === 'columns';
  const line = column
    ? `{ kind: 'column', table: '${entity.schema}.${entity.table}', from: '${gone.name}', to: '${entity.name}' }`
    : `{ kind: 'table', from: '${nameOf(gone)}', to: '${nameOf(entity)}' }`;
  return failure('MIGRATION_RENAME_OR_DROP', {
    what: `${column ? 'The column' : 'The table'} ${nameOf(entity)}`,
    owner,
    gone: nameOf(gone),
    line,
    accept: `drop ${nameOf(gone)}`,
  });
}
