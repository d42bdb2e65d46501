import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FoundPostgres, FoundSqlite } from './contract.ts';
import { makeProject, type Project } from './testing/project.ts';

const address = 'postgresql://app:s3cret@localhost:5432/shop';

async function postgres(
  project: Project,
  environment: Record<string, string> = {},
): Promise<readonly FoundPostgres[]> {
  const { databases } = await project.discover(environment);
  return databases.filter((one): one is FoundPostgres => one.kind === 'postgres');
}

async function sqlite(project: Project): Promise<readonly FoundSqlite[]> {
  const { databases } = await project.discover();
  return databases.filter((one): one is FoundSqlite => one.kind === 'sqlite');
}

test('DATABASE_URL is found in .env as applications write it, and its password is kept nowhere', async (t) => {
  const project = await makeProject(t);
  await project.write(
    '.env',
    `# the database\nexport DATABASE_URL="${address}?schema=public" # here\n`,
  );
  const found = await project.discover();
  assert.deepEqual(found.databases, [
    {
      kind: 'postgres',
      name: 'shop',
      url: { env: 'DATABASE_URL', file: '.env' },
      where: 'localhost:5432/shop',
      foundIn: ['.env'],
      likely: true,
    },
  ]);
  assert.ok(!JSON.stringify(found).includes('s3cret'));
});

test('the environment has it too', async (t) => {
  const project = await makeProject(t);
  const [found] = await postgres(project, { DATABASE_URL: address, HOME: '/' });
  assert.deepEqual(found?.url, { env: 'DATABASE_URL' });
  assert.deepEqual(found.foundIn, ['environment']);
});

test('what the environment says wins over the file, and that is told', async (t) => {
  const project = await makeProject(t);
  await project.write('.env', `DATABASE_URL=${address}\n`);
  const found = await project.discover({ DATABASE_URL: 'postgres://other/elsewhere' });
  const [database] = found.databases;
  assert.ok(database?.kind === 'postgres');
  assert.equal(database.where, 'other:5432/elsewhere');
  assert.match(
    found.notes.join('\n'),
    /DATABASE_URL is set in the environment, which wins over \.env/,
  );
});

test('variables in variables are filled in', async (t) => {
  const project = await makeProject(t);
  await project.write(
    '.env',
    'DB_USER=app\nDB_PASS=p\nDATABASE_URL=postgres://${DB_USER}:${DB_PASS}@${DB_HOST:-127.0.0.1}:5433/x\n',
  );
  const [found] = await postgres(project);
  assert.equal(found?.where, '127.0.0.1:5433/x');
});

test('.env.local counts before .env, and packages have files of their own', async (t) => {
  const project = await makeProject(t);
  await project.write('.env', `DATABASE_URL=${address}\n`);
  await project.write('.env.local', 'DATABASE_URL=postgres://localhost/mine\n');
  await project.write('packages/api/.env', 'ORDERS_DATABASE_URL=postgres://localhost/orders\n');
  const found = await postgres(project);
  assert.deepEqual(
    found.map(({ name, url }) => [name, url]),
    [
      ['mine', { env: 'DATABASE_URL', file: '.env.local' }],
      ['orders', { env: 'ORDERS_DATABASE_URL', file: 'packages/api/.env' }],
    ],
  );
});

test('a pooler and the way past it are one source: Neon, Supabase, Vercel', async (t) => {
  const neon = await makeProject(t);
  await neon.write(
    '.env',
    'DATABASE_URL=postgres://u:p@ep-x-pooler.eu.neon.tech/main\nDATABASE_URL_UNPOOLED=postgres://u:p@ep-x.eu.neon.tech/main\n',
  );
  const supabase = await makeProject(t);
  await supabase.write(
    '.env',
    'DATABASE_URL=postgres://u.r:p@aws-0.pooler.supabase.com:6543/postgres?pgbouncer=true\nDIRECT_URL=postgres://u:p@db.r.supabase.co:5432/postgres\n',
  );
  const vercel = await makeProject(t);
  await vercel.write(
    '.env',
    'POSTGRES_URL=postgres://u:p@x-pooler.a.com/v\nPOSTGRES_PRISMA_URL=postgres://u:p@x-pooler.a.com/v?pgbouncer=true\nPOSTGRES_URL_NON_POOLING=postgres://u:p@x.a.com/v\n',
  );
  const pairs = [
    [neon, 'main', 'DATABASE_URL', 'DATABASE_URL_UNPOOLED'],
    [supabase, 'db', 'DATABASE_URL', 'DIRECT_URL'],
    [vercel, 'v', 'POSTGRES_PRISMA_URL', 'POSTGRES_URL_NON_POOLING'],
  ] as const;
  for (const [project, name, url, direct] of pairs) {
    const found = await postgres(project);
    assert.equal(found.length, 1);
    assert.deepEqual(
      [found[0]?.name, found[0]?.url.env, found[0]?.directUrl?.env],
      [name, url, direct],
    );
  }
});

test('two databases are never one, whatever their variables are called', async (t) => {
  const project = await makeProject(t);
  await project.write(
    '.env',
    `DATABASE_URL=${address}\nDIRECT_URL=postgres://u:p@other:5432/different\nTEST_DATABASE_URL=postgres://localhost/shop_test\nSHADOW_DATABASE_URL=postgres://localhost/shadow\n`,
  );
  const found = await postgres(project);
  assert.deepEqual(
    found.map(({ url, directUrl, likely }) => [url.env, directUrl, likely]),
    [
      ['DATABASE_URL', undefined, true],
      ['TEST_DATABASE_URL', undefined, false],
      ['DIRECT_URL', undefined, true],
    ],
  );
});

test('Prisma: the schema names its variables, and a file is relative to the schema', async (t) => {
  const project = await makeProject(t);
  await project.write(
    'prisma/schema.prisma',
    'generator client {\n  provider = "prisma-client-js"\n}\n\ndatasource db {\n  provider = "sqlite" // for now\n  url      = env("MY_DB")\n}\n',
  );
  await project.write('.env', 'MY_DB="file:./dev.db"\n');
  await project.sqlite('prisma/dev.db');
  await project.sqlite('dev.db');
  const found = await sqlite(project);
  assert.deepEqual(
    found.map(({ file, foundIn }) => [file, foundIn]),
    [
      ['dev.db', []],
      ['prisma/dev.db', ['MY_DB in .env']],
    ],
  );
});

test('Prisma 7: the address is in prisma.config.ts, and a file is relative to that', async (t) => {
  const project = await makeProject(t);
  await project.write('prisma/schema.prisma', 'datasource db {\n  provider = "sqlite"\n}\n');
  await project.write(
    'prisma.config.ts',
    "export default defineConfig({\n  schema: 'prisma/schema.prisma',\n  datasource: {\n    url: env('DATABASE_URL'),\n  },\n});\n",
  );
  await project.write('.env', 'DATABASE_URL=file:./dev.db\n');
  await project.sqlite('prisma/dev.db');
  await project.sqlite('dev.db');
  const named = (await sqlite(project)).filter(({ foundIn }) => foundIn.length > 0);
  assert.deepEqual(
    named.map(({ file }) => file),
    ['dev.db'],
  );
});

test('Prisma: directUrl, and an address in the schema itself', async (t) => {
  const project = await makeProject(t);
  await project.write(
    'db/schema.prisma',
    'datasource db {\n  provider  = "postgresql"\n  url       = env("POOL")\n  directUrl = env("SERVER")\n}\n',
  );
  await project.write(
    'other/schema.prisma',
    `datasource db {\n  provider = "postgresql"\n  url = "postgresql://app:s3cret@h:1/lit"\n}\n`,
  );
  await project.write('.env', 'POOL=postgres://p:6543/a\nSERVER=postgres://s:5432/a\n');
  const found = await project.discover();
  const [pooled, literal] = found.databases;
  assert.ok(pooled?.kind === 'postgres' && literal?.kind === 'postgres-unnamed');
  assert.deepEqual([pooled.url.env, pooled.directUrl?.env], ['POOL', 'SERVER']);
  assert.deepEqual([literal.name, literal.where], ['lit', 'h:1/lit']);
  assert.match(literal.advice, /other\/schema\.prisma holds the address itself/);
  assert.ok(!JSON.stringify(found).includes('s3cret'));
});

test('a schema that reads a variable which nobody sets', async (t) => {
  const project = await makeProject(t);
  await project.write(
    'prisma/schema.prisma',
    'datasource db {\n  provider = "postgresql"\n  url = env("DATABASE_URL")\n}\n',
  );
  const [found] = (await project.discover()).databases;
  assert.ok(found?.kind === 'postgres-unnamed');
  assert.match(
    found.advice,
    /reads DATABASE_URL, which is neither in the environment nor in a \.env file/,
  );
});

test('Drizzle: dialect, address and migrations are read without running the file', async (t) => {
  const project = await makeProject(t);
  await project.write(
    'drizzle.config.ts',
    "throw new Error('must not run');\nexport default defineConfig({\n  out: './migrations',\n  dialect: 'postgresql',\n  // url: process.env.OLD\n  dbCredentials: { url: process.env.MAIN_DB! },\n});\n",
  );
  await project.write(
    'lite/drizzle.config.json',
    '{ "dialect": "sqlite", "dbCredentials": { "url": "./local.db" } }',
  );
  await project.sqlite('lite/local.db', 'delete');
  const found = await project.discover({ MAIN_DB: address });
  const [main, lite] = found.databases;
  assert.ok(main?.kind === 'postgres' && lite?.kind === 'sqlite');
  assert.deepEqual([main.url.env, main.foundIn], ['MAIN_DB', ['environment', 'drizzle.config.ts']]);
  assert.deepEqual(
    [lite.file, lite.journal, lite.foundIn],
    ['lite/local.db', 'rollback', ['lite/drizzle.config.json']],
  );
  assert.deepEqual(
    found.schemas.map(({ tool, provider, migrations }) => [tool, provider, migrations]),
    [
      ['drizzle', 'postgresql', 'migrations'],
      ['drizzle', 'sqlite', 'lite/drizzle'],
    ],
  );
});

test('SQLite files are known by how they begin, not by their names', async (t) => {
  const project = await makeProject(t);
  await project.sqlite('test/fixture.db');
  await project.repository();
  await project.sqlite('data/app.sqlite3');
  await project.sqlite('node_modules/x/cache.db');
  await project.write('notes.db', 'no database');
  await project.write('empty.sqlite', '');
  const found = await sqlite(project);
  assert.deepEqual(
    found.map(({ file, journal, likely }) => [file, journal, likely]),
    [
      ['data/app.sqlite3', 'wal', true],
      ['test/fixture.db', 'wal', false],
    ],
  );
});

test('a SQLite file outside of the project, and one that is not there yet, are told', async (t) => {
  const outside = await makeProject(t);
  await outside.sqlite('x.db');
  const project = await makeProject(t);
  await project.write(
    '.env',
    `A_DATABASE_URL=file:${outside.directory}/x.db\nB_DATABASE_URL=file:./later.db\n`,
  );
  const { databases, notes } = await project.discover();
  assert.deepEqual(databases, []);
  assert.match(notes.join('\n'), /A_DATABASE_URL in \.env names lies outside the project/);
  assert.match(notes.join('\n'), /B_DATABASE_URL in \.env names, \.\/later\.db, is not there yet/);
});

const compose = `# for development
services:
  web:
    image: node:24
    ports: ["3000:3000"]
  db:
    image: "postgres:18-alpine"
    environment:
      POSTGRES_USER: app
      POSTGRES_PASSWORD: s3cret
      POSTGRES_DB: \${NAME:-shop}
    ports:
    - "127.0.0.1:5433:5432"
volumes:
  db:
`;

test('a Postgres of a compose file is suggested, with what to write where', async (t) => {
  const project = await makeProject(t);
  await project.write('compose.yaml', compose);
  const [found] = (await project.discover()).databases;
  assert.ok(found?.kind === 'postgres-unnamed');
  assert.deepEqual([found.name, found.where], ['shop', '127.0.0.1:5433/shop']);
  assert.match(found.advice, /DATABASE_URL=postgresql:\/\/app:PASSWORD@127\.0\.0\.1:5433\/shop/);
});

test('a Postgres of a compose file that a variable names already is that one', async (t) => {
  const project = await makeProject(t);
  await project.write('compose.yaml', compose);
  await project.write(
    '.env',
    'DATABASE_URL=postgres://app:x@localhost:5433/shop\nINNER_DATABASE_URL=postgres://app:x@db/shop\n',
  );
  const found = await project.discover();
  assert.equal(found.databases.length, 1);
  const [database] = found.databases;
  assert.ok(database?.kind === 'postgres');
  assert.deepEqual(
    [database.url.env, database.foundIn],
    ['DATABASE_URL', ['.env', 'compose.yaml (db)']],
  );
});

test('a host that only containers know is told', async (t) => {
  const project = await makeProject(t);
  await project.write('compose.yaml', compose);
  await project.write('.env', 'DATABASE_URL=postgres://app:x@db:5432/shop\n');
  const { notes } = await project.discover();
  assert.match(notes.join('\n'), /names the host "db", which only containers know/);
});

test('what cannot be captured is said by name', async (t) => {
  const project = await makeProject(t);
  await project.write(
    '.env',
    'DATABASE_URL=mysql://u:p@h/x\nA_DATABASE_URL=prisma+postgres://accelerate/?api_key=s3cret\nB_DATABASE_URL=postgresql+asyncpg://h/x\nC_DATABASE_URL=sqlite:///:memory:\nD_DATABASE_URL=postgres://u:p@ss/w@h:x/y\n',
  );
  const found = await project.discover();
  assert.deepEqual(found.databases, []);
  for (const word of [
    'MySQL',
    'Accelerate',
    'SQLAlchemy',
    'in memory',
    'D_DATABASE_URL in .env is no address',
  ]) {
    assert.ok(
      found.notes.some((note) => note.includes(word)),
      word,
    );
  }
  assert.ok(!JSON.stringify(found).includes('s3cret'));
});

test('two databases are never told to live in one variable', async (t) => {
  const project = await makeProject(t);
  await project.write('compose.yaml', compose);
  await project.write('.env', 'DATABASE_URL=postgres://localhost/first\n');
  const [, found] = (await project.discover()).databases;
  assert.ok(found?.kind === 'postgres-unnamed');
  assert.equal(found.variable, 'SHOP_DATABASE_URL');
  assert.match(found.advice, / SHOP_DATABASE_URL=postgresql:/);
});

test('a fresh checkout: the schema reads a variable that is not set, and the compose file has the database', async (t) => {
  const project = await makeProject(t);
  await project.write('compose.yaml', compose);
  await project.write(
    'prisma/schema.prisma',
    'datasource db {\n  provider = "postgresql"\n  url = env("APP_DB")\n}\n',
  );
  const { databases } = await project.discover();
  assert.equal(databases.length, 1);
  assert.ok(databases[0]?.kind === 'postgres-unnamed');
  assert.deepEqual(databases[0].foundIn, ['compose.yaml', 'prisma/schema.prisma']);
  assert.match(
    databases[0].advice,
    /write APP_DB=postgresql:\/\/app:PASSWORD@127\.0\.0\.1:5433\/shop/,
  );
});
