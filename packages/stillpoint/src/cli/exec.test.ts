// What `exec` hands to programs, whatever kinds of databases a project has. No server is needed: addresses are only handed on.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test, type TestContext } from 'node:test';
import { stillpoint } from './testing/run.ts';

const PRINT =
  'process.stdout.write(JSON.stringify(Object.fromEntries(Object.entries(process.env).filter(([name]) => /^(STILLPOINT_(?!TEST_)|PG|DATABASE_URL)/.test(name)))))';

/** Resolves to what a program of the project finds in its environment. */
async function environmentIn(
  t: TestContext,
  sources: object,
  ...options: readonly string[]
): Promise<Readonly<Record<string, string>>> {
  const directory = await mkdtemp(path.join(tmpdir(), 'stillpoint-exec-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  await writeFile(path.join(directory, 'stillpoint.config.json'), JSON.stringify({ sources }));
  await writeFile(path.join(directory, '.env'), `SHOP=postgresql://u:p%40ss@db:6543/sh%20op\n`);
  new DatabaseSync(path.join(directory, 'a.db')).close();
  const program = [process.execPath, '-e', PRINT];
  const ran = await stillpoint(['exec', '--no-gate', ...options, '--', ...program], {
    cwd: directory,
  });
  assert.equal(ran.status, 0, ran.stderr);
  return JSON.parse(ran.stdout) as Record<string, string>;
}

const STILLPOINT_LOCK_KEY = '357896375372';
const shop = {
  driver: 'postgres',
  url: { env: 'SHOP' },
  directUrl: 'postgresql://u:p@direct/shop',
};
const other = { driver: 'postgres', url: 'postgresql://o@other/o?sslmode=require&maintenance=m' };
const SHOP_URL = 'postgresql://u:p%40ss@db:6543/sh%20op';
const SHOP_MAIN = {
  DATABASE_URL: SHOP_URL,
  PGHOST: 'db',
  PGPORT: '6543',
  PGUSER: 'u',
  PGPASSWORD: 'p@ss',
  PGDATABASE: 'sh op',
};

test('exec in a project without Postgres gives the key alone', async (t) => {
  const found = await environmentIn(t, { cache: { driver: 'sqlite', file: 'a.db' } });
  assert.deepEqual(found, { STILLPOINT_LOCK_KEY });
});

test('exec gives the address of the only Postgres by URL, the one for programs', async (t) => {
  const sources = { shop, cache: { driver: 'sqlite', file: 'a.db' } };
  assert.deepEqual(await environmentIn(t, sources), {
    STILLPOINT_LOCK_KEY,
    STILLPOINT_DATABASE_URL_SHOP: SHOP_URL,
    ...SHOP_MAIN,
  });
});

test('exec with several gives each by its name, and the chosen one as DATABASE_URL', async (t) => {
  const sources = { shop, 'the-other': other };
  const both = {
    STILLPOINT_LOCK_KEY,
    STILLPOINT_DATABASE_URL_SHOP: SHOP_URL,
    STILLPOINT_DATABASE_URL_THE_OTHER: 'postgresql://o@other/o?sslmode=require',
  };
  assert.deepEqual(await environmentIn(t, sources), both);
  const chosen = await environmentIn(t, sources, '--source', 'shop');
  assert.deepEqual(chosen, { ...both, ...SHOP_MAIN });
});

test('exec gives the words that libpq knows, where an address has those of the client library', async (t) => {
  for (const [asked, PGSSLMODE] of [
    ['sslmode=no-verify', 'require'],
    ['ssl=true', 'require'],
    ['sslmode=verify-ca', 'verify-ca'],
  ]) {
    const url = `postgresql://u@h/d?${asked}`;
    assert.deepEqual(await environmentIn(t, { db: { driver: 'postgres', url } }), {
      STILLPOINT_LOCK_KEY,
      STILLPOINT_DATABASE_URL_DB: url,
      DATABASE_URL: url,
      PGHOST: 'h',
      PGUSER: 'u',
      PGDATABASE: 'd',
      PGSSLMODE,
    });
  }
});
