// Checks a definition and gives it its canonical form: plain data in declared order, every default written out. What a text of a
// world may leave out or say in two ways is one in the IR, so that only a real change changes the world's hash.
import type { Cadence, WorldIr } from './contract.ts';
import { readFields } from './field-form.ts';
import { posixPathIn } from './asset-path.ts';
import { worldNameProblem } from './names.ts';
import {
  countIn,
  dtypeIn,
  elementsOf,
  fieldsOf,
  functionIn,
  invalid,
  listIn,
  MOST_ELEMENTS,
  namedIn,
  numberIn,
  shapeIn,
  taken,
  textIn,
  type Definition,
} from './reading.ts';

const known = [
  'name',
  'parameters',
  'signals',
  'entities',
  'assets',
  'init',
  'strata',
  'eras',
  'fields',
];

/** Throws WORLD_INVALID and WORLD_NAME_TAKEN. */
export function canonicalForm(definition: unknown, at: Definition): WorldIr {
  const given = fieldsOf(at, 'the definition', definition, known);
  const name = textIn(at, 'name', given['name']);
  const problem = worldNameProblem(name);
  if (problem !== undefined) throw invalid(at, 'name', problem);
  const parameters = readParameters(at, given['parameters']);
  const signals = readSignals(at, 'signals', given['signals']);
  const entities = readEntities(at, given['entities']);
  refuseTwice(at, signals, entities);
  if (given['init'] !== undefined) functionIn(at, 'init', given['init']);
  const arrays = new Set([
    ...signals.map((signal) => signal.name),
    ...entities.flatMap((entity) => entity.members.map((one) => `${entity.name}.${one.name}`)),
  ]);
  const strata = readStrata(at, given['strata'], arrays);
  const eras = readEras(
    at,
    given['eras'],
    strata.map((stratum) => stratum.name),
  );
  const fields = readFields(at, given['fields'], signals, entities);
  const assets = namedIn(at, 'assets', given['assets']).map(([asset, path]) => ({
    name: asset,
    path: posixPathIn(at, `assets.${asset}`, path),
  }));
  return { version: 1, name, parameters, signals, entities, strata, eras, fields, assets };
}

function readParameters(at: Definition, value: unknown): WorldIr['parameters'] {
  return namedIn(at, 'parameters', value).map(([name, one]) => {
    const path = `parameters.${name}`;
    const given = fieldsOf(at, path, one, ['value', 'unit', 'minimum', 'maximum']);
    const bound = (side: 'minimum' | 'maximum'): number | null =>
      given[side] === undefined ? null : numberIn(at, `${path}.${side}`, given[side]);
    const minimum = bound('minimum');
    const maximum = bound('maximum');
    const number = numberIn(at, `${path}.value`, given['value']);
    if (minimum !== null && maximum !== null && minimum > maximum)
      throw invalid(at, `${path}.minimum`, `is above the maximum, ${maximum}`);
    if (minimum !== null && number < minimum)
      throw invalid(at, `${path}.value`, `is below its minimum, ${minimum}`);
    if (maximum !== null && number > maximum)
      throw invalid(at, `${path}.value`, `is above its maximum, ${maximum}`);
    const unit = textIn(at, `${path}.unit`, given['unit'], '');
    return { name, value: number, unit, minimum, maximum };
  });
}

function readSignals(at: Definition, within: string, value: unknown): WorldIr['signals'] {
  return namedIn(at, within, value).map(([name, one]) => {
    const path = `${within}.${name}`;
    const given = fieldsOf(at, path, one, ['dtype', 'shape', 'unit', 'note']);
    // A note is for people: another one is no other world.
    textIn(at, `${path}.note`, given['note'], '');
    return {
      name,
      dtype: dtypeIn(at, `${path}.dtype`, given['dtype']),
      shape: shapeIn(at, `${path}.shape`, given['shape']),
      unit: textIn(at, `${path}.unit`, given['unit'], ''),
    };
  });
}

function readEntities(at: Definition, value: unknown): WorldIr['entities'] {
  return namedIn(at, 'entities', value).map(([name, one]) => {
    const path = `entities.${name}`;
    const given = fieldsOf(at, path, one, ['capacity', 'members']);
    const capacity = countIn(at, `${path}.capacity`, given['capacity']);
    if (given['members'] === undefined)
      throw invalid(at, `${path}.members`, 'has to be an object of names');
    const members = readSignals(at, `${path}.members`, given['members']);
    for (const member of members)
      if (elementsOf(member.shape) * capacity > MOST_ELEMENTS)
        throw invalid(
          at,
          `${path}.members.${member.name}`,
          `has more than ${MOST_ELEMENTS} elements in all instances`,
        );
    return { name, capacity, members };
  });
}

/** Names may have dots: a signal `ship.mass` and the member `mass` of an entity `ship` would be one section. */
function refuseTwice(
  at: Definition,
  signals: WorldIr['signals'],
  entities: WorldIr['entities'],
): void {
  const seen = new Map(signals.map(({ name }) => [name.normalize(), `signals.${name}`]));
  for (const entity of entities)
    for (const member of entity.members) {
      const section = `${entity.name}.${member.name}`.normalize();
      const path = `entities.${entity.name}.members.${member.name}`;
      const other = seen.get(section);
      if (other !== undefined) throw taken(at, path, other);
      seen.set(section, path);
    }
}

function readStrata(
  at: Definition,
  value: unknown,
  arrays: ReadonlySet<string>,
): WorldIr['strata'] {
  const writers = new Map<string, string>();
  const strata = namedIn(at, 'strata', value).map(([name, one]) => {
    const path = `strata.${name}`;
    const given = fieldsOf(at, path, one, ['every', 'rewrites', 'step']);
    functionIn(at, `${path}.step`, given['step']);
    const every = given['every'] === undefined ? 1 : countIn(at, `${path}.every`, given['every']);
    const rewrites = listIn(at, `${path}.rewrites`, given['rewrites']).map((array, index) => {
      const place = `${path}.rewrites[${index}]`;
      const text = textIn(at, place, array);
      if (!arrays.has(text))
        throw invalid(at, place, `names ${text}, which is no signal or member`);
      const other = writers.get(text);
      if (other !== undefined)
        throw invalid(at, place, `names ${text}, which the stratum ${other} rewrites already`);
      writers.set(text, name);
      return text;
    });
    return { name, every, rewrites };
  });
  if (strata.length === 0) throw invalid(at, 'strata', 'has no stratum, so nothing would happen');
  return strata;
}

function readEras(at: Definition, value: unknown, strata: readonly string[]): WorldIr['eras'] {
  const named = namedIn(at, 'eras', value);
  if (named.length === 0) return [{ name: 'world', dtSeconds: 1, strata: {}, next: [] }];
  const names = named.map(([name]) => name);
  return named.map(([name, one]) => {
    const path = `eras.${name}`;
    const given = fieldsOf(at, path, one, ['dtSeconds', 'strata', 'next']);
    const dtSeconds = numberIn(at, `${path}.dtSeconds`, given['dtSeconds']);
    if (dtSeconds <= 0) throw invalid(at, `${path}.dtSeconds`, 'has to be above 0');
    const cadences = namedIn(at, `${path}.strata`, given['strata']).map(([stratum, cadence]) => {
      const place = `${path}.strata.${stratum}`;
      if (!strata.includes(stratum)) throw invalid(at, place, 'is no stratum of this world');
      return [stratum, readCadence(at, place, cadence)] as const;
    });
    const next = listIn(at, `${path}.next`, given['next']).map((transition, index) =>
      readTransition(at, `${path}.next[${index}]`, transition, names),
    );
    // To be active is what a stratum is that nothing is said of.
    const said = cadences.filter(([, cadence]) => cadence !== 'active');
    return { name, dtSeconds, strata: Object.fromEntries(said), next };
  });
}

function readCadence(at: Definition, path: string, value: unknown): Cadence {
  if (value === 'active' || value === 'gated') return value;
  if (typeof value !== 'object')
    throw invalid(at, path, "has to be 'active', 'gated' or { every }");
  const given = fieldsOf(at, path, value, ['every']);
  return { every: countIn(at, `${path}.every`, given['every']) };
}

function readTransition(
  at: Definition,
  path: string,
  value: unknown,
  eras: readonly string[],
): WorldIr['eras'][number]['next'][number] {
  const given = fieldsOf(at, path, value, ['to', 'name', 'when']);
  functionIn(at, `${path}.when`, given['when']);
  const to = textIn(at, `${path}.to`, given['to']);
  if (!eras.includes(to)) throw invalid(at, `${path}.to`, `names ${to}, which is no era`);
  return { to, name: textIn(at, `${path}.name`, given['name'], to) };
}
