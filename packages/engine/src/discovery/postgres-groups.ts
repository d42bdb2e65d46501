// Variables that hold addresses of one Postgres database, put together: two of them are one source, a way past the pooler belongs
// to the way through it. Two different databases never become one: their names must be equal.
import type { Address } from './addresses.ts';
import type { ComposePostgres } from './compose-file.ts';
import type { FoundPostgres } from './contract.ts';
import type { Names } from './naming.ts';
import type { Reference } from './references.ts';
import { isDirect, isForTests, pooledNames, type AddressVariable } from './variables.ts';

export interface ComposeService extends ComposePostgres {
  readonly file: string;
}

type PostgresAddress = Extract<Address, { kind: 'postgres' }>;
export type PostgresVariable = AddressVariable & { readonly address: PostgresAddress };

/** The host is the name of a service: only other containers know it. */
export function isInside({ address }: PostgresVariable, service: ComposeService): boolean {
  return address.host === service.service;
}

/** What containers call db:5432 is 127.0.0.1 and the published port from here, and the same database. */
export function seenFromHere(
  variable: PostgresVariable,
  services: readonly ComposeService[],
): PostgresVariable {
  const { address } = variable;
  const service = services.find((one) => isInside(variable, one) && one.port !== undefined);
  if (service === undefined) return variable;
  const identity = `127.0.0.1:${service.port}/${address.where.slice(address.where.lastIndexOf('/') + 1)}`;
  return { ...variable, address: { ...address, identity } };
}

export interface Group {
  readonly identities: Set<string>;
  readonly variables: PostgresVariable[];
  readonly foundIn: Set<string>;
}

export function groupVariables(
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

export function describeGroup(
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

/** '' for the one that every server has: as a name it says nothing. */
export function databaseOf(where: string): string {
  const name = where.slice(where.lastIndexOf('/') + 1);
  return name === 'postgres' ? '' : name;
}

export function envOf(written: Reference['directUrl']): string | undefined {
  return written !== undefined && 'env' in written ? written.env : undefined;
}
