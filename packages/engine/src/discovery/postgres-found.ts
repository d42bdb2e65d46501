// The Postgres databases of a project: those that a variable names, and those that only a schema or a compose file speaks of, with
// what to do to make a source of them.
import { readDatabaseAddress } from './addresses.ts';
import type { FoundElsewhere, FoundPostgres } from './contract.ts';
import type { Names } from './naming.ts';
import {
  databaseOf,
  describeGroup,
  envOf,
  groupVariables,
  isInside,
  seenFromHere,
  type ComposeService,
  type Group,
  type PostgresVariable,
} from './postgres-groups.ts';
import type { Reference } from './references.ts';
import type { AddressVariable } from './variables.ts';

/** Known to be there, and not by a variable. */
interface Loose {
  readonly where: string;
  readonly foundIn: readonly string[];
  /** That somebody reads already; undefined: any that is free. */
  readonly variable?: string;
  readonly advice: (variable: string) => string;
}

export interface PostgresFound {
  readonly databases: readonly (FoundPostgres | FoundElsewhere)[];
  readonly notes: readonly string[];
}

export function findPostgres(
  all: readonly AddressVariable[],
  references: readonly Reference[],
  services: readonly ComposeService[],
  names: Names,
): PostgresFound {
  const variables = all.filter((one): one is PostgresVariable => one.address.kind === 'postgres');
  const groups = groupVariables(
    variables.map((one) => seenFromHere(one, services)),
    references,
  );
  const notes: string[] = [];
  const loose: Loose[] = [];
  for (const reference of references) {
    const missing = addReference(reference, all, groups);
    if (missing !== undefined) loose.push(missing);
  }
  for (const service of services) {
    const missing = addService(service, groups, notes);
    if (missing !== undefined) loose.push(missing);
  }
  const databases = [
    ...groups.map((group) => describeGroup(group, services, names)),
    ...describeLoose(joined(withoutRepeats(loose)), all, names),
  ];
  return { databases, notes };
}

/** Two databases must never be told to live in one variable. */
function describeLoose(
  loose: readonly Loose[],
  all: readonly AddressVariable[],
  names: Names,
): readonly FoundElsewhere[] {
  const used = new Set(all.map(({ env }) => env));
  return loose.map(({ where, foundIn, variable: read, advice }) => {
    const name = names.take(databaseOf(where), 'db');
    const own = `${name.replaceAll('-', '_').toUpperCase()}_DATABASE_URL`;
    const variable = read ?? (used.has('DATABASE_URL') ? own : 'DATABASE_URL');
    used.add(variable);
    return { kind: 'postgres-unnamed', name, where, foundIn, variable, advice: advice(variable) };
  });
}

/** Gives back what cannot be a source yet. */
function addReference(
  { file, provider, url }: Reference,
  all: readonly AddressVariable[],
  groups: readonly Group[],
): Loose | undefined {
  const env = envOf(url);
  if (env !== undefined) {
    const held = groups.filter(({ variables }) => variables.some((one) => one.env === env));
    for (const group of held) group.foundIn.add(file);
    if (held.length > 0 || all.some((one) => one.env === env) || !isPostgres(provider))
      return undefined;
    const advice = () =>
      `${file} reads ${env}, which is neither in the environment nor in a .env file: write ${env}=postgresql://USER:PASSWORD@HOST:PORT/DATABASE into .env.`;
    return { where: '', foundIn: [file], variable: env, advice };
  }
  if (!('literal' in url)) return undefined;
  const address = readDatabaseAddress(url.literal);
  if (address.kind !== 'postgres') return undefined;
  const known = groups.find(({ identities }) => identities.has(address.identity));
  known?.foundIn.add(file);
  if (known !== undefined) return undefined;
  const advice = (variable: string) =>
    `${file} holds the address itself. Move it to .env, as ${variable}, and read it from there: its password is then in no file that is committed.`;
  return { where: address.where, foundIn: [file], advice };
}

function addService(
  service: ComposeService,
  groups: readonly Group[],
  notes: string[],
): Loose | undefined {
  const { file, port, user, database } = service;
  const place = `${file} (${service.service})`;
  const here = `127.0.0.1:${port ?? 5432}`;
  const known = groups.filter(
    ({ identities, variables }) =>
      (port !== undefined && [...identities].some((one) => one.startsWith(`${here}/`))) ||
      variables.some((one) => isInside(one, service)),
  );
  for (const { foundIn, variables } of known) {
    foundIn.add(place);
    if (!variables.every((one) => isInside(one, service))) continue;
    const env = variables[0]?.env ?? 'DATABASE_URL';
    notes.push(
      `${env} names the host "${service.service}", which only containers know: ${port === undefined ? `publish its port in ${file}, then ` : ''}write HOST_DATABASE_URL with ${here} into .env, and name that variable in the configuration.`,
    );
  }
  if (known.length > 0) return undefined;
  const publish =
    port === undefined
      ? 'publishes no port: add ports: ["5432:5432"] to it, and'
      : 'has no address yet:';
  const advice = (variable: string) =>
    `The Postgres of ${place} ${publish} write ${variable}=postgresql://${user}:PASSWORD@${here}/${database} into .env.`;
  const where = `${port === undefined ? service.service : here}/${database}`;
  return { where, foundIn: [file], advice };
}

function withoutRepeats(list: readonly Loose[]): readonly Loose[] {
  const key = (one: Loose): string | undefined => (one.where === '' ? one.variable : one.where);
  return list.filter((one, at) => list.findIndex((other) => key(other) === key(one)) === at);
}

/** One variable that is read and not set, and one database that no variable names: they are meant for each other. */
function joined(loose: readonly Loose[]): readonly Loose[] {
  const [reader, ...readers] = loose.filter(({ where }) => where === '');
  const [place, ...places] = loose.filter(({ where }) => where !== '');
  if (reader?.variable === undefined || place === undefined) return loose;
  if (readers.length + places.length > 0) return loose;
  const foundIn = [...place.foundIn, ...reader.foundIn];
  return [{ ...place, foundIn, variable: reader.variable }];
}

function isPostgres(provider: string): boolean {
  return /^(postgres|pg)/i.test(provider);
}
