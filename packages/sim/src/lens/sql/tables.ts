// Names and columns of the tables.
import type { LensField } from '../contract.ts';
import type { SqlRun } from './messages.ts';

export interface ColumnOfField {
  readonly name: string;
  readonly type: ColumnType;
}

type ColumnType = 'BIGINT' | 'INTEGER' | 'DOUBLE' | 'FLOAT';

/** As `lens query --csv` names them, time apart. */
export function columnsOf(field: LensField): readonly ColumnOfField[] {
  const type = field.precision.type === 'float64' ? 'DOUBLE' : 'FLOAT';
  const columnsAs = (names: readonly string[], of: ColumnType): readonly ColumnOfField[] =>
    names.map((name) => ({ name, type: of }));
  return [
    { name: 'tick', type: 'BIGINT' },
    { name: 'time_seconds', type: 'DOUBLE' },
    { name: 'sample', type: 'INTEGER' },
    ...columnsAs(placesOf(field), 'DOUBLE'),
    ...columnsAs(componentsOf(field), type),
  ];
}

export function placesOf({ topology: { kind } }: LensField): readonly string[] {
  if (kind === 'sphere') return ['longitude', 'latitude'];
  return kind === 'grid' ? ['x', 'y'] : ['x', 'y', 'z'];
}

function componentsOf({ components }: LensField): readonly string[] {
  return components.reduce(
    (names: readonly string[], size) =>
      names.flatMap((name) => Array.from({ length: size }, (_, at) => `${name}_${at}`)),
    ['value'],
  );
}

export interface FieldTable {
  readonly field: string;
  /** Of its table: its own, or with a number behind it where DuckDB, which does not tell a from A, knows it already. */
  readonly name: string;
}

export function fieldTables(runs: readonly SqlRun[]): readonly FieldTable[] {
  const fields = new Set(runs.flatMap((run) => run.fields.map(({ name }) => name)));
  const taken = new Set<string>();
  return [...fields].map((field) => {
    let name = field;
    for (let number = 2; taken.has(name.toLowerCase()); number += 1) name = `${field}_${number}`;
    taken.add(name.toLowerCase());
    return { field, name };
  });
}

/** Those of DuckDB and ours; `memory`, `system` and `temp` are databases of it, and a schema of such a name can be told from none of them. */
const OWN_SCHEMAS = [
  'main',
  'memory',
  'temp',
  'system',
  'lens',
  'pg_catalog',
  'information_schema',
];

/** A field named `atmosphere.temperature` is found without quotes too, as a table of a schema. Undefined where its name is no such one. */
export function schemaAlias(
  name: string,
): { readonly schema: string; readonly table: string } | undefined {
  const found = /^([a-z_][a-z0-9_]*)\.([a-z_][a-z0-9_]*)$/i.exec(name);
  const [, schema = '', table = ''] = found ?? [];
  if (found === null || OWN_SCHEMAS.includes(schema.toLowerCase())) return undefined;
  return { schema, table };
}

export interface RunsOfTables {
  readonly runs: readonly SqlRun[];
  /** Whether each table has a column `run`. */
  readonly runColumn: boolean;
}

/** `frames`, `fields` and `dropped`, as statements that make and fill them. */
export function* listsOf(
  { runs, runColumn }: RunsOfTables,
  tables: readonly FieldTable[],
): Generator<string> {
  const run = runColumn ? 'run varchar, ' : '';
  const of = ({ runId }: SqlRun): string => (runColumn ? `${quoted(runId)}, ` : '');
  const nameOf = new Map(tables.map(({ field, name }) => [field, name]));
  yield 'create schema lens';
  yield `create table lens.frames (${run}tick bigint, time_seconds double)`;
  yield `create table lens.fields (${run}name varchar, table_name varchar, unit varchar, components integer[], topology varchar, "rows" integer, "columns" integer, reconstruction varchar, precision varchar)`;
  yield `create table lens.dropped (${run}first_tick bigint, last_tick bigint, frames bigint, reason varchar)`;
  for (const one of runs) {
    for (const { name, unit, components, topology, reconstruction, precision } of one.fields) {
      const { kind, rows, columns } = topology;
      const kept = precision.bits === undefined ? '' : `, ${precision.bits} bits`;
      yield `insert into lens.fields values (${of(one)}${[name, nameOf.get(name)!, unit].map(quoted).join(', ')}, [${components.join(', ')}]::integer[], ${quoted(kind)}, ${rows ?? 'null'}, ${columns ?? 'null'}, ${quoted(reconstruction)}, ${quoted(`${precision.type}${kept}`)})`;
    }
    for (const { from, to, frames, reason } of one.dropped)
      yield `insert into lens.dropped values (${of(one)}${from}, ${to}, ${frames}, ${quoted(reason)})`;
  }
  const taken = new Set(tables.map(({ name }) => name.toLowerCase()));
  for (const list of ['frames', 'fields', 'dropped'])
    if (!taken.has(list)) yield `create view ${list} as from lens.${list}`;
}

export function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
