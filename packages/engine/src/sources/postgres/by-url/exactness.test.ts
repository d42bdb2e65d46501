// What comes back, and that it is exactly what was there: measured with pg_dump as text, which knows nothing of us.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import path from 'node:path';
import { newSnapshotId, silent } from '@stillpoint/core';
import { removePlace, startThrowawayCluster } from '../testing.ts';
import { applyFacts, creationOptions, readDatabaseFacts } from './facts.ts';
import {
  beginUrlLife,
  driverOptions,
  never,
  OWNER,
  PASSWORD,
  withUrl,
  openServerOfTests,
} from './testing.ts';

const { programs, server, skip } = await openServerOfTests();

const run = promisify(execFile);

/** Everything of a database as SQL, with what is set and granted for it; the same for the same database at any time. */
async function asText(database: string): Promise<string> {
  const { stdout } = await run(
    path.join(programs!, 'pg_dump'),
    ['--create', '-h', server.host, '-p', String(server.port), '-U', 'admin'],
    {
      env: { PGPASSWORD: PASSWORD, PGDATABASE: database, LC_ALL: 'C' },
      maxBuffer: 256 * 1024 * 1024,
    },
  );
  return stdout
    .split('\n')
    .filter((line) => !/^\\(un)?restrict /.test(line))
    .map(asReadBack)
    .join('\n');
}

/** A list of texts is written out with one cast when it was typed in, and with one for each when it comes from a dump. */
function asReadBack(line: string): string {
  return line
    .replaceAll(/\(\(ARRAY\[(.*?)\]\)::text\[\]\)/g, '(ARRAY[$1])')
    .replaceAll(/\(('(?:[^']|'')*'::character varying)\)::text/g, '$1');
}

/** Says the first line that differs: the whole is long. */
function assertSame(actual: string, expected: string): void {
  const [found, wanted] = [actual.split('\n'), expected.split('\n')];
  const at = wanted.findIndex((line, index) => line !== found[index]);
  if (at >= 0) assert.equal(found[at], wanted[at]);
  assert.equal(found.length, wanted.length);
}

const EVERYTHING = `
  CREATE EXTENSION pg_trgm; CREATE EXTENSION hstore; CREATE EXTENSION "uuid-ossp";
  CREATE SCHEMA "Möbel & Co";
  CREATE TYPE "Möbel & Co".stand AS ENUM ('neu', 'alt', 'o''k');
  CREATE DOMAIN plz AS text CHECK (VALUE ~ '^[0-9]{5}$');
  CREATE TABLE "Möbel & Co"."Stühle ""x""" (
    "Nr." bigint GENERATED ALWAYS AS IDENTITY (START 100 INCREMENT 5) PRIMARY KEY,
    "Größe in cm" numeric(6,2), doubled numeric GENERATED ALWAYS AS ("Größe in cm" * 2) STORED,
    status varchar(10) DEFAULT 'a' CHECK (status IN ('a', 'b', 'c''d')), stand "Möbel & Co".stand, plz plz,
    bytes bytea, tags text[], extra hstore, doc jsonb, "when" timestamptz DEFAULT now(), id uuid DEFAULT uuid_generate_v4());
  INSERT INTO "Möbel & Co"."Stühle ""x""" ("Größe in cm", status, stand, plz, bytes, tags, extra, doc)
    SELECT n / 3.0, (ARRAY['a','b'])[n % 2 + 1], 'o''k', lpad(n::text, 5, '0'), decode(md5(n::text), 'hex'),
      ARRAY[E'tab\\tnew\\nline', NULL, '\\\\.'], hstore('k', n::text), jsonb_build_object('n', n, 'ü', '☃') FROM generate_series(1, 500) n;
  CREATE INDEX ON "Möbel & Co"."Stühle ""x""" USING gin ((doc ->> 'ü') gin_trgm_ops) WHERE status IN ('a', 'b');
  CREATE VIEW open AS SELECT "Nr.", status FROM "Möbel & Co"."Stühle ""x""" WHERE status IN ('a', 'c''d');
  CREATE MATERIALIZED VIEW sums AS SELECT status, sum("Größe in cm") AS sum FROM "Möbel & Co"."Stühle ""x""" GROUP BY 1;
  CREATE TABLE parts (day date, n int) PARTITION BY RANGE (day);
  CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
  CREATE TABLE parts_rest PARTITION OF parts DEFAULT;
  INSERT INTO parts SELECT '2026-01-15'::date + n, n FROM generate_series(1, 40) n;
  CREATE TABLE parent (a int); CREATE TABLE child (b int) INHERITS (parent);
  INSERT INTO parent VALUES (1); INSERT INTO child VALUES (2, 3);
  CREATE TABLE nothing (); INSERT INTO nothing DEFAULT VALUES; INSERT INTO nothing DEFAULT VALUES;
  CREATE UNLOGGED TABLE quick (x text); INSERT INTO quick VALUES ('stays');
  CREATE SEQUENCE never; CREATE SEQUENCE set_not_called; SELECT setval('set_not_called', 42, false);
  CREATE SEQUENCE down INCREMENT -7 MINVALUE -1000 MAXVALUE -1; SELECT nextval('down'), nextval('down');
  CREATE FUNCTION twice(x int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT x * 2';
  CREATE FUNCTION watch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
  CREATE TRIGGER watching BEFORE INSERT ON parent FOR EACH ROW EXECUTE FUNCTION watch();
  ALTER TABLE parent ENABLE ROW LEVEL SECURITY; CREATE POLICY own ON parent FOR SELECT TO reader USING (a < 5);
  GRANT USAGE ON SCHEMA "Möbel & Co" TO reader; GRANT SELECT ON ALL TABLES IN SCHEMA "Möbel & Co" TO reader;
  ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO reader;
  SELECT lo_from_bytea(0, decode(repeat('00ff', 5000), 'hex'));
  COMMENT ON TABLE parent IS 'it''s a parent';`;

async function makeEverything(name: string): Promise<void> {
  await server.createDatabase(name);
  await withUrl(server.url(name), (client) => client.query(EVERYTHING));
  const quoted = `"${name.replaceAll('"', '""')}"`;
  await withUrl(server.url(name), (client) =>
    client.query(`
      ALTER DATABASE ${quoted} SET search_path = "$user", public, "Möbel & Co";
      ALTER DATABASE ${quoted} SET work_mem = '5MB';
      ALTER ROLE ${OWNER} IN DATABASE ${quoted} SET datestyle = 'ISO, DMY';
      ALTER DATABASE ${quoted} SET default_transaction_read_only = off;
      REVOKE ALL ON DATABASE ${quoted} FROM PUBLIC; GRANT CONNECT ON DATABASE ${quoted} TO reader WITH GRANT OPTION;
      GRANT CREATE, TEMPORARY ON DATABASE ${quoted} TO PUBLIC;
      ALTER DATABASE ${quoted} CONNECTION LIMIT 33; COMMENT ON DATABASE ${quoted} IS 'Läden ☃ {"stillpoint":1}'`),
  );
}

test(
  'everything that a database is comes back, and undo brings back what was',
  { skip },
  async () => {
    const admin = await server.admin();
    await admin.query('CREATE ROLE reader');
    const name = `Läden "1" a/b?c#d=e'f`;
    await makeEverything(name);
    const life = beginUrlLife(server, driverOptions(server, server.url(name)));
    const { notes, strategy } = await life.driver.probe(never);
    assert.equal(strategy, 'pg_dump');
    assert.deepEqual(notes, [
      'materialized views (1) are filled anew by a restore, from the tables as they were',
    ]);
    const then = await asText(name);
    const taken = await life.capture();
    assert.deepEqual(life.said, []);
    assert.doesNotMatch(JSON.stringify(taken.captured), new RegExp(PASSWORD.slice(0, 4)));
    await withUrl(server.url(name), (client) =>
      client.query(`
      TRUNCATE "Möbel & Co"."Stühle ""x"""; DROP VIEW open; SELECT nextval('down'), nextval('never');
      INSERT INTO parts VALUES ('2030-01-01', 1)`),
    );
    await admin.query(`COMMENT ON DATABASE "${name.replaceAll('"', '""')}" IS NULL`);
    const now = await asText(name);
    assert.ok(now !== then);

    const { undo, checks } = await life.restore(taken);
    assertSame(await asText(name), then);
    assert.match(
      checks.join('\n'),
      /7 tables with 545 rows.*\n4 sequences as in the freeze\nschema equal/,
    );

    const { checks: undone } = await life.restore(undo);
    assert.match(undone.join('\n'), /closed since/, 'the way back is the database that was closed');
    assertSame(await asText(name), now);
    await life.restore(taken);
    assertSame(await asText(name), then);
    const { rows } = await admin.query(
      `SELECT datname FROM pg_database WHERE datname LIKE '%\\_sp\\_%'`,
    );
    assert.equal(rows.length, 1, 'only the last undo point is kept');
    await life.driver.abandon();
  },
);

test(
  'a setting that only a superuser may give is refused by name, and comes back for one',
  { skip },
  async () => {
    await server.createDatabase('set');
    const admin = await server.admin();
    await admin.query(`ALTER DATABASE set SET app.tenant = 'a''b=c'`);
    const then = await asText('set');
    const life = beginUrlLife(server, driverOptions(server, server.url('set')));
    const taken = await life.capture();
    await assert.rejects(life.prepare(taken), { code: 'POSTGRES_SETTING_REFUSED' });
    const { rows } = await admin.query(`SELECT FROM pg_database WHERE datname LIKE 'set_sp%'`);
    assert.equal(rows.length, 0);
    const url = server.url('set', 'admin');
    await beginUrlLife(server, driverOptions(server, url), life.objects).restore(taken);
    assertSame(await asText('set'), then);
  },
);

test('a view reads the live database and a captured one beside it', { skip }, async () => {
  await server.createDatabase('looked');
  const life = beginUrlLife(server, driverOptions(server, server.url('looked')));
  const query = (sql: string): Promise<unknown> =>
    withUrl(server.url('looked'), (client) => client.query(sql));
  await query('CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1), (2)');
  const { id, captured } = await life.capture();
  await query('INSERT INTO t VALUES (3)');
  const access = life.driver.database!;
  const rowsOf = async (set: Awaited<ReturnType<typeof access.live>>): Promise<number> => {
    const [view] = set.databases;
    assert.equal(view!.name, 'looked');
    assert.equal(await view!.schemaDigest(), captured.schemaDigest);
    return view!.countRows({ schema: 'public', name: 't' });
  };
  {
    await using live = await access.live(never);
    assert.equal(await rowsOf(live), 3);
    await using then = await access.captured(captured.record, life.prepareOptions(id));
    assert.equal(await rowsOf(then), 2);
  }
  const admin = await server.admin();
  const { rows } = await admin.query(`SELECT FROM pg_database WHERE datname LIKE 'looked_sp%'`);
  assert.equal(rows.length, 0);
});

test('a restore into another directory has a database of its own', { skip }, async () => {
  await server.createDatabase('first');
  await withUrl(server.url('first'), (client) => client.query('CREATE TABLE t AS SELECT 1 AS n'));
  const life = beginUrlLife(server, driverOptions(server, server.url('first')));
  const taken = await life.capture();
  const more = { project: 'copy', databaseSuffix: '0a1b2c3d' };
  const options = driverOptions(server, server.url('first'), more);
  const copy = beginUrlLife(server, options, life.objects);
  assert.equal(await copy.driver.exists(), false);
  const there = await copy.prepare(taken);
  await copy.driver.prove(there, never);
  await copy.driver.switch(there, { undo: newSnapshotId(), progress: silent });
  await copy.driver.open();
  await copy.driver.finish(there, null);
  assert.equal(await copy.driver.exists(), true);
  await withUrl(server.url('first_0a1b2c3d'), (client) => client.query('INSERT INTO t VALUES (2)'));
  await withUrl(server.url('first'), async (client) => {
    assert.equal((await client.query('SELECT * FROM t')).rowCount, 1, 'the first is as it was');
  });
});

test(
  'sorted by ICU, or in another encoding, or reached by a socket: it comes back as it was',
  { skip },
  async () => {
    const admin = await server.admin();
    const kinds = {
      icu: `LOCALE_PROVIDER icu ICU_LOCALE 'de-AT'`,
      latin: `ENCODING LATIN1 LOCALE 'C'`,
    };
    for (const [name, options] of Object.entries(kinds)) {
      await admin.query(`CREATE DATABASE ${name} OWNER ${OWNER} TEMPLATE template0 ${options}`);
      const url = new URL(server.url(name));
      url.searchParams.set('host', server.socketDirectory);
      await withUrl(url.href, (client) =>
        client.query(
          `CREATE TABLE "größe" ("maß" text); INSERT INTO "größe" VALUES ('ß'), (E'ä\\n')`,
        ),
      );
      const then = await asText(name);
      const life = beginUrlLife(server, driverOptions(server, url.href));
      const taken = await life.capture();
      await withUrl(url.href, (client) => client.query('DELETE FROM "größe"'));
      await life.restore(taken);
      assertSame(await asText(name), then);
    }
  },
);

test('a database of a newer server is made with the provider that it has', { skip }, async (t) => {
  const { cluster, [Symbol.asyncDispose]: close } = await startThrowawayCluster();
  t.after(async () => {
    await close();
    await removePlace();
  });
  const client = await cluster.connect({ applicationName: 'stillpoint test' });
  t.after(() => client.end());
  const facts = await readDatabaseFacts(client, 'shop');
  assert.equal(facts?.provider, 'builtin');
  await client.query(`CREATE DATABASE again ${creationOptions(facts)}`);
  await applyFacts(client, 'again', facts);
  const { name: _name, oid: _oid, ...again } = (await readDatabaseFacts(client, 'again'))!;
  assert.partialDeepStrictEqual(facts, again);
});
