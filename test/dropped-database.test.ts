// A database by URL that somebody dropped: a snapshot refuses, a restore makes it anew beside code that is there, and undo leaves it.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { withUrl } from '../packages/engine/src/sources/postgres/by-url/testing.ts';
import { createProject } from './fixture/project.ts';
import { openShopServer } from './fixture/shop-server.ts';

for (const others of ['code alone', 'code and another database']) {
  test(`a dropped database is made anew by a restore, beside ${others}`, async (t) => {
    await using server = await openShopServer(t);
    if (server === undefined) return;
    const shop = await server.createDatabase('shop');
    const stock = await server.createDatabase('stock');
    const more =
      others === 'code alone' ? {} : { stock: { driver: 'postgres', url: { env: 'STOCK_URL' } } };
    await using project = await createProject({
      extensions: [],
      database: false,
      config: { sources: { shop: { driver: 'postgres', url: { env: 'SHOP_URL' } }, ...more } },
    });
    const env = { SHOP_URL: shop, STOCK_URL: stock };
    const counter = path.join(project.directory, 'counter.txt');
    const priceIn = async (url: string): Promise<number> =>
      (await withUrl(url, (client) => client.query('SELECT price FROM price'))).rows[0].price;
    const dropped = await withUrl(stock, async (client) => {
      await client.query('CREATE TABLE price AS SELECT 1 AS price');
      await withUrl(shop, (own) => own.query('CREATE TABLE price AS SELECT 10 AS price'));
      await project.stillpoint(['snapshot', '--name', 'good'], { env });
      await client.query('UPDATE price SET price = 2');
      return client.query('DROP DATABASE shop WITH (FORCE)');
    });
    assert.equal(dropped.command, 'DROP');
    await writeFile(counter, '7\n');

    const refused = await project.stillpoint(['snapshot'], { env, exit: 10 });
    assert.match(refused.stderr, /POSTGRES_DATABASE_MISSING/);
    assert.match(refused.stderr, /stillpoint restore/);

    await project.stillpoint(['restore', 'good', '--yes'], { env });
    assert.equal(await priceIn(shop), 10);
    assert.equal(await readFile(counter, 'utf8'), '0\n');
    const stockAfter = others === 'code alone' ? [2, 2] : [1, 2];
    assert.equal(await priceIn(stock), stockAfter[0]);

    await withUrl(shop, (client) => client.query('UPDATE price SET price = 11'));
    await project.stillpoint(['undo', '--yes'], { env });
    assert.equal(await priceIn(shop), 11, 'it was not there: undo leaves it as it is');
    assert.equal(await priceIn(stock), stockAfter[1]);
    assert.equal(await readFile(counter, 'utf8'), '7\n');
  });
}
