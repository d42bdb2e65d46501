// A restore into an empty directory of a project whose database is named in .env: that file is not there yet when the server has
// to be known, and the live database must stay as it is.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { withUrl } from '../packages/engine/src/sources/postgres/by-url/testing.ts';
import { createProject, openProject } from './fixture/project.ts';
import { openShopServer } from './fixture/shop-server.ts';

test('a database that only .env names is restored elsewhere under a name of its own', async (t) => {
  await using server = await openShopServer(t);
  if (server === undefined) return;
  const url = await server.createDatabase('shop');
  await using project = await createProject({
    extensions: [],
    database: false,
    config: {
      members: [{ path: '.', include: ['.env'] }],
      sources: { shop: { driver: 'postgres', url: { env: 'SHOP_URL' } } },
    },
  });
  await writeFile(path.join(project.directory, '.gitignore'), '.env\n');
  await writeFile(path.join(project.directory, '.env'), `SHOP_URL=${url}\n`);
  await withUrl(url, (client) => client.query('CREATE TABLE price AS SELECT 10 AS price'));
  await project.stillpoint(['snapshot', '--name', 'good']);
  await withUrl(url, (client) => client.query('UPDATE price SET price = 20'));

  const directory = await mkdtemp(path.join(tmpdir(), 'stillpoint-elsewhere-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  const said = (await project.stillpoint(['restore', 'good', '--into', directory])).stderr;
  const price = 'SELECT current_database() AS name, price FROM price';
  const live = await withUrl(url, (client) => client.query(price));
  assert.deepEqual(live.rows, [{ name: 'shop', price: 20 }]);
  const { stdout } = await openProject(directory).stillpoint([
    'exec',
    '--',
    'printenv',
    'DATABASE_URL',
  ]);
  const copy = await withUrl(stdout.trim(), (client) => client.query(price));
  assert.equal(copy.rows[0].price, 10);
  assert.match(copy.rows[0].name, /^shop_[0-9a-f]{8}$/);
  assert.ok(
    said.includes(`shop: its database on the server is ${copy.rows[0].name}; drop it`),
    said,
  );
});
