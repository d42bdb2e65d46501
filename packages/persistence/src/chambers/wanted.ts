// From what parts expect to what each relation of the catalog should be. Later expectations win over earlier ones, and what names a
// table wins over what names a whole schema.
import type { ChamberFacts, ChamberName, Expectation, Privilege } from './contract.ts';
import { chamberExpectations, chamberPrivileges } from './foundation.ts';
import type { Relation } from './read-catalog.ts';

export interface Expected {
  /** 'queue', or 'chamber queue' where no part says it. */
  readonly by: string;
  readonly expectation: Expectation;
}

/** Those of the chambers first, whole schemas before tables. */
export function inOrder(expected: readonly Expected[]): readonly Expected[] {
  const all = [
    ...chamberExpectations.map((expectation) => ({
      by: `chamber ${schemaOf(expectation.table)}`,
      expectation,
    })),
    ...expected,
  ];
  const whole = all.filter(({ expectation }) => expectation.table.endsWith('.*'));
  return [...whole, ...all.filter((one) => !whole.includes(one))];
}

export function schemaOf(table: string): string {
  return table.slice(0, table.indexOf('.'));
}

/** Whether an expectation speaks of this relation: by its name, by a partitioned table above it, or by its schema. */
export function speaksOf(table: string, relation: Relation): boolean {
  return (
    table === relation.name || table === `${relation.schema}.*` || relation.above.includes(table)
  );
}

export interface WantedGrants {
  readonly by: string;
  readonly privileges: readonly Privilege[];
  /** More than this is wrong. A table of which no part speaks, outside of verbatim, may have had more granted by its owner. */
  readonly exactly: boolean;
}

export function grantsOf(relation: Relation, expected: readonly Expected[]): WantedGrants {
  const last = expected.findLast(
    ({ expectation }) => expectation.kind === 'grants' && speaksOf(expectation.table, relation),
  );
  if (last?.expectation.kind === 'grants')
    return { by: last.by, privileges: last.expectation.privileges, exactly: true };
  const chamber = relation.schema as ChamberName;
  return {
    by: `chamber ${chamber}`,
    privileges: chamberPrivileges[chamber],
    exactly: chamber === 'verbatim',
  };
}

export interface WantedParameter {
  readonly by: string;
  readonly name: string;
  readonly value: string;
}

/** Partitioned tables have none of their own: their leaves have. */
export function parametersOf(
  relation: Relation,
  expected: readonly Expected[],
): readonly WantedParameter[] {
  if (relation.kind !== 'r') return [];
  const wanted = new Map<string, WantedParameter>();
  for (const { by, expectation } of expected) {
    if (expectation.kind !== 'parameters' || !speaksOf(expectation.table, relation)) continue;
    for (const [name, value] of Object.entries(expectation.parameters)) {
      if (name.startsWith('toast.') && !relation.hasToast) continue;
      wanted.set(name, { by, name, value: String(value) });
    }
  }
  return [...wanted.values()];
}

export interface WantedStorage {
  readonly by: string;
  readonly column: string;
  readonly storage: 'p' | 'e' | 'm' | 'x';
  /** undefined: whatever it is. '': the server's own choice, which is none that it lacks. */
  readonly compression: 'l' | '' | undefined;
}

const letters = { plain: 'p', external: 'e', main: 'm', extended: 'x' } as const;

export function storageOf(
  relation: Relation,
  expected: readonly Expected[],
  facts: ChamberFacts,
): readonly WantedStorage[] {
  if (relation.kind !== 'r' && relation.kind !== 'p') return [];
  const wanted = new Map<string, WantedStorage>();
  for (const { by, expectation } of expected) {
    if (expectation.kind !== 'storage' || !speaksOf(expectation.table, relation)) continue;
    const { column, storage } = expectation;
    if (!relation.columns.some(({ name }) => name === column)) continue;
    // lz4 costs the least to write; without it, a large document is not compressed at all, so that a part of it can be read.
    const how: Pick<WantedStorage, 'storage' | 'compression'> =
      storage !== 'document'
        ? { storage: letters[storage], compression: undefined }
        : facts.lz4
          ? { storage: 'x', compression: 'l' }
          : { storage: 'e', compression: '' };
    wanted.set(column, { by, column, ...how });
  }
  return [...wanted.values()];
}
