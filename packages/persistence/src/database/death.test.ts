// Connections and servers that die: before, inside and at the end of a transaction. What is told is true, and nobody is given what
// is broken.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { test } from 'node:test';
import { isFailure } from '@stillpoint/core';
import type { Transaction } from './contract.ts';
import { openDatabase } from './index.ts';
import { openTestDatabase, serverKinds, startServer, until, whyNot } from './testing/index.ts';

const pidOf = async (transaction: Pick<Transaction, 'query'>): Promise<number> =>
  (await transaction.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')).rows[0]!.pid;

for (const kind of serverKinds) {
  const skip = whyNot(kind);

  test(
    `${kind}: a connection that dies in the pool is never given to anybody`,
    { skip },
    async (t) => {
      const { database, url, server } = await openTestDatabase(t, { kind });
      await using one = await openDatabase({ at: url, connections: 1 });
      const first = await pidOf(one);
      await server.admin(`SELECT pg_terminate_backend(${first}, 10000)`);
      // Told or not yet told that it is gone: what comes next either works or says that the connection broke.
      await one
        .query('SELECT 1')
        .catch((error: unknown) =>
          assert.ok(isFailure(error, 'DATABASE_CONNECTION_LOST'), String(error)),
        );
      assert.notEqual(await pidOf(one), first);
      await database.query('SELECT 1');
    },
  );

  test(
    `${kind}: a connection that dies inside of a transaction takes it along, and the next has another`,
    { skip },
    async (t) => {
      const { url, server } = await openTestDatabase(t, { kind });
      await using one = await openDatabase({ at: url, connections: 1 });
      await one.query('CREATE TABLE t (n int)');
      const dying = one.transaction(async (transaction) => {
        await transaction.query('INSERT INTO t VALUES (1)');
        await server.admin(`SELECT pg_terminate_backend(${await pidOf(transaction)}, 10000)`);
        await transaction.query('INSERT INTO t VALUES (2)');
      });
      await assert.rejects(dying, { code: 'DATABASE_CONNECTION_LOST' });
      // Swallowed in the body, it is no success either.
      const swallowing = one.transaction(async (transaction) => {
        await transaction.query('INSERT INTO t VALUES (1)');
        await server.admin(`SELECT pg_terminate_backend(${await pidOf(transaction)}, 10000)`);
        await transaction.query('INSERT INTO t VALUES (2)').catch(() => {});
      });
      await assert.rejects(swallowing, { code: 'DATABASE_CONNECTION_LOST' });
      const first = new Error('mine');
      const throwing = one.transaction(async (transaction) => {
        await server.admin(`SELECT pg_terminate_backend(${await pidOf(transaction)}, 10000)`);
        throw first;
      });
      await assert.rejects(throwing, first);
      assert.deepEqual((await one.query('SELECT count(*)::int AS n FROM t')).rows, [{ n: 0 }]);
    },
  );

  test(
    `${kind}: a connection that dies in a COPY is told, in both directions`,
    { skip },
    async (t) => {
      const { url, server } = await openTestDatabase(t, { kind });
      await using one = await openDatabase({ at: url, connections: 1 });
      await one.query('CREATE TABLE t (n text)');
      const into = one.transaction(async (transaction) => {
        const pid = await pidOf(transaction);
        async function* rows(): AsyncGenerator<Uint8Array> {
          for (let n = 0; ; n++) {
            yield Buffer.from(`${'x'.repeat(1000)}\n`);
            if (n === 100) await server.admin(`SELECT pg_terminate_backend(${pid}, 10000)`);
          }
        }
        await transaction.copyIn('COPY t FROM STDIN', rows());
      });
      await assert.rejects(into, { code: 'DATABASE_CONNECTION_LOST' });
      const out = one.transaction(async (transaction) => {
        const pid = await pidOf(transaction);
        let ended = false;
        for await (const _ of transaction.copyOut(
          'COPY (SELECT repeat(n::text, 1000) FROM generate_series(1, 200000) AS n) TO STDOUT',
        )) {
          if (!ended) await server.admin(`SELECT pg_terminate_backend(${pid}, 10000)`);
          ended = true;
        }
      });
      await assert.rejects(out, { code: 'DATABASE_CONNECTION_LOST' });
      assert.deepEqual((await one.query('SELECT count(*)::int AS n FROM t')).rows, [{ n: 0 }]);
    },
  );

  test(
    `${kind}: a commit without an answer is not known, whether it happened or not`,
    { skip },
    async () => {
      await using server = await startServer(kind, {
        settings: { synchronous_standby_names: 'nobody', synchronous_commit: 'off' },
      });
      await using database = await openDatabase({ at: await server.createDatabase() });
      await database.query(`CREATE TABLE t (n int);
      CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END$$;
      CREATE CONSTRAINT TRIGGER dies AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
        WHEN (NEW.n = 1) EXECUTE FUNCTION die()`);
      // It did not happen: a deferred trigger ends the session within the COMMIT.
      const before = database.transaction((transaction) =>
        transaction.query('INSERT INTO t VALUES (1)'),
      );
      await assert.rejects(before, { code: 'COMMIT_UNKNOWN' });
      // It did: the commit is in the WAL, and waits for a standby that never comes.
      const after = database.transaction(async (transaction) => {
        await transaction.query('SET LOCAL synchronous_commit = on');
        await transaction.query('INSERT INTO t VALUES (2)');
      });
      const told = assert.rejects(after, { code: 'COMMIT_UNKNOWN' });
      await until(async () => {
        const { rows } = await database.query(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'`,
        );
        return rows.length > 0;
      });
      await told;
      assert.deepEqual((await database.query('SELECT n FROM t')).rows, [{ n: 2 }]);
    },
  );

  test(
    `${kind}: a server that is killed is told as lost, and what was committed is there when it is back`,
    { skip },
    async () => {
      await using server = await startServer(kind);
      await using database = await openDatabase({ at: await server.createDatabase() });
      await database.query('CREATE TABLE t (n int)');
      await database.transaction((transaction) => transaction.query('INSERT INTO t VALUES (1)'));
      await using session = await database.session('a witness');
      const dying = database.transaction(async (transaction) => {
        await transaction.query('INSERT INTO t VALUES (2)');
        await server.kill();
        await transaction.query('INSERT INTO t VALUES (3)');
      });
      await assert.rejects(dying, { code: 'DATABASE_CONNECTION_LOST' });
      if (!session.lost.aborted)
        await new Promise((resolve) => session.lost.addEventListener('abort', resolve));
      await assert.rejects(
        database.transaction(async () => {}),
        (error) => isFailure(error),
      );
      await server.start();
      // Connections of the old server may still be in the pool; none of them lasts longer than one try.
      await until(async () => {
        try {
          assert.deepEqual((await database.query('SELECT n FROM t')).rows, [{ n: 1 }]);
          return true;
        } catch (error) {
          assert.ok(isFailure(error), String(error));
          return false;
        }
      });
    },
  );
}

test(
  'a server looks after whoever is connected over the network, so that a host that vanished holds no lock for hours',
  { skip: whyNot('embedded-18') },
  async () => {
    await using server = await startServer('embedded-18', {
      settings: { listen_addresses: '127.0.0.1', port: String(await freePort()) },
    });
    const url = new URL(await server.createDatabase());
    url.hostname = '127.0.0.1';
    url.searchParams.delete('host');
    await using database = await openDatabase({ at: url.href });
    await using session = await database.session('a worker');
    for (const one of [database, session]) {
      const { rows } = await one.query(
        `SELECT name, setting::int AS setting FROM pg_settings WHERE name LIKE 'tcp_%' ORDER BY name`,
      );
      assert.deepEqual(rows, [
        { name: 'tcp_keepalives_count', setting: 4 },
        { name: 'tcp_keepalives_idle', setting: 10 },
        { name: 'tcp_keepalives_interval', setting: 5 },
        { name: 'tcp_user_timeout', setting: 30_000 },
      ]);
    }
  },
);

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
