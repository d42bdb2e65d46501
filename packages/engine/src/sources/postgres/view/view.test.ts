import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isFailure } from '@stillpoint/core';
import type { Client } from 'pg';
import type { DatabaseView, RowView, TableName } from '../../contract.ts';
import { connectApplication, never, holdThrowawayCluster, withDatabase } from '../testing.ts';
import { schemaDigest, settleSession } from '../schema-digest.ts';
import { createPostgresView } from './index.ts';

const cluster = await holdThrowawayCluster();

interface Opened extends AsyncDisposable {
  readonly view: DatabaseView;
}

async function openView(database = 'shop'): Promise<Opened> {
  const connect = (): Promise<Client> =>
    cluster.connect({ database, applicationName: 'stillpoint test', signal: never });
  const client = await connect();
  return {
    view: createPostgresView({ client, database, connect }),
    [Symbol.asyncDispose]: () => client.end(),
  };
}

async function collect(view: DatabaseView, table: TableName, oneIn = 1): Promise<RowView[]> {
  const rows: RowView[] = [];
  for await (const row of view.rows(table, { oneIn })) rows.push(row);
  return rows;
}

const table = (name: string, schema = 'public'): TableName => ({ schema, name });

await withDatabase(cluster, async (client) => {
  await client.query(`
    CREATE TABLE "Odd ""name""" (a int, "b c" text, PRIMARY KEY ("b c", a));
    INSERT INTO "Odd ""name""" VALUES (1, 'x'), (2, 'O''Brien \\ "quoted"');
    CREATE TABLE plain (n int, note text, at timestamptz, data bytea, raw json);
    INSERT INTO plain VALUES (1, NULL, '2026-01-02 03:04:05+00', '\\x00ff', '{"a":  1}'), (1, NULL, NULL, NULL, NULL);
    CREATE INDEX plain_note ON plain (lower(note)) WHERE n > 0;
    CREATE TABLE parted (id int PRIMARY KEY, v text) PARTITION BY RANGE (id);
    CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (10);
    CREATE TABLE parted_2 PARTITION OF parted FOR VALUES FROM (10) TO (20);
    INSERT INTO parted SELECT g, 'v' || g FROM generate_series(1, 15) g;
    CREATE TABLE parent (id int); CREATE TABLE child () INHERITS (parent);
    INSERT INTO parent VALUES (1); INSERT INTO child VALUES (2);
    CREATE MATERIALIZED VIEW sums AS SELECT count(*) AS c FROM parted;
    CREATE MATERIALIZED VIEW unfilled AS SELECT 1 AS one WITH NO DATA;
    CREATE TABLE nothing ();
    INSERT INTO nothing DEFAULT VALUES;
    CREATE TABLE many AS SELECT g AS id, repeat('x', g % 50) AS v FROM generate_series(1, 6000) g;
    ALTER TABLE many ADD PRIMARY KEY (id);
    CREATE SCHEMA other; CREATE TABLE other.ledger (version text); INSERT INTO other.ledger VALUES ('1'), ('2');
    CREATE TABLE wide (${Array.from({ length: 120 }, (_, at) => `c${at} int`).join(', ')});
    INSERT INTO wide (c0, c119) SELECT g, g FROM generate_series(1, 64) g`);
});

test('tables are described: once each, with columns, indexes, key and size', async () => {
  await using opened = await openView();
  const tables = await opened.view.tables();
  assert.deepEqual(
    tables.map(({ schema, name }) => `${schema}.${name}`),
    [
      'other.ledger',
      'public.Odd "name"',
      'public.child',
      'public.many',
      'public.nothing',
      'public.parent',
      'public.parted',
      'public.plain',
      'public.sums',
      'public.wide',
    ],
  );
  const odd = tables[1]!;
  assert.deepEqual(odd.columns, [
    { name: 'a', type: 'integer' },
    { name: 'b c', type: 'text' },
  ]);
  assert.deepEqual(odd.key, ['b c', 'a']);
  assert.match(odd.indexes[0]!.definition, /UNIQUE INDEX .* USING btree \("b c", a\)/);
  const plain = tables.find(({ name }) => name === 'plain')!;
  assert.deepEqual(plain.key, []);
  assert.match(plain.indexes[0]!.definition, /lower\(note\)\) WHERE \(n > 0\)/);
  for (const { name, bytes } of tables)
    assert.ok(bytes! > 0 || ['nothing', 'child'].includes(name), name);
  assert.equal('from' in odd, false);
});

test('rows come as texts, keyed by the primary key or the whole row; an inheriting table has its own only', async () => {
  await using opened = await openView();
  const { view } = opened;
  assert.deepEqual(
    new Set((await collect(view, table('Odd "name"'))).map(({ key }) => key)),
    new Set(['["x","1"]', JSON.stringify(['O\'Brien \\ "quoted"', '2'])]),
  );
  const [first, second] = await collect(view, table('plain'));
  assert.deepEqual(first!.values, {
    n: '1',
    note: null,
    at: '2026-01-02 03:04:05+00',
    data: '\\x00ff',
    raw: '{"a":  1}',
  });
  assert.equal(second!.key, '["1",null,null,null,null]');
  assert.equal((await collect(view, table('parted'))).length, 15);
  assert.equal(await view.countRows(table('parted')), 15);
  assert.equal(await view.countRows(table('parent')), 1);
  assert.deepEqual((await collect(view, table('parent'))).length, 1);
  assert.deepEqual(await collect(view, table('sums')), [{ key: '["15"]', values: { c: '15' } }]);
  assert.deepEqual(await collect(view, table('nothing')), [{ key: '[]', values: {} }]);
});

test('a sample takes the same keys in every view, whatever else the rows hold', async () => {
  await using one = await openView();
  const before = await collect(one.view, table('many'), 8);
  await withDatabase(cluster, async (client) => {
    await client.query('CREATE DATABASE copy');
    await client.query("UPDATE many SET v = 'changed' WHERE id % 2 = 0");
  });
  await withDatabase(
    cluster,
    async (client) => {
      await client.query('CREATE TABLE many (v text, id int PRIMARY KEY)');
      await client.query("INSERT INTO many SELECT '', g FROM generate_series(6000, 1, -1) g");
    },
    'copy',
  );
  await using copy = await openView('copy');
  await using two = await openView();
  const keys = before.map(({ key }) => key).toSorted();
  assert.ok(keys.length > 500 && keys.length < 1000, `${keys.length} of 6000`);
  for (const { view } of [two, copy]) {
    const rows = await collect(view, table('many'), 8);
    assert.deepEqual(rows.map(({ key }) => key).toSorted(), keys);
  }
  const all = await collect(two.view, table('many'));
  assert.equal(new Set(all.map(({ key }) => key)).size, 6000);
  assert.ok((await collect(two.view, table('wide'), 4)).length < 64);
});

test('everything is of one moment, and leaves nothing open when the reader stops early', async () => {
  await using opened = await openView();
  const { view } = opened;
  assert.equal(await view.countRows(table('parent')), 1);
  await withDatabase(cluster, (client) => client.query('INSERT INTO parent VALUES (9)'));
  assert.equal(await view.countRows(table('parent')), 1);
  for await (const { key } of view.rows(table('many'), { oneIn: 1 })) {
    assert.ok(key);
    // In between, on the same transaction.
    assert.equal((await collect(view, table('parent'))).length, 1);
    break;
  }
  assert.equal((await collect(view, table('many'))).length, 6000);
});

test('small tables are read whole, by schema or by search; what is not there is undefined', async () => {
  await using opened = await openView();
  const { view } = opened;
  const both = [{ version: '1' }, { version: '2' }];
  assert.deepEqual(await view.readAll(table('ledger', 'other'), ['version']), both);
  assert.deepEqual(await view.readAll({ schema: null, name: 'ledger' }, ['version']), both);
  assert.equal(await view.readAll(table('ledger'), ['version']), undefined);
  assert.equal(await view.readAll(table('ledger', 'other'), ['version', 'at']), undefined);
  await assert.rejects(view.countRows(table('ledger')), TypeError);
});

test('the stamp is written, read by the next view, and is in no digest and among no tables', async () => {
  const digest = async (): Promise<string> => {
    await using opened = await openView();
    return await opened.view.schemaDigest();
  };
  const before = await digest();
  {
    await using opened = await openView();
    const { view } = opened;
    assert.equal(await view.readStamp(), undefined);
    await view.writeStamp('{"a":1}');
    await view.writeStamp(`{"b":"it's"}`);
    assert.equal(await view.readStamp(), `{"b":"it's"}`);
  }
  await using opened = await openView();
  assert.equal(await opened.view.readStamp(), `{"b":"it's"}`);
  assert.equal(await digest(), before);
  assert.ok((await opened.view.tables()).every(({ schema }) => schema !== 'stillpoint'));
  const asked = await opened.view.readAll(table('stamp', 'stillpoint'), ['stamp']);
  assert.deepEqual(asked, [{ stamp: `{"b":"it's"}` }], 'read by whoever knows its name');
  const client = await cluster.connect({ database: 'shop', applicationName: 'stillpoint test' });
  await settleSession(client);
  assert.equal(await schemaDigest(client), before);
  await client.end();
});

test('beside a stamp of ours the owner of the database may keep the ledger of its migrations', async () => {
  {
    await using opened = await openView();
    await opened.view.writeStamp('{}');
  }
  const client = await connectApplication(cluster);
  await client.query(
    'CREATE TABLE stillpoint.migrations (name text); DROP TABLE stillpoint.migrations',
  );
  await client.end();
});

test('a stamp that may not be written is refused by name', async () => {
  const notWritable = (error: unknown): boolean => isFailure(error, 'STAMP_NOT_WRITABLE');
  const client = await connectApplication(cluster);
  // The table of the test before belongs to the administrator.
  const weak = createPostgresView({
    client,
    database: 'shop',
    connect: () => connectApplication(cluster),
  });
  await assert.rejects(weak.writeStamp('{}'), notWritable);
  const readOnly = createPostgresView({
    client,
    database: 'copy',
    async connect() {
      const connected = await connectApplication(cluster, 'copy');
      await connected.query('SET default_transaction_read_only = on');
      return connected;
    },
  });
  await assert.rejects(readOnly.writeStamp('{}'), notWritable);
  await assert.rejects(
    createPostgresView({ client, database: 'copy' }).writeStamp('{}'),
    notWritable,
  );
  await client.end();
});

test('what an application defines never runs with our rights: casts, triggers at the stamp', async () => {
  await withDatabase(cluster, (client) => client.query('CREATE DATABASE trap'));
  await withDatabase(
    cluster,
    async (client) => {
      await client.query(`
        CREATE TABLE caught (who text);
        CREATE TYPE mood AS ENUM ('sad', 'glad');
        CREATE FUNCTION catch(mood) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE 'caught'; END $$;
        CREATE CAST (mood AS text) WITH FUNCTION catch(mood);
        CREATE TABLE moods (m mood PRIMARY KEY); INSERT INTO moods VALUES ('sad'), ('glad');
        CREATE SCHEMA stillpoint; CREATE TABLE stillpoint.stamp (one boolean PRIMARY KEY, stamp text);
        CREATE FUNCTION mark() RETURNS trigger LANGUAGE plpgsql AS
          $$ BEGIN INSERT INTO public.caught VALUES (current_user); RETURN NEW; END $$;
        CREATE TRIGGER t BEFORE INSERT ON stillpoint.stamp FOR EACH ROW EXECUTE FUNCTION mark()`);
    },
    'trap',
  );
  await using opened = await openView('trap');
  const { view } = opened;
  assert.equal((await collect(view, table('moods'))).length, 2);
  assert.equal((await collect(view, table('moods'), 1_000_000)).length, 0);
  await assert.rejects(view.writeStamp('{}'), (error) => isFailure(error, 'STAMP_NOT_WRITABLE'));
  assert.equal(await view.countRows(table('caught')), 0);
});

test('a table that may not be read does not spoil the view, and a policy hides no row in silence', async () => {
  await withDatabase(cluster, async (client) => {
    await client.query(`CREATE TABLE guarded (n int); INSERT INTO guarded VALUES (1);
      ALTER TABLE guarded ENABLE ROW LEVEL SECURITY; ALTER TABLE guarded FORCE ROW LEVEL SECURITY;
      CREATE TABLE forbidden (n int); REVOKE ALL ON forbidden FROM app`);
  });
  const client = await connectApplication(cluster);
  const view = createPostgresView({ client, database: 'shop' });
  await assert.rejects(collect(view, table('forbidden')), /permission denied/);
  await assert.rejects(view.countRows(table('guarded')), /row-level security/);
  assert.equal(await view.countRows(table('plain')), 2);
  await client.end();
});
