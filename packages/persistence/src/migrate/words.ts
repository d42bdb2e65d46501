// What a migration is called in the name of its file.
import { renameHints, type Comparison } from './compare.ts';
import type { Entity } from './contract.ts';
import type { Names, RenamePairs } from './names.ts';

const longestName = 48;

/**
 * `add_notes`, `drop_notes`, `alter_notes`, `alter_3_tables`: by what it does to tables. One that only renames says what:
 * `rename_notes_title_to_heading`, `rename_notes_to_entries`.
 */
export function wordsFor(comparison: Comparison, names: Names): string {
  const words = onlyRenames(comparison, names) ? wordsOfRenames(names.pairs) : wordsOf(comparison);
  return words
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '_')
    .slice(0, longestName)
    .replaceAll(/^_+|_+$/g, '');
}

function wordsOf({ created, gone, both }: Comparison): string {
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
  return touched.size === 0 ? 'alter_types' : `${verb}_${object}`;
}

/** Beside what was declared nothing but names of indexes and constraints, which follow. */
function onlyRenames(comparison: Comparison, names: Names): boolean {
  const { created, gone, both } = comparison;
  const { schemas, tables, enums, columns } = names.pairs;
  const declared = schemas.length + tables.length + enums.length + columns.length;
  const following = renameHints(comparison, names).length - declared;
  return (
    declared > 0 &&
    following === created.length &&
    following === gone.length &&
    !both.some(({ before, after }) => differs(before, after))
  );
}

function wordsOfRenames({ schemas, tables, enums, columns }: RenamePairs): string {
  const [schema] = schemas;
  // What is in it moves with it.
  if (schema !== undefined)
    return schemas.length === 1
      ? `rename_schema_${schema[0]}_to_${schema[1]}`
      : `rename_${schemas.length}_schemas`;
  const [table] = tables;
  const [column] = columns;
  const [type] = enums;
  if (tables.length + columns.length + enums.length === 1) {
    if (table !== undefined) return `rename_${table[0].name}_to_${table[1].name}`;
    if (type !== undefined) return `rename_type_${type[0].name}_to_${type[1].name}`;
    if (column !== undefined)
      return `rename_${column[1].table.name}_${column[0].name}_to_${column[1].name}`;
  }
  const touched = new Set([
    ...tables.map(([, { name }]) => name),
    ...columns.map(([, to]) => to.table.name),
  ]);
  const [only] = touched;
  if (only === undefined) return `rename_${enums.length}_types`;
  return touched.size === 1 ? `rename_in_${only}` : `rename_in_${touched.size}_tables`;
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
