// What needs several connections: the freeze lock, sessions, cancellation, the role. On each real server.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client } from 'pg';
import type { Database } from './contract.ts';
import { DEFAULT_FREEZE_LOCK_KEY, openDatabase } from './index.ts';
import { openTestDatabase, serverKinds, until, whyNot } from './testing/index.ts';

/** Whether a backend of this database waits in `state` of `name`. */
async function waiting(database: Database, event: string): Promise<boolean> {
  const { rows } = await database.query(
    `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = $1 AND state <> 'idle'`,
    [event],
  );
  return rows.length > 0;
}

const never = (): Promise<never> => new Promise(() => {});

for (const kind of serverKinds) {
  const skip = whyNot(kind);

  test(
    `${kind}: a transaction waits while a freeze holds its lock, what is left out does not`,
    { skip },
    async (t) => {
      const { database, url } = await openTestDatabase(t, { kind });
      await database.query('CREATE TABLE t (n int)');
      const freezer = new Client({ connectionString: url });
      await freezer.connect();
      await freezer.query(`BEGIN; SELECT pg_advisory_xact_lock('${DEFAULT_FREEZE_LOCK_KEY}')`);
      let began = false;
      const held = database.transaction(async (transaction) => {
        began = true;
        await transaction.query('INSERT INTO t VALUES (1)');
      });
      await until(() => waiting(database, 'advisory'));
      assert.equal(began, false);
      await database.transaction((transaction) => transaction.query('INSERT INTO t VALUES (2)'), {
        withoutFreezeLock: true,
      });
      const impatient = new AbortController();
      const givenUp = database.transaction(() => assert.fail(), { signal: impatient.signal });
      impatient.abort(new Error('not now'));
      await assert.rejects(givenUp, { message: 'not now' });
      await freezer.query('COMMIT');
      await held;
      assert.equal((await database.query('SELECT FROM t')).rowCount, 2);
      await using other = await openDatabase({ at: url, freezeLockKey: 7n });
      await freezer.query(`BEGIN; SELECT pg_advisory_xact_lock('${DEFAULT_FREEZE_LOCK_KEY}')`);
      await other.transaction((transaction) => transaction.query('INSERT INTO t VALUES (4)'));
      await freezer.end();
    },
  );

  test(
    `${kind}: a signal ends the statement on the server, and the wait for a connection`,
    { skip },
    async (t) => {
      const { database, url } = await openTestDatabase(t, { kind });
      await using small = await openDatabase({ at: url, connections: 1 });
      const sleeper = new AbortController();
      const sleeping = small.transaction(
        (transaction) => transaction.query('SELECT pg_sleep(600)'),
        { signal: sleeper.signal },
      );
      await until(() => waiting(database, 'PgSleep'));
      const queued = new AbortController();
      const inQueue = small.transaction(() => assert.fail(), { signal: queued.signal });
      queued.abort(new Error('no longer'));
      await assert.rejects(inQueue, { message: 'no longer' });
      sleeper.abort(new Error('enough'));
      await assert.rejects(sleeping, { message: 'enough' });
      assert.equal(await waiting(database, 'PgSleep'), false);
      // The pool's only place was given back twice: by who slept, and by who no longer waited.
      assert.deepEqual((await small.query('SELECT 1 AS n')).rows, [{ n: 1 }]);
    },
  );

  test(
    `${kind}: chunks of a COPY are not taken faster than the server takes them`,
    { skip },
    async (t) => {
      const { database } = await openTestDatabase(t, { kind });
      await database.query('CREATE TABLE t (n text)');
      const locked = Promise.withResolvers<void>();
      const release = Promise.withResolvers<void>();
      const locker = database.transaction(async (transaction) => {
        await transaction.query('LOCK TABLE t IN ACCESS EXCLUSIVE MODE');
        locked.resolve();
        await release.promise;
      });
      await locked.promise;
      const chunk = Buffer.from(`${'x'.repeat(65_535)}\n`);
      let taken = 0;
      async function* chunks(): AsyncGenerator<Uint8Array> {
        for (; taken < 400; taken++) yield chunk;
      }
      const copying = database.transaction((transaction) =>
        transaction.copyIn('COPY t FROM STDIN', chunks()),
      );
      await until(() => waiting(database, 'relation'));
      assert.ok(taken < 20, `${taken} chunks were taken before the server asked for one`);
      release.resolve();
      await locker;
      assert.equal(await copying, 400);
    },
  );

  test(`${kind}: a session hears, keeps its locks, and takes turns`, { skip }, async (t) => {
    const { database } = await openTestDatabase(t, { kind });
    await database.query('CREATE TABLE t (n int)');
    await using session = await database.session('a worker');
    const heard: string[] = [];
    const both = Promise.withResolvers<void>();
    await session.listen('Jobs "new"', (payload) => heard.push(payload));
    await session.listen('Jobs "new"', (payload) => {
      if (payload === 'two') both.resolve();
    });
    await database.query(`SELECT pg_notify('Jobs "new"', 'one'), pg_notify('Jobs "new"', 'two')`);
    await both.promise;
    assert.deepEqual(heard, ['one', 'two']);
    await session.query('SELECT pg_advisory_lock(42)');
    const inside = session.transaction(async (transaction) => {
      await transaction.query('INSERT INTO t VALUES (1)');
      await assert.rejects(session.query('SELECT 1'), TypeError);
      throw new Error('back');
    });
    const outside = session.query('INSERT INTO t VALUES (2)');
    await assert.rejects(inside, { message: 'back' });
    await outside;
    assert.deepEqual((await database.query('SELECT n FROM t')).rows, [{ n: 2 }]);
    const { rows } =
      await database.query(`SELECT application_name AS name, pg_try_advisory_lock(42) AS free
      FROM pg_stat_activity WHERE application_name = 'a worker'`);
    assert.deepEqual(rows, [{ name: 'a worker', free: false }]);
  });

  test(
    `${kind}: a session that is gone says so, and one that was closed does not`,
    { skip },
    async (t) => {
      const { database, server } = await openTestDatabase(t, { kind });
      await using session = await database.session('one to be killed');
      const lost = new Promise<unknown>((resolve) => {
        session.lost.addEventListener('abort', () => resolve(session.lost.reason));
      });
      const running = assert.rejects(session.query('SELECT pg_sleep(600)'), {
        code: 'DATABASE_CONNECTION_LOST',
      });
      await server.admin(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'one to be killed'`,
      );
      assert.equal(((await lost) as { code?: string }).code, 'DATABASE_CONNECTION_LOST');
      await running;
      await assert.rejects(session.query('SELECT 1'), { code: 'DATABASE_CONNECTION_LOST' });
      await assert.rejects(session.transaction(never), { code: 'DATABASE_CONNECTION_LOST' });
      const second = await database.session('one that is closed');
      await second[Symbol.asyncDispose]();
      assert.equal(second.lost.aborted, false);
      await assert.rejects(second.query('SELECT 1'), { code: 'DATABASE_CONNECTION_LOST' });
    },
  );

  test(
    `${kind}: statements run as the role that was asked for, in sessions too`,
    { skip },
    async (t) => {
      const { database, url } = await openTestDatabase(t, { kind });
      const role = `${database.facts.database} "app"`;
      const quoted = `"${role.replaceAll('"', '""')}"`;
      await database.query(`CREATE ROLE ${quoted} NOLOGIN; GRANT ${quoted} TO CURRENT_USER`);
      await using application = await openDatabase({
        at: url,
        role,
        applicationName: 'the daemon',
      });
      assert.equal(application.facts.role, role);
      await using session = await application.session('worker');
      for (const one of [application, session]) {
        const { rows } = await one.query('SELECT current_user::text AS role');
        assert.deepEqual(rows, [{ role }]);
      }
      await assert.rejects(application.query('CREATE TABLE public.t (n int)'), { code: '42501' });
      await assert.rejects(openDatabase({ at: url, role: 'nobody here' }), {
        code: 'DATABASE_ROLE_REFUSED',
      });
    },
  );

  test(
    `${kind}: closing the database closes its sessions, and leaves no connection`,
    { skip },
    async (t) => {
      const { database, url } = await openTestDatabase(t, { kind });
      const other = await openDatabase({ at: url, applicationName: 'a short life' });
      await other.session('its session');
      await other.query('SELECT 1');
      await other[Symbol.asyncDispose]();
      await until(async () => {
        const { rows } = await database.query(
          `SELECT FROM pg_stat_activity WHERE application_name IN ('a short life', 'its session')`,
        );
        return rows.length === 0;
      });
    },
  );
}
