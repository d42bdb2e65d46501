// What the catalog says beside what should be: one finding for each difference, with the SQL that mends it.
import { identifier, qualified } from '../database/index.ts';
import { createRoleSql } from './app-role.ts';
import type { ChamberFacts, ChamberFinding, ChamberPart } from './contract.ts';
import { chamberNames, chamberPrivileges, foundationPart, OWN_SCHEMA } from './foundation.ts';
import type { Catalog, Relation, Schema } from './read-catalog.ts';
import { compareTriggers } from './triggers.ts';
import { grantsOf, inOrder, parametersOf, storageOf, type Expected } from './wanted.ts';

export function compareWithCatalog(
  catalog: Catalog,
  parts: readonly ChamberPart[],
  facts: ChamberFacts,
  role: string,
): readonly ChamberFinding[] {
  const expected = inOrder(
    parts.flatMap((part) => part.expects.map((expectation) => ({ by: part.name, expectation }))),
  );
  // What somebody else owns in our schemas is not ours to judge; a view that reads our tables is.
  const relations = catalog.relations.filter(
    ({ schema, ours, owner }) =>
      schema !== OWN_SCHEMA && (ours || schema !== 'public' || owner === catalog.migrator),
  );
  return [
    ...compareVersions(catalog, parts),
    ...compareRole(catalog, role),
    ...compareSchemas(catalog, facts),
    ...compareExistence(catalog, expected),
    ...relations.flatMap((relation) => [
      ...(usable(catalog) ? compareGrants(relation, expected, facts) : []),
      ...compareParameters(relation, expected),
      ...compareStorage(relation, expected, facts),
      ...compareTriggers(relation, expected),
    ]),
    ...compareBookkeeping(catalog, facts),
  ];
}

/** A superuser has every right whatever was granted: that is one finding, not one for each table. */
const usable = ({ role }: Catalog): boolean => role !== undefined && !role.superuser;

function* compareVersions(
  { versions }: Catalog,
  parts: readonly ChamberPart[],
): Iterable<ChamberFinding> {
  for (const { name, steps } of [foundationPart, ...parts]) {
    const found = versions.get(name) ?? 0;
    if (found === steps.length) continue;
    const text =
      found < steps.length
        ? `the database has version ${found}, and this code wants ${steps.length}: stillpoint migrate`
        : `the database has version ${found}, and this code knows up to ${steps.length}: it was set up by newer code`;
    yield { about: `${name}: version`, severity: 'fail', text, mend: undefined };
  }
}

function* compareRole({ role }: Catalog, name: string): Iterable<ChamberFinding> {
  const about = `role ${name}`;
  if (role === undefined) {
    const text = 'the role of the application is not there';
    yield { about, severity: 'fail', text, mend: createRoleSql(name) };
  } else if (role.superuser) {
    const text = 'the role of the application is a superuser: no right is kept from it';
    yield { about, severity: 'fail', text, mend: `ALTER ROLE ${identifier(name)} NOSUPERUSER` };
  }
}

function* compareSchemas(catalog: Catalog, facts: ChamberFacts): Iterable<ChamberFinding> {
  for (const name of [...chamberNames, OWN_SCHEMA]) {
    const schema = catalog.schemas.find((one) => one.name === name);
    const about = `chamber ${name}`;
    if (schema === undefined)
      yield { about, severity: 'fail', text: 'the schema is missing', mend: undefined };
    else if (usable(catalog)) yield* compareSchema(schema, catalog.migrator, facts);
  }
}

function* compareSchema(
  schema: Schema,
  migrator: string | undefined,
  { appRole }: ChamberFacts,
): Iterable<ChamberFinding> {
  const about = `chamber ${schema.name}`;
  const name = identifier(schema.name);
  if (!schema.usage) {
    const mend = `GRANT USAGE ON SCHEMA ${name} TO ${appRole}`;
    yield { about, severity: 'fail', text: 'the application may not use the schema', mend };
  }
  if (schema.create) {
    const mend = `REVOKE CREATE ON SCHEMA ${name} FROM ${appRole}${schema.publicCreate ? ', PUBLIC' : ''}`;
    yield { about, severity: 'warn', text: 'the application may create in the schema', mend };
  }
  const chamber = chamberNames.find((one) => one === schema.name);
  if (chamber === undefined || migrator === undefined) return;
  const later: readonly LaterRights[] = [
    { kind: 'TABLES', wanted: chamberPrivileges[chamber], found: schema.laterTables },
    { kind: 'SEQUENCES', wanted: ['USAGE', 'SELECT'], found: schema.laterSequences },
  ];
  for (const { kind, wanted, found } of later) {
    const missing = wanted.filter((one) => !found.includes(one));
    const excess = found.filter((one) => !wanted.includes(one));
    const whose = `ALTER DEFAULT PRIVILEGES FOR ROLE ${identifier(migrator)} IN SCHEMA ${name}`;
    const what = kind.toLowerCase();
    if (missing.length > 0) {
      const text = `the application will lack ${missing.join(', ')} on ${what} that come later`;
      const mend = `${whose} GRANT ${missing.join(', ')} ON ${kind} TO ${appRole}`;
      yield { about, severity: 'fail', text, mend };
    }
    if (excess.length > 0) {
      const text = `the application will have ${excess.join(', ')} on ${what} that come later`;
      const mend = `${whose} REVOKE ${excess.join(', ')} ON ${kind} FROM ${appRole}`;
      yield { about, severity: 'warn', text, mend };
    }
  }
}

interface LaterRights {
  readonly kind: 'TABLES' | 'SEQUENCES';
  readonly wanted: readonly string[];
  readonly found: readonly string[];
}

function* compareExistence(
  { relations }: Catalog,
  expected: readonly Expected[],
): Iterable<ChamberFinding> {
  const names = new Set(relations.map(({ name }) => name));
  const told = new Set<string>();
  for (const { by, expectation } of expected) {
    const { table } = expectation;
    if (table.endsWith('.*') || told.has(table)) continue;
    if (!names.has(table)) {
      told.add(table);
      yield {
        about: `${by}: ${table}`,
        severity: 'fail',
        text: 'the table is missing',
        mend: undefined,
      };
    } else if (expectation.kind === 'storage') {
      const relation = relations.find(({ name }) => name === table)!;
      if (!relation.columns.some(({ name }) => name === expectation.column)) {
        const text = `the column "${expectation.column}" is missing`;
        yield { about: `${by}: ${table}`, severity: 'fail', text, mend: undefined };
      }
    }
  }
}

function* compareGrants(
  relation: Relation,
  expected: readonly Expected[],
  { appRole }: ChamberFacts,
): Iterable<ChamberFinding> {
  const name = qualified(relation.name);
  if (relation.kind === 'S') {
    const missing = ['USAGE', 'SELECT'].filter((one) => !relation.maySome.includes(one));
    if (missing.length === 0) return;
    const text = `the application lacks ${missing.join(', ')}`;
    const mend = `GRANT ${missing.join(', ')} ON SEQUENCE ${name} TO ${appRole}`;
    yield { about: `grants of ${relation.name}`, severity: 'fail', text, mend };
    return;
  }
  const { by, privileges, exactly } = grantsOf(relation, expected);
  const about = `${by}: grants of ${relation.name}`;
  // A view is read; what else it allows is its author's business.
  const isTable = relation.kind === 'r' || relation.kind === 'p';
  const wanted: readonly string[] = isTable ? privileges : ['SELECT'];
  const missing = wanted.filter((one) => !relation.may.includes(one));
  if (missing.length > 0) {
    const text = `the application lacks ${missing.join(', ')}`;
    const mend = `GRANT ${missing.join(', ')} ON ${name} TO ${appRole}`;
    yield { about, severity: 'fail', text, mend };
  }
  if (!exactly) return;
  const excess = [...new Set([...relation.may, ...relation.maySome])].filter(
    (one) => !wanted.includes(one) && isTable,
  );
  const granted = excess.filter((one) => relation.granted.includes(one));
  const inherited = excess.filter((one) => !granted.includes(one));
  if (granted.length > 0) {
    const text = `the application has ${granted.join(', ')}, and should not`;
    const mend = `REVOKE ${granted.join(', ')} ON ${name} FROM ${appRole}, PUBLIC`;
    yield { about, severity: 'fail', text, mend };
  }
  if (inherited.length > 0) {
    const text = `the application has ${inherited.join(', ')} by owning the table or by membership in another role`;
    yield { about, severity: 'fail', text, mend: undefined };
  }
}

function* compareParameters(
  relation: Relation,
  expected: readonly Expected[],
): Iterable<ChamberFinding> {
  const found = new Map(
    relation.options.map((option) => {
      const equals = option.indexOf('=');
      return [option.slice(0, equals), option.slice(equals + 1)] as const;
    }),
  );
  const wrong = parametersOf(relation, expected).filter(
    ({ name, value }) => normal(found.get(name)) !== normal(value),
  );
  if (wrong.length === 0) return;
  const text = wrong
    .map(({ name, value }) => `${name} is ${found.get(name) ?? 'not set'} instead of ${value}`)
    .join(', ');
  // Names and values are parts' own text.
  const settings = wrong.map(({ name, value }) => `${name} = ${value}`).join(', ');
  yield {
    about: `${wrong[0]!.by}: storage parameters of ${relation.name}`,
    severity: 'warn',
    text,
    mend: `ALTER TABLE ${qualified(relation.name)} SET (${settings})`,
  };
}

/** 'on' and 'true' are one, and so are 0.010 and 0.01. */
function normal(value: string | undefined): string | number | undefined {
  if (value === undefined) return undefined;
  if (/^(on|true|yes)$/i.test(value)) return 'true';
  if (/^(off|false|no)$/i.test(value)) return 'false';
  return Number.isNaN(Number(value)) ? value : Number(value);
}

const words = { p: 'PLAIN', e: 'EXTERNAL', m: 'MAIN', x: 'EXTENDED' } as const;

function* compareStorage(
  relation: Relation,
  expected: readonly Expected[],
  facts: ChamberFacts,
): Iterable<ChamberFinding> {
  for (const { by, column, storage, compression } of storageOf(relation, expected, facts)) {
    const found = relation.columns.find(({ name }) => name === column)!;
    const alter = `ALTER TABLE ${qualified(relation.name)} ALTER COLUMN ${identifier(column)}`;
    const about = `${by}: storage of ${relation.name}.${column}`;
    if (found.storage !== storage) {
      const text = `it is ${words[found.storage]} instead of ${words[storage]}`;
      const mend = `${alter} SET STORAGE ${words[storage]}`;
      yield { about, severity: 'warn', text, mend };
    }
    if (compression === 'l' && found.compression !== 'l') {
      const text = 'it is not compressed by lz4, which the server has';
      yield { about, severity: 'warn', text, mend: `${alter} SET COMPRESSION lz4` };
    }
    if (compression === '' && found.compression === 'l') {
      // Each large row would be refused.
      const text = 'it asks for lz4, which the server has not';
      yield { about, severity: 'fail', text, mend: `${alter} SET COMPRESSION default` };
    }
  }
}

function* compareBookkeeping(
  catalog: Catalog,
  { appRole }: ChamberFacts,
): Iterable<ChamberFinding> {
  const parts = catalog.relations.find(({ name }) => name === 'stillpoint.parts');
  if (parts === undefined || !usable(catalog)) return;
  const about = 'grants of stillpoint.parts';
  if (!parts.may.includes('SELECT')) {
    const mend = `GRANT SELECT ON stillpoint.parts TO ${appRole}`;
    yield { about, severity: 'fail', text: 'the application may not read it', mend };
  }
  const excess = parts.may.filter((one) => one !== 'SELECT' && parts.granted.includes(one));
  if (excess.length === 0) return;
  const mend = `REVOKE ${excess.join(', ')} ON stillpoint.parts FROM ${appRole}, PUBLIC`;
  yield { about, severity: 'fail', text: `the application has ${excess.join(', ')}`, mend };
}
