// What cannot work is refused before anybody is paused, in words that say what to do; and what a role or a database sets for
// programs stands in nobody's way.
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:net';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { isFailure, type ErrorCode } from '@stillpoint/core';
import { removePlace, startThrowawayCluster } from '../testing.ts';
import {
  beginUrlLife,
  driverOptions,
  never,
  OWNER,
  PASSWORD,
  withUrl,
  openServerOfTests,
} from './testing.ts';
import type { PostgresByUrlOptions } from './options.ts';
import { parseRecord } from './record.ts';

const { programs, server, skip } = await openServerOfTests();

const sql = (url: string, text: string): Promise<unknown> =>
  withUrl(url, (client) => client.query(text));

/** Both probe and begin refuse; nobody was paused. Resolves to what a person reads. */
async function refused(
  code: ErrorCode,
  url: string,
  more: Partial<PostgresByUrlOptions> = {},
): Promise<string> {
  const life = beginUrlLife(server, driverOptions(server, url, more));
  let text = '';
  const expected = (error: unknown): boolean => {
    assert.ok(isFailure(error, code), String(error));
    text = `${error.message} ${error.hint}`;
    assert.ok(!text.includes(PASSWORD), 'no secret is shown');
    return true;
  };
  await assert.rejects(life.driver.probe(never), expected);
  await assert.rejects(life.capture(), expected);
  return text;
}

test('a wrong password, an unknown role, a database that is not there', { skip }, async () => {
  await server.createDatabase('there');
  const wrong = await refused('POSTGRES_LOGIN_REFUSED', server.url('there', OWNER, 'wrong'));
  assert.match(wrong, /127\.0\.0\.1:\d+ refuses the role "shop"/);
  assert.ok(!wrong.includes('wrong'));
  await refused('POSTGRES_LOGIN_REFUSED', server.url('there', 'nobody'));
  assert.match(
    await refused('POSTGRES_DATABASE_MISSING', server.url('not "there"')),
    /not "there"/,
  );
});

test(
  'no network: a closed port, an unknown host, a server that never answers',
  { skip },
  async () => {
    const silent: Server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => silent.once('listening', resolve));
    const { port } = silent.address() as { port: number };
    try {
      const url = `postgresql://u:p@127.0.0.1:${port}/db?connect_timeout=1`;
      const text = await refused('POSTGRES_SERVER_UNREACHABLE', url);
      assert.match(text, /timeout/);
    } finally {
      silent.close();
    }
    await refused('POSTGRES_SERVER_UNREACHABLE', `postgresql://u:p@127.0.0.1:${port}/db`);
    // Answered at once by whoever resolves names.
    await refused('POSTGRES_SERVER_UNREACHABLE', 'postgresql://u:p@no-such-host.invalid/db');
  },
);

test('missing programs are told with the line that installs them', { skip }, async () => {
  await server.createDatabase('dumped');
  const empty = path.join(server.directory, 'empty');
  await mkdir(empty);
  const url = server.url('dumped');
  const text = await refused('PG_DUMP_MISSING', url, { programs: empty });
  assert.match(text, /apt-get install postgresql-client-\d\d/);
});

test('a pg_dump that is older than the server', { skip }, async (t) => {
  const old = path.join(server.directory, 'old');
  await mkdir(old);
  for (const name of ['pg_dump', 'pg_restore']) {
    const script = `#!/bin/sh\necho '${name} (PostgreSQL) 9.6.24'\n`;
    await writeFile(path.join(old, name), script, { mode: 0o755 });
  }
  await server.createDatabase('newer');
  const text = await refused('PG_DUMP_TOO_OLD', server.url('newer'), { programs: old });
  assert.match(text, /is version 9\.6\.24/);

  // Debian's real one, and the newer server that Stillpoint brings along.
  const { cluster, [Symbol.asyncDispose]: close } = await startThrowawayCluster();
  t.after(async () => {
    await close();
    await removePlace();
  });
  const more = { programs: programs! };
  const real = await refused('PG_DUMP_TOO_OLD', await cluster.url(), more);
  assert.match(real, /apt-get install postgresql-client-18/);
});

test('tables that the role may not read are named', { skip }, async () => {
  await server.createDatabase('partly');
  const admin = await server.admin('partly');
  await admin.query(`CREATE ROLE guest LOGIN PASSWORD 'guest'`);
  await admin.query(
    `CREATE TABLE "Of others" (x int); CREATE SEQUENCE counter; CREATE SCHEMA closed; CREATE TABLE closed.t (x int);
     CREATE TABLE rows (x int); ALTER TABLE rows ENABLE ROW LEVEL SECURITY; GRANT SELECT ON rows TO guest;
     CREATE TABLE open (x int); GRANT SELECT ON open TO guest`,
  );
  const url = server.url('partly', 'guest', 'guest');
  const text = await refused('POSTGRES_TABLES_UNREADABLE', url);
  assert.match(text, /"guest".*closed\.t, public\."Of others", public\.counter, public\.rows\./);
});

test(
  'a role that may not restore is told so in time, and a snapshot can be taken',
  { skip },
  async () => {
    await server.createDatabase('readable');
    const admin = await server.admin('readable');
    await admin.query(`CREATE ROLE reading LOGIN PASSWORD 'r'; GRANT pg_read_all_data TO reading`);
    await admin.query('CREATE TABLE t AS SELECT 1 AS n');
    const url = server.url('readable', 'reading', 'r');
    const life = beginUrlLife(server, driverOptions(server, url));
    const { notes } = await life.driver.probe(never);
    assert.match(notes.join('\n'), /"?reading"? may not create databases.*\n.*belongs to shop/);
    const taken = await life.capture();
    await assert.rejects(life.prepare(taken), { code: 'POSTGRES_NO_CREATEDB' });
    await admin.query('ALTER ROLE reading CREATEDB');
    await assert.rejects(life.prepare(taken), { code: 'POSTGRES_NOT_OWNER' });
    await admin.query('ALTER TABLE t OWNER TO reading');
    const strong = driverOptions(server, server.url('readable', 'admin'));
    const late = await beginUrlLife(server, strong, life.objects).capture();
    const roles = beginUrlLife(server, driverOptions(server, server.url('readable')), life.objects);
    await assert.rejects(roles.prepare(late), { code: 'POSTGRES_NOT_MEMBER' });
    await admin.query('ALTER TABLE t OWNER TO shop; REVOKE pg_read_all_data FROM reading');
    await admin.query('DROP OWNED BY reading; DROP ROLE reading');
    await assert.rejects(roles.prepare(late), (error: unknown) => {
      assert.ok(isFailure(error, 'POSTGRES_ROLES_MISSING'));
      return error.hint.includes('CREATE ROLE "reading"');
    });
  },
);

test('an extension that only a superuser may create is named', { skip }, async () => {
  await server.createDatabase('extended');
  const admin = await server.admin('extended');
  await admin.query('CREATE EXTENSION pageinspect');
  const url = server.url('extended');
  const life = beginUrlLife(server, driverOptions(server, url));
  const taken = await life.capture();
  await assert.rejects(life.prepare(taken), (error: unknown) => {
    assert.ok(isFailure(error, 'POSTGRES_EXTENSION_REFUSED'));
    return error.message.includes('pageinspect (only a superuser may create it)');
  });
  const strong = driverOptions(server, server.url('extended', 'admin'));
  await beginUrlLife(server, strong, life.objects).restore(taken);
});

test('limits set for the role and the database stand in nobody’s way', { skip }, async () => {
  await server.createDatabase('hurried');
  const admin = await server.admin();
  // Longer than a busy machine needs from one statement to the next.
  const limits = ['statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout'];
  for (const name of [...limits, 'idle_session_timeout']) {
    await admin.query(`ALTER DATABASE hurried SET ${name} = '200ms'`);
  }
  const role = `CREATE ROLE strict LOGIN CREATEDB PASSWORD 's'`;
  await admin.query(`${role}; ALTER ROLE strict SET default_transaction_read_only = on`);
  await admin.query(`ALTER ROLE strict SET statement_timeout = '200ms'`);
  await admin.query('ALTER DATABASE hurried OWNER TO strict');
  const url = server.url('hurried', 'strict', 's');
  // pg_sleep in a materialized view's source makes its dump and its restore slower than all of the limits.
  await (
    await server.admin('hurried')
  ).query(
    `SET statement_timeout = 0; CREATE TABLE slow AS SELECT 1 AS n; ALTER TABLE slow OWNER TO strict;
     CREATE FUNCTION slowly() RETURNS int LANGUAGE sql AS 'SELECT 1 FROM pg_catalog.pg_sleep(0.25)'; ALTER FUNCTION slowly OWNER TO strict;
     CREATE MATERIALIZED VIEW seen AS SELECT slowly() AS one; ALTER MATERIALIZED VIEW seen OWNER TO strict`,
  );
  const life = beginUrlLife(server, driverOptions(server, url));
  const pause = (): Promise<unknown> => sql(server.url('postgres'), 'SELECT pg_sleep(0.25)');
  const taken = await life.capture({
    afterMark: async () => void (await pause()),
    beforeMark: async () => void (await pause()),
  });
  const { checks } = await life.restore(taken);
  assert.match(checks.join('\n'), /1 tables with 1 rows/);
});

test(
  'the options of an address hold for every session, and change no snapshot',
  { skip },
  async () => {
    await server.createDatabase('optional');
    const admin = await server.admin();
    await admin.query(`CREATE ROLE visitor LOGIN NOINHERIT IN ROLE ${OWNER} PASSWORD 'v'`);
    await sql(
      server.url('optional'),
      `CREATE SCHEMA other; CREATE TABLE other.t (x int DEFAULT 1); CREATE VIEW other.v AS SELECT x FROM other.t;
     INSERT INTO other.t VALUES (1), (2); REVOKE ALL ON SCHEMA other FROM PUBLIC`,
    );
    const url = server.url('optional', 'visitor', 'v');
    await refused('POSTGRES_TABLES_UNREADABLE', url);
    const options = `-c role=${OWNER} -c search_path=other -c statement_timeout=1s -c default_transaction_read_only=on`;
    const asked = `${url}?options=${encodeURIComponent(options)}`;
    const life = beginUrlLife(server, driverOptions(server, asked));
    const taken = await life.capture();
    const plain = beginUrlLife(server, driverOptions(server, server.url('optional')), life.objects);
    const digests = [taken, await plain.capture()].map(
      ({ captured }) => parseRecord(captured.record).schemaDigest,
    );
    assert.ok(digests[0] !== null && digests[0] === digests[1]);
    await sql(server.url('optional'), 'DELETE FROM other.t');
    const { checks } = await life.restore(taken);
    assert.match(checks.join('\n'), /1 tables with 2 rows/);
  },
);

test(
  'a failed restore leaves the old database serving, and nothing beside it',
  { skip },
  async () => {
    await server.createDatabase('kept');
    const url = server.url('kept');
    await sql(url, 'CREATE TABLE t AS SELECT 1 AS n');
    // Its function works while it is created, and no longer when the dump is read back.
    await sql(
      url,
      `CREATE TABLE gone (n int); CREATE FUNCTION looks() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT count(*) FROM gone); END';
     CREATE MATERIALIZED VIEW broken AS SELECT looks() AS n`,
    );
    const life = beginUrlLife(server, driverOptions(server, url));
    const taken = await life.capture();
    await assert.rejects(life.prepare(taken), (error: unknown) => {
      assert.ok(isFailure(error, 'POSTGRES_REFILL_FAILED'), String(error));
      return /relation "gone" does not exist/.test(error.message);
    });
    await life.driver.abandon();
    await withUrl(url, async (client) => {
      assert.equal((await client.query('SELECT * FROM t')).rowCount, 1);
      const { rows } = await client.query(`SELECT FROM pg_database WHERE datname LIKE 'kept\\_%'`);
      assert.equal(rows.length, 0);
    });
  },
);

test(
  'somebody who cannot be sent away keeps the database open and the restore from switching',
  { skip },
  async () => {
    await server.createDatabase('busy');
    const url = server.url('busy');
    await sql(url, 'CREATE TABLE t (n int)');
    const life = beginUrlLife(server, driverOptions(server, url));
    const { id } = await life.capture();
    const superuser = await server.admin('busy');
    const closing = life.driver.close({ verifyHeld: async () => {}, undo: id });
    await assert.rejects(closing, { code: 'POSTGRES_CLIENTS_REMAIN' });
    await superuser.query('SELECT 1');
    await superuser.end();
    await sql(url, 'INSERT INTO t VALUES (1)');
  },
);

test('what is not ours is never dropped, whatever it is called', { skip }, async () => {
  const admin = await server.admin();
  await server.createDatabase('mine');
  await sql(server.url('mine'), 'CREATE TABLE t (n int)');
  const life = beginUrlLife(server, driverOptions(server, server.url('mine')));
  const theirs = beginUrlLife(
    server,
    driverOptions(server, server.url('mine'), { project: 'another project' }),
    life.objects,
  );
  const taken = await life.capture();
  const prepared = (await theirs.prepare(taken)) as { oid: number };
  await life.prepare(taken);
  for (const name of ['mine_sp_old_1', 'mine_sp_00001111', 'mine_sp_ffff']) {
    await server.createDatabase(name);
  }
  await admin.query(`COMMENT ON DATABASE mine_sp_ffff IS '{"stillpoint":1}'`);
  await life.restore(taken);
  await life.driver.abandon();
  const { rows } = await admin.query<{ oid: number; datname: string }>(
    `SELECT oid, datname FROM pg_database WHERE datname LIKE 'mine\\_%' ORDER BY 2`,
  );
  const names = rows.map(({ datname }) => datname);
  assert.equal(
    rows.length,
    5,
    `three of the user's, one undo point, one of the other project: ${names.join()}`,
  );
  assert.ok(rows.some(({ oid }) => oid === prepared.oid));
  await theirs.driver.abandon();
});
