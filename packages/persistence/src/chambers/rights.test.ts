// Who may set the chambers up, and what is said when a right is missing.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isFailure } from '@stillpoint/core';
import { openDatabase } from '../database/index.ts';
import { openTestDatabase, serverOfTests, whyNot } from '../database/testing/index.ts';
import { appRoleName, checkChambers, examineChambers, installChambers } from './index.ts';
import { parts } from './testing/parts.ts';

test(
  'a role that may not make roles is told the SQL, and goes on when it was run',
  { skip: whyNot('debian-15') },
  async () => {
    const server = await serverOfTests('debian-15');
    const [, name = ''] = /\/(test_\w+)\?/.exec(await server.createDatabase()) ?? [];
    await server.admin(
      `CREATE ROLE ${name}_plain LOGIN PASSWORD 'x'; ALTER DATABASE ${name} OWNER TO ${name}_plain`,
    );
    await using database = await openDatabase({ at: server.url(name, `${name}_plain`, 'x') });
    const install = (): Promise<void> =>
      database.transaction((transaction) => installChambers(transaction, parts, database.facts));
    let sql = '';
    await assert.rejects(install(), (error) => {
      assert.ok(isFailure(error, 'CHAMBER_ROLE_MISSING'), String(error));
      sql = String(error.data['sql']);
      return true;
    });
    await server.admin(sql);
    await install();
    assert.deepEqual(await checkChambers(database, parts), []);
  },
);

test(
  'a right that is missing is named with the SQL that gives it',
  { skip: whyNot('debian-15') },
  async () => {
    const server = await serverOfTests('debian-15');
    const [, name = ''] = /\/(test_\w+)\?/.exec(await server.createDatabase()) ?? [];
    await server.admin(`CREATE ROLE ${name}_guest LOGIN CREATEROLE PASSWORD 'x'`);
    await server.admin('CREATE SCHEMA stillpoint', name);
    await using database = await openDatabase({ at: server.url(name, `${name}_guest`, 'x') });
    const install = (): Promise<void> =>
      database.transaction((transaction) => installChambers(transaction, parts, database.facts));
    let sql = '';
    await assert.rejects(install(), (error) => {
      assert.ok(isFailure(error, 'CHAMBER_RIGHT_MISSING'), String(error));
      sql = String(error.data['sql']);
      assert.match(error.message, /create schemas .*schema "public".*schema "stillpoint"/);
      return true;
    });
    await server.admin(sql, name);
    await install();
    assert.deepEqual(await checkChambers(database, parts), []);
  },
);

test(
  'an application that is a superuser, or a member of a stronger role, is found and not mended',
  { skip: whyNot('debian-15') },
  async (t) => {
    const { database, server } = await openTestDatabase(t, { kind: 'debian-15' });
    await database.transaction((transaction) =>
      installChambers(transaction, parts, database.facts),
    );
    const role = appRoleName(database.facts.database);
    await server.admin(`GRANT pg_write_all_data TO "${role}"`);
    const found = await checkChambers(database, parts);
    assert.ok(
      found.some(
        ({ about, mend }) => about === 'facts: grants of verbatim.facts' && mend === undefined,
      ),
      JSON.stringify(found),
    );
    await server.admin(`REVOKE pg_write_all_data FROM "${role}"; ALTER ROLE "${role}" SUPERUSER`);
    assert.deepEqual(
      (await checkChambers(database, parts)).map(({ about }) => about),
      [`role ${role}`],
    );
  },
);

test('the application role of a long database name fits, and is no other', () => {
  const long = 'ö'.repeat(31);
  assert.equal(Buffer.byteLength(appRoleName(long)) <= 63, true);
  assert.notEqual(appRoleName(`${long}a`), appRoleName(`${long}b`));
  assert.equal(appRoleName('shop'), 'shop_app');
});

test(
  'doctor looks at the parts that a database has, and at nothing where there are none',
  { skip: whyNot('debian-15') },
  async (t) => {
    const { database, url } = await openTestDatabase(t, { kind: 'debian-15' });
    assert.equal(await examineChambers(url, parts), undefined);
    const [notes, jobs] = parts;
    assert.ok(notes !== undefined && jobs !== undefined);
    await database.transaction((transaction) =>
      installChambers(transaction, [notes, jobs], database.facts),
    );
    assert.deepEqual(await examineChambers(url, parts), []);
    await database.query('ALTER TABLE queue.job_common RESET (fillfactor)');
    assert.deepEqual(
      (await examineChambers(url, parts))?.map(({ about, mend }) => ({ about, mend })),
      [
        {
          about: 'jobs: storage parameters of queue.job_common',
          mend: 'ALTER TABLE "queue"."job_common" SET (fillfactor = 60)',
        },
      ],
    );
  },
);
