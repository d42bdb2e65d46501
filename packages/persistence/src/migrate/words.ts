// What a migration is called in the name of its file.
import type { Comparison } from './compare.ts';
import type { Entity } from './contract.ts';

const longestName = 48;

/** `add_notes`, `drop_notes`, `alter_notes`, `alter_3_tables`: by what it does to tables. */
export function wordsFor({ created, gone, both }: Comparison): string {
  const changed = [
    ...created,
    ...gone,
    ...both.flatMap(({ before, after }) => (differs(before, after) ? [after] : [])),
  ];
  const added = tablesOf(created);
  const lost = tablesOf(gone);
  const touched = new Set(
    changed.flatMap(
      ({ table, entityType, name }) => table ?? (entityType === 'tables' ? [name] : []),
    ),
  );
  const verb = verbFor(added.length, lost.length, touched.size);
  const [only] = touched;
  const object = touched.size === 1 && only !== undefined ? only : `${touched.size}_tables`;
  const words = touched.size === 0 ? 'alter_types' : `${verb}_${object}`;
  return words
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '_')
    .slice(0, longestName)
    .replaceAll(/^_+|_+$/g, '');
}

function verbFor(added: number, lost: number, touched: number): string {
  if (added === touched) return 'add';
  return lost === touched ? 'drop' : 'alter';
}

function tablesOf(entities: readonly Entity[]): readonly Entity[] {
  return entities.filter(({ entityType }) => entityType === 'tables');
}

function differs(before: Entity, after: Entity): boolean {
  return JSON.stringify(before) !== JSON.stringify(after);
}
