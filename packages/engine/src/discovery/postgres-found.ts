// From variables to Postgres databases: two variables for one database are one source, a way past the pooler belongs to the way
// through it. Two different databases never become one: their names must be equal.
import type { ComposePostgres } from './compose-file.ts';
import type { Address } from './addresses.ts';
import { readDatabaseAddress } from './addresses.ts';
import type { FoundElsewhere, FoundPostgres } from './contract.ts';
import type { Names } from './naming.ts';
import type { Reference } from './references.ts';
import { isDirect, isForTests, pooledNames, type AddressVariable } from './variables.ts';

type PostgresAddress = Extract<Address, { kind: 'postgres' }>;
type PostgresVariable = AddressVariable & { readonly address: PostgresAddress };

/** The host is the name of a service: only other containers know it. */
function isInside({ address }: PostgresVariable, service: ComposeService): boolean {
  return address.host === service.service;
}

/** What containers call db:5432 is 127.0.0.1 and the published port from here, and the same database. */
function seenFromHere(
  variable: PostgresVariable,
  services: readonly ComposeService[],
): PostgresVariable {
  const { address } = variable;
  const service = services.find((one) => isInside(variable, one) && one.port !== undefined);
  if (service === undefined) return variable;
  const identity = `127.0.0.1:${service.port}/${address.where.slice(address.where.lastIndexOf('/') + 1)}`;
  return { ...variable, address: { ...address, identity } };
}

interface Group {
  readonly identities: Set<string>;
  readonly variables: PostgresVariable[];
  readonly foundIn: Set<string>;
}

export interface PostgresFound {
  readonly databases: readonly (FoundPostgres | FoundElsewhere)[];
  readonly notes: readonly string[];
}

export interface ComposeService extends ComposePostgres {
  readonly file: string;
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
  const loose: Omit<FoundElsewhere, 'name' | 'kind'>[] = [];
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
    ...withoutRepeats(loose).map((one): FoundElsewhere => ({
      kind: 'postgres-unnamed',
      name: names.take(databaseOf(one.where), 'db'),
      ...one,
    })),
  ];
  return { databases, notes };
}

function groupVariables(
  variables: readonly PostgresVariable[],
  references: readonly Reference[],
): Group[] {
  const groups: Group[] = [];
  const direct = variables.filter(({ env }) => isDirect(env) || isDirectOf(env, references));
  for (const variable of [...variables.filter((one) => !direct.includes(one)), ...direct]) {
    const { address } = variable;
    const group =
      groups.find(({ identities }) => identities.has(address.identity)) ??
      (direct.includes(variable) ? pooledGroup(variable, groups, references) : undefined) ??
      newGroup(groups);
    group.identities.add(address.identity);
    group.variables.push(variable);
    group.foundIn.add(variable.file ?? 'environment');
    if (variable.overridden) group.foundIn.add('environment');
  }
  return groups;
}

function newGroup(groups: Group[]): Group {
  const group: Group = { identities: new Set(), variables: [], foundIn: new Set() };
  groups.push(group);
  return group;
}

function isDirectOf(env: string, references: readonly Reference[]): boolean {
  return references.some(({ directUrl }) => envOf(directUrl) === env);
}

/** The pooler may be another host altogether: then it is the names that belong together. */
function pooledGroup(
  { env, scope, address }: PostgresVariable,
  groups: readonly Group[],
  references: readonly Reference[],
): Group | undefined {
  const told = references.filter(({ directUrl }) => envOf(directUrl) === env);
  const wanted = [...told.map(({ url }) => envOf(url)), ...pooledNames(env)];
  return groups.find(({ variables }) =>
    variables.some(
      (one) =>
        one.scope === scope &&
        wanted.includes(one.env) &&
        databaseOf(one.address.where) === databaseOf(address.where),
    ),
  );
}

function describeGroup(
  { variables, foundIn }: Group,
  services: readonly ComposeService[],
  names: Names,
): FoundPostgres {
  const reachable = variables.find((one) => !services.some((service) => isInside(one, service)));
  const main = reachable ?? variables[0]!;
  const direct =
    main.address.pooled || variables.some(({ env }) => isDirect(env))
      ? variables.find(({ env, address, value }) =>
          env === main.env
            ? false
            : !address.pooled && value !== main.value && (isDirect(env) || main.address.pooled),
        )
      : undefined;
  return {
    kind: 'postgres',
    name: names.take(databaseOf(main.address.where), 'db'),
    url: variableOf(main),
    ...(direct === undefined ? {} : { directUrl: variableOf(direct) }),
    where: main.address.where,
    foundIn: [...foundIn],
    likely: !isForTests(main.env),
  };
}

function variableOf({ env, file }: PostgresVariable): FoundPostgres['url'] {
  return { env, ...(file === undefined ? {} : { file }) };
}

/** Gives back what cannot be a source yet. */
function addReference(
  { file, provider, url }: Reference,
  all: readonly AddressVariable[],
  groups: readonly Group[],
): Omit<FoundElsewhere, 'name' | 'kind'> | undefined {
  const env = envOf(url);
  if (env !== undefined) {
    const held = groups.filter(({ variables }) => variables.some((one) => one.env === env));
    for (const group of held) group.foundIn.add(file);
    if (held.length > 0 || all.some((one) => one.env === env) || !isPostgres(provider))
      return undefined;
    const advice = `${file} reads ${env}, which is neither in the environment nor in a .env file: write ${env}=postgresql://USER:PASSWORD@HOST:PORT/DATABASE into .env.`;
    return { where: '', foundIn: [file], variable: env, advice };
  }
  if (!('literal' in url)) return undefined;
  const address = readDatabaseAddress(url.literal);
  if (address.kind !== 'postgres') return undefined;
  const known = groups.find(({ identities }) => identities.has(address.identity));
  known?.foundIn.add(file);
  if (known !== undefined) return undefined;
  const advice = `${file} holds the address itself. Move it to .env, as DATABASE_URL, and read it from there: its password is then in no file that is committed.`;
  return { where: address.where, foundIn: [file], variable: 'DATABASE_URL', advice };
}

function addService(
  service: ComposeService,
  groups: readonly Group[],
  notes: string[],
): Omit<FoundElsewhere, 'name' | 'kind'> | undefined {
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
    port === undefined ? 'that publishes no port: add ports: ["5432:5432"] to it, and' : 'here:';
  const advice = `${place} is a Postgres ${publish} write DATABASE_URL=postgresql://${user}:PASSWORD@${here}/${database} into .env.`;
  const where = `${port === undefined ? service.service : here}/${database}`;
  return { where, foundIn: [file], variable: 'DATABASE_URL', advice };
}

function withoutRepeats<T extends { readonly where: string; readonly variable: string }>(
  list: readonly T[],
): readonly T[] {
  const key = (one: T): string => (one.where === '' ? one.variable : one.where);
  return list.filter((one, at) => list.findIndex((other) => key(other) === key(one)) === at);
}

/** '' for the one that every server has: as a name it says nothing. */
function databaseOf(where: string): string {
  const name = where.slice(where.lastIndexOf('/') + 1);
  return name === 'postgres' ? '' : name;
}

function isPostgres(provider: string): boolean {
  return /^(postgres|pg)/i.test(provider);
}

function envOf(written: Reference['directUrl']): string | undefined {
  return written !== undefined && 'env' in written ? written.env : undefined;
}
