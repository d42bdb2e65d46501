// Whose a statement is, so that what the server says of it can name the extension.
import { coreOwner } from '../registry/index.ts';
import type { FederationSnapshot } from './contract.ts';
import { ownedKey } from './snapshot.ts';

/** By the first name in it that one of the snapshots knows: of a table, an enum, an index or a schema. Undefined: none does. */
export function ownerOfStatement(
  statement: string,
  snapshots: readonly (FederationSnapshot | undefined)[],
): string | undefined {
  for (const [, one = '', two] of statement.matchAll(/"([^"]+)"(?:\."([^"]+)")?/g))
    for (const snapshot of snapshots) {
      const owner =
        snapshot && ownerOf(snapshot, two === undefined ? 'public' : one, two ?? one, statement);
      if (owner !== undefined) return owner;
    }
  return undefined;
}

function ownerOf(
  { entities, owners }: FederationSnapshot,
  schema: string,
  name: string,
  statement: string,
): string | undefined {
  const kinds = / SCHEMA "/.test(statement) ? ['schemas'] : ['tables', 'enums', 'indexes'];
  const entity = entities.find(
    (one) =>
      kinds.includes(one.entityType) &&
      one.name === name &&
      (one.entityType === 'schemas' || one.schema === schema),
  );
  return entity === undefined ? undefined : (owners[ownedKey(entity)] ?? coreOwner);
}
