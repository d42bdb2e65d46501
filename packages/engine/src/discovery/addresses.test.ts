import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readEnvironment } from '../config/index.ts';
import { databaseIdentity, readDatabaseAddress } from './addresses.ts';
import { readComposeFile } from './compose-file.ts';
import { readDrizzleConfig } from './drizzle.ts';
import { createNames } from './naming.ts';
import { readPrismaConfig, readPrismaSchema } from './prisma.ts';

const sqlite: readonly (readonly [string, string])[] = [
  ['file:./dev.db', './dev.db'],
  ['file:dev.db?connection_limit=1', 'dev.db'],
  ['file:/abs/dev.db', '/abs/dev.db'],
  ['file:///abs/dev.db', '/abs/dev.db'],
  ['file:../a%20b.db', '../a b.db'],
  ['sqlite:data.db', 'data.db'],
  ['sqlite://data.db', 'data.db'],
  ['sqlite:///./app.db', './app.db'],
  ['sqlite:////srv/app.db', '/srv/app.db'],
  ['sqlite3:db/development.sqlite3', 'db/development.sqlite3'],
];

for (const [text, path] of sqlite) {
  test(`the file of ${text}`, () => {
    assert.deepEqual(readDatabaseAddress(text), { kind: 'sqlite', path });
  });
}

test('one server under two names is one database; two databases are two', () => {
  const identity = (text: string): string => {
    const address = readDatabaseAddress(text);
    assert.ok(address.kind === 'postgres', text);
    return address.identity;
  };
  const same = identity('postgres://u:p@localhost/app');
  assert.equal(identity('postgresql://other@127.0.0.1:5432/app?x=1'), same);
  assert.equal(identity('postgresql://u@[::1]/app'), same);
  assert.notEqual(identity('postgres://u:p@localhost/app2'), same);
  assert.notEqual(identity('postgres://u:p@localhost:5433/app'), same);
  assert.equal(identity('postgres://app@localhost'), same);
});

test('the database is the one that a driver of the address connects to', () => {
  const identity = databaseIdentity;
  const same = identity('postgres://u@localhost/app');
  assert.equal(identity('postgres://u@other:1/x?host=localhost&port=5432&dbname=app'), same);
  const socket = identity('postgres://u@/app?host=/run/a');
  assert.equal(identity('postgres://u@localhost/app?host=/run/a'), socket);
  assert.notEqual(identity('postgres://u@localhost/app?host=/run/b'), socket);
  assert.equal(identity('postgres://u@localhost/app?port=0'), undefined);
});

test('what stands in comments is not read', () => {
  assert.deepEqual(
    readPrismaSchema(
      'datasource db {\n  // url = env("OLD")\n  provider = "postgresql"\n  url = env("NEW")\n}\n',
    ),
    { provider: 'postgresql', url: { env: 'NEW' }, directUrl: undefined },
  );
  const drizzle = readDrizzleConfig(
    "export default { /* dialect: 'mysql' */ dialect: 'postgresql', dbCredentials: { url: 'postgres://u:p@h/x' } }",
  );
  assert.deepEqual(
    [drizzle.dialect, drizzle.url],
    ['postgresql', { literal: 'postgres://u:p@h/x' }],
  );
});

test('the ways in which code names a variable', () => {
  const forms = [
    'process.env.A_URL!',
    "process.env['A_URL'] as string",
    'process.env.A_URL ?? ""',
    'String(process.env.A_URL)',
    '(process.env.A_URL as string)',
    'env.A_URL',
    "env('A_URL')",
    "Deno.env.get('A_URL')",
    'Bun.env.A_URL',
    'import.meta.env.A_URL',
  ];
  for (const form of forms) {
    const { url } = readDrizzleConfig(`export default { dbCredentials: { url: ${form} } }`);
    assert.deepEqual(url, { env: 'A_URL' }, form);
  }
});

test('a schema whose place prisma.config.ts puts together', () => {
  const config = readPrismaConfig(
    "export default defineConfig({ schema: path.join('db', 'schema.prisma') })",
  );
  assert.equal(config.schema, 'db/schema.prisma');
});

test('compose files in both ways of writing', () => {
  const text = [
    'services:',
    '    store:',
    '        image: postgis/postgis:17-3.5',
    '        environment:',
    '            - "POSTGRES_USER=gis"',
    '            - POSTGRES_PASSWORD=s3cret',
    '        ports:',
    '            - target: 5432',
    '              published: "6000"',
    '    hidden:',
    '        image: pgvector/pgvector:pg18',
    '    other:',
    '        image: redis',
  ].join('\r\n');
  assert.deepEqual(
    readComposeFile(text, () => undefined),
    [
      {
        service: 'store',
        image: 'postgis/postgis:17-3.5',
        port: 6000,
        user: 'gis',
        database: 'gis',
      },
      {
        service: 'hidden',
        image: 'pgvector/pgvector:pg18',
        port: undefined,
        user: 'postgres',
        database: 'postgres',
      },
    ],
  );
});

test('names are what the configuration takes, and no two alike', () => {
  const names = createNames(['core', 'a_b']);
  const taken = [
    'core',
    'core',
    'a-b',
    'Ünïcode Names',
    '42',
    '',
    'x'.repeat(60),
    'x'.repeat(60),
  ].map((one) => names.take(one));
  assert.deepEqual(taken.slice(0, 6), [
    'core2',
    'core3',
    'a-b2',
    'unicode-names',
    'source',
    'source2',
  ]);
  for (const name of taken) assert.match(name, /^[a-z][a-z0-9_-]{0,31}$/);
  assert.equal(new Set(taken).size, taken.length);
});

test('variables: a default, an escape, a circle, a hole, and lines that double each other', () => {
  const doubling = Array.from({ length: 40 }, (_, at) => `V${at + 1}=\${V${at}}\${V${at}}`);
  const found = readEnvironment(
    [
      'V0=x',
      ...doubling,
      'A=${B:-b}',
      "E='\\${A}'",
      'C=${D}',
      'D=${C}',
      'H=postgres://${NOBODY}/x',
    ].join('\n'),
    { HOME: '/h' },
  );
  assert.deepEqual([found['A'], found['E'], found['H']], ['b', '${A}', 'postgres://${NOBODY}/x']);
  assert.ok((found['V40'] ?? '').length < 100_000);
  assert.ok(found['C']?.includes('${'));
});

test('nothing that stands in a file can make the readers throw', () => {
  let state = 11;
  const random = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const pieces =
    'postgres:// postgresql:// file: sqlite:/// mysql:// @ : / ? # % %41 %zz [ ] { } ${ ${A} ${A:-b} \\ " \' ` = \n \r\n \t \0 A DATABASE_URL export services: image: ports: - 5432:5432 environment: datasource provider url env( process.env. dbCredentials dialect // /* */ é 😀 localhost 127.0.0.1 ::1 65536'.split(
      / /,
    );
  for (let round = 0; round < 3000; round++) {
    const text = Array.from({ length: random(14) }, () => pieces[random(pieces.length)]).join(
      random(2) === 0 ? '' : ' ',
    );
    const variables = readEnvironment(text, { A: 'a' });
    for (const value of [text, ...Object.values(variables)]) readDatabaseAddress(value ?? '');
    readComposeFile(text, (name) => variables[name]);
    readPrismaSchema(text);
    readPrismaConfig(text);
    readDrizzleConfig(text);
  }
});

test('nor wait long: what repeats without end is read once through', () => {
  const long = (piece: string): string => piece.repeat(Math.floor(131_072 / piece.length));
  const pieces = [
    '\n',
    ' \n',
    'datasource db {\n',
    'dbCredentials: {',
    'url:\n',
    '"',
    "'\\",
    '/*',
    '- 1:',
    '${A',
    '${A:-',
  ];
  for (const piece of pieces) {
    const text = long(piece);
    readPrismaSchema(text);
    readPrismaConfig(text);
    readDrizzleConfig(text);
    readComposeFile(text, () => undefined);
    readEnvironment(`A=${text}`);
    readDatabaseAddress(`postgres://${text}`);
  }
});
