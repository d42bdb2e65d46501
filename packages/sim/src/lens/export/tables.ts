// Which tables a lens is as rows: fields that share their topology stand side by side. Points have a table each: nothing says that the
// samples of two fields are of the same points.
import { failure } from '@stillpoint/core';
import type { FieldSamples, LensField } from '../contract.ts';
import { widthOf } from '../journal/index.ts';
import type { ExportedRun } from './contract.ts';
import { placesOf, type Axis } from './places.ts';

/** A number of each sample; or of each place, where it has no field. */
export interface TableColumn {
  readonly name: string;
  readonly type: 'float64' | 'float32';
  /** Whose, and which of the numbers of a sample; null: a coordinate. */
  readonly of: { readonly field: number; readonly component: number } | null;
}

export interface Table {
  /** `sphere-36x72`, `grid-8x10`, `points-drift`. */
  readonly name: string;
  readonly fields: readonly LensField[];
  readonly places: readonly Axis[];
  /** Those of the places, then those of the fields. */
  readonly columns: readonly TableColumn[];
  /** There is a column that says of which run a row is. */
  readonly manyRuns: boolean;
}

const ALWAYS = ['run', 'tick', 'time_seconds', 'sample'];

/** Throws LENS_EXPORT_UNLIKE where runs do not agree on a field. */
export function tablesOf(runs: readonly ExportedRun[], manyRuns: boolean): readonly Table[] {
  const groups = new Map<string, LensField[]>();
  for (const field of fieldsOf(runs)) {
    const key = keyOf(field);
    groups.set(key, [...(groups.get(key) ?? []), field]);
  }
  const taken = new Set<string>();
  return [...groups.values()].map((fields) => {
    const name = free(taken, nameOf(fields[0]!));
    const places = placesOf(fields[0]!.topology);
    return { name, fields, places, columns: columnsOf(fields, places), manyRuns };
  });
}

/** Of all runs, each once; float64 where only some keep it so. */
function fieldsOf(runs: readonly ExportedRun[]): readonly LensField[] {
  const found = new Map<string, LensField>();
  for (const { runId, fields } of runs)
    for (const field of fields) {
      const other = found.get(field.name);
      if (other !== undefined && likenessOf(other) !== likenessOf(field))
        throw failure('LENS_EXPORT_UNLIKE', { field: field.name, run: runId });
      if (other === undefined || field.precision.type === 'float64') found.set(field.name, field);
    }
  return [...found.values()];
}

function likenessOf({ unit, components, topology }: LensField): string {
  return JSON.stringify([unit, components, keyOf({ name: '', topology })]);
}

function keyOf({ name, topology }: Pick<LensField, 'name' | 'topology'>): string {
  const { kind, rows, columns, extent } = topology;
  return JSON.stringify(kind === 'points' ? [kind, name] : [kind, rows, columns, extent]);
}

function nameOf({ name, topology }: LensField): string {
  const { kind, rows = 1, columns = 1 } = topology;
  return kind === 'points' ? `points-${name}` : `${kind}-${rows}x${columns}`;
}

/** `temperature`; `velocity_0`, `velocity_1` of a vector; `stress_0_1` of a matrix. */
function columnsOf(fields: readonly LensField[], places: readonly Axis[]): readonly TableColumn[] {
  const taken = new Set(ALWAYS);
  const ofPlaces = places.map(({ name }): TableColumn => {
    return { name: free(taken, name), type: 'float64', of: null };
  });
  const ofFields = fields.flatMap(({ name, components, precision }, field) =>
    componentsOf(components).map((suffix, component): TableColumn => {
      const of = { field, component };
      return { name: free(taken, `${name}${suffix}`), type: precision.type, of };
    }),
  );
  return [...ofPlaces, ...ofFields];
}

function componentsOf(components: readonly number[]): readonly string[] {
  return components.reduce(
    (names: readonly string[], size) =>
      names.flatMap((name) => Array.from({ length: size }, (_, at) => `${name}_${at}`)),
    [''],
  );
}

/** A name that is taken, in whatever case, gets a line below: engines take `Heat` and `heat` for one. */
function free(taken: Set<string>, wanted: string): string {
  let name = wanted;
  while (taken.has(name.toLowerCase())) name += '_';
  taken.add(name.toLowerCase());
  return name;
}

/** What tools are told of the columns: docs/format/lens-export.md. */
export function describedColumns(table: Table): readonly object[] {
  return table.columns.map(({ name, of }, at) => {
    if (of === null) return { name, unit: table.places[at]!.unit };
    const { unit, name: field } = table.fields[of.field]!;
    return { name, unit, field, component: of.component };
  });
}

/** Rows of one frame: of each column the numbers of its first `count` rows; null below those. */
export interface TableFrame {
  readonly run: string;
  readonly tick: number;
  readonly timeSeconds: number;
  readonly rows: number;
  readonly cells: readonly Cells[];
}

/** Every `step`th number, from `at` on. */
export interface Cells {
  readonly numbers: Float64Array | Float32Array;
  readonly at: number;
  readonly step: number;
  readonly count: number;
}

const NONE: Cells = { numbers: new Float64Array(), at: 0, step: 1, count: 0 };

/** `samples` in the order of the table's fields; null: that field could not be read. */
export function cellsOf(
  table: Table,
  samples: readonly (FieldSamples | null)[],
): { readonly rows: number; readonly cells: readonly Cells[] } {
  const rows = samples.reduce((most, one) => Math.max(most, one?.count ?? 0), 0);
  const cells = table.columns.map(({ of }, column): Cells => {
    if (of === null) return placeCells(table.places[column]!, samples[0] ?? null, rows);
    const found = samples[of.field];
    if (found === null || found === undefined) return NONE;
    const step = widthOf(table.fields[of.field]!);
    return { numbers: found.values, at: of.component, step, count: found.count };
  });
  return { rows, cells };
}

function placeCells(axis: Axis, first: FieldSamples | null, rows: number): Cells {
  const { still, component } = axis;
  if (still !== null)
    return { numbers: still, at: 0, step: 1, count: Math.min(rows, still.length) };
  const positions = first?.positions ?? null;
  if (positions === null) return NONE;
  return { numbers: positions, at: component, step: 3, count: positions.length / 3 };
}
