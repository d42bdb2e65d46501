// The canonical form of fields: what they show, where their samples are, and that the two fit.
import type { Topology, WorldIr } from './contract.ts';
import {
  countIn,
  elementsOf,
  fieldsOf,
  functionIn,
  invalid,
  listIn,
  namedIn,
  numberIn,
  shapeIn,
  textIn,
  type Definition,
} from './reading.ts';

/** An array of the world as a field sees it. */
interface Shown {
  readonly shape: readonly number[];
  readonly entity?: string;
}

export function readFields(
  at: Definition,
  value: unknown,
  signals: WorldIr['signals'],
  entities: WorldIr['entities'],
): WorldIr['fields'] {
  const arrays = new Map<string, Shown>(signals.map(({ name, shape }) => [name, { shape }]));
  for (const entity of entities)
    for (const { name, shape } of entity.members)
      arrays.set(`${entity.name}.${name}`, { shape, entity: entity.name });
  return namedIn(at, 'fields', value).map(([name, one]) => readField(at, name, one, arrays));
}

function readField(
  at: Definition,
  name: string,
  value: unknown,
  arrays: ReadonlyMap<string, Shown>,
): WorldIr['fields'][number] {
  const path = `fields.${name}`;
  const known = ['unit', 'topology', 'shape', 'reconstruction', 'from'];
  const given = fieldsOf(at, path, value, known);
  const topology = readTopology(at, `${path}.topology`, given['topology'], arrays);
  const shape = shapeIn(at, `${path}.shape`, given['shape']);
  const unit = textIn(at, `${path}.unit`, given['unit'], '');
  const usual = topology.kind === 'points' ? 'idw' : 'linear';
  const reconstruction = textIn(at, `${path}.reconstruction`, given['reconstruction'], usual);
  if (!['nearest', 'linear', 'idw'].includes(reconstruction))
    throw invalid(at, `${path}.reconstruction`, "has to be 'nearest', 'linear' or 'idw'");
  const field = { name, unit, shape, topology, reconstruction };
  if (typeof given['from'] !== 'string') {
    functionIn(at, `${path}.from`, given['from']);
    return { ...field, from: null };
  }
  const shown = arrays.get(given['from']);
  if (shown === undefined)
    throw invalid(at, `${path}.from`, `names ${given['from']}, which is no signal or member`);
  refuseMisfit(at, path, field, shown, arrays);
  return { ...field, from: given['from'] };
}

/** As many numbers as samples times components, or one sample for each instance. */
function refuseMisfit(
  at: Definition,
  path: string,
  { topology, shape }: { readonly topology: Topology; readonly shape: readonly number[] },
  shown: Shown,
  arrays: ReadonlyMap<string, Shown>,
): void {
  const components = elementsOf(shape);
  const given = elementsOf(shown.shape);
  if (topology.positions === undefined) {
    const wanted = (topology.rows ?? 1) * (topology.columns ?? 1) * components;
    if (shown.entity === undefined && given === wanted) return;
    throw invalid(at, `${path}.from`, `has ${given} elements, and the topology asks for ${wanted}`);
  }
  if (arrays.get(topology.positions)?.entity !== shown.entity)
    throw invalid(at, `${path}.from`, `is not of the entity that has ${topology.positions}`);
  if (given !== components)
    throw invalid(at, `${path}.shape`, `has ${components} components, and a member has ${given}`);
}

function readTopology(
  at: Definition,
  path: string,
  value: unknown,
  arrays: ReadonlyMap<string, Shown>,
): Topology {
  const given = fieldsOf(at, path, value, ['kind', 'rows', 'columns', 'extent', 'positions']);
  const kind = given['kind'];
  if (kind === 'points') {
    const positions = textIn(at, `${path}.positions`, given['positions']);
    if (arrays.get(positions)?.entity === undefined)
      throw invalid(at, `${path}.positions`, `names ${positions}, which is no member`);
    return { kind, positions };
  }
  if (kind !== 'grid' && kind !== 'sphere')
    throw invalid(at, `${path}.kind`, "has to be 'grid', 'sphere' or 'points'");
  const rows = countIn(at, `${path}.rows`, given['rows']);
  const columns = countIn(at, `${path}.columns`, given['columns']);
  if (given['extent'] === undefined) return { kind, rows, columns };
  return { kind, rows, columns, extent: readExtent(at, `${path}.extent`, given['extent']) };
}

function readExtent(
  at: Definition,
  path: string,
  value: unknown,
): readonly (readonly [number, number])[] {
  const sides = listIn(at, path, value).map((side, index) => {
    const ends = listIn(at, `${path}[${index}]`, side);
    if (ends.length !== 2) throw invalid(at, `${path}[${index}]`, 'has to be [from, to]');
    const [from, to] = ends.map((end, which) => numberIn(at, `${path}[${index}][${which}]`, end));
    return [from ?? 0, to ?? 0] as const;
  });
  if (sides.length !== 2) throw invalid(at, path, 'has to be [[from, to], [from, to]]');
  return sides;
}
