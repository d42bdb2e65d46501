// What is refused when a database is opened, in which words, and that a password is in none of them.
import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { test } from 'node:test';
import { isFailure } from '@stillpoint/core';
import { identifier, literal, openDatabase, qualified } from './index.ts';
import { refuseOld } from './refusal.ts';
import { openTestDatabase, OWNER, serverOfTests, whyNot } from './testing/index.ts';

const SECRET = 'geheim/@#ß';

/** Opens, and gives the error, in which the secret is nowhere. */
async function refusal(url: string): Promise<string> {
  const error: unknown = await openDatabase({ at: url }).then(
    () => assert.fail('it opened'),
    (reason: unknown) => reason,
  );
  assert.ok(isFailure(error), String(error));
  for (const said of [inspect(error, { depth: 10 }), JSON.stringify(error)]) {
    assert.ok(!said.includes(SECRET) && !said.includes(encodeURIComponent(SECRET)), said);
  }
  return error.code;
}

test('each refusal has its own words', { skip: whyNot('debian-15') }, async () => {
  const server = await serverOfTests('debian-15');
  const [, name = ''] = /\/(test_\w+)\?/.exec(await server.createDatabase()) ?? [];
  assert.equal(await refusal(server.url(name, OWNER, SECRET)), 'DATABASE_LOGIN_REFUSED');
  assert.equal(await refusal(server.url(name, 'nobody', SECRET)), 'DATABASE_LOGIN_REFUSED');
  await server.admin(
    `CREATE ROLE "${name}_guest" LOGIN PASSWORD '${SECRET}'; REVOKE CONNECT ON DATABASE ${name} FROM PUBLIC`,
  );
  assert.equal(await refusal(server.url(name, `${name}_guest`, SECRET)), 'DATABASE_LOGIN_REFUSED');
  assert.equal(await refusal(server.url('nothing', `${name}_guest`, SECRET)), 'DATABASE_MISSING');
  const secret = encodeURIComponent(SECRET);
  assert.equal(await refusal(`postgresql://me:${secret}@localhost:1/x`), 'DATABASE_UNREACHABLE');
  assert.equal(await refusal(`postgresql://me:${secret}@/x?host=/nowhere`), 'DATABASE_UNREACHABLE');
  assert.equal(await refusal(`mysql://me:${secret}@localhost/x`), 'DATABASE_ADDRESS_INVALID');
  assert.equal(
    await refusal(`postgresql://me:${SECRET}@localhost:port/x`),
    'DATABASE_ADDRESS_INVALID',
  );
  assert.equal(
    await refusal(`postgresql://me:${secret}@localhost/x?port=0`),
    'DATABASE_ADDRESS_INVALID',
  );
});

test('a mistyped address leaks no part of a password, and none into the way it connects', async () => {
  // Read as a host and a database.
  assert.equal(
    await refusal(`postgresql://me:p@${SECRET}@localhost/x`),
    'DATABASE_ADDRESS_INVALID',
  );
  assert.equal(
    await refusal('postgresql://me@localhost/x?sslmode=verify_full'),
    'DATABASE_ADDRESS_INVALID',
  );
});

test('a certificate that cannot be read is an error of the catalogue', async () => {
  const url = 'postgresql://me@localhost:1/x?sslmode=verify-full&sslrootcert=/nowhere/ca.pem';
  assert.equal(await refusal(url), 'DATABASE_UNREACHABLE');
});

test(
  'a socket needs no certificate, whatever is asked',
  { skip: whyNot('debian-15') },
  async () => {
    const server = await serverOfTests('debian-15');
    const url = new URL(await server.createDatabase());
    assert.ok(url.searchParams.get('host')?.startsWith('/'));
    url.searchParams.set('sslmode', 'require');
    await using database = await openDatabase({ at: url.href });
    assert.equal(database.facts.role, OWNER);
  },
);

test(
  'a refused login does not keep the process waiting for the server',
  { skip: whyNot('debian-15') },
  async () => {
    const server = await serverOfTests('debian-15');
    // Without a password the client refuses to answer the server, which then waits for a minute.
    await assert.rejects(openDatabase({ at: server.url('postgres', OWNER, '') }), {
      code: 'DATABASE_LOGIN_REFUSED',
    });
    const rows = await server.admin(
      `SELECT FROM pg_stat_activity WHERE usename = '${OWNER}' AND state IS NULL`,
    );
    assert.equal(rows.length, 0);
  },
);

test('a server that is too old is refused', () => {
  refuseOld(150_000, 'here');
  assert.throws(() => refuseOld(140_013, 'here'), {
    code: 'DATABASE_TOO_OLD',
    message: /version 14\.13/,
  });
});

test(
  'names and texts are quoted so that nothing breaks out of them',
  { skip: whyNot('embedded-18') },
  async (t) => {
    const { database } = await openTestDatabase(t);
    const wild = [`a"b`, `x'; DROP TABLE t; --`, 'ü.ö', '\\', `E'\\'`, ' ', '$$'];
    for (const name of wild) {
      await database.query(`CREATE TABLE ${identifier(name)} (${identifier(name)} int)`);
      const { rows } =
        await database.query(`SELECT attname::text AS name FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid
      WHERE attnum > 0 AND relname = ${literal(name)}`);
      assert.deepEqual(rows, [{ name }]);
    }
    for (const off of ['on', 'off']) {
      const found = await database
        .transaction(async (transaction) => {
          await transaction.query(`SET LOCAL standard_conforming_strings = ${off}`).catch(() => {});
          return (await transaction.query(`SELECT ${literal(wild.join(''))} AS text`)).rows;
        })
        .catch(() => undefined);
      if (found !== undefined) assert.deepEqual(found, [{ text: wild.join('') }]);
    }
    assert.equal(identifier('a', 'b'), '"a"."b"');
    assert.equal(qualified('queue.job.x'), '"queue"."job.x"');
    for (const bad of ['', 'a\0', 'ü'.repeat(32)]) assert.throws(() => identifier(bad), TypeError);
    assert.throws(() => qualified('job'), TypeError);
    assert.throws(() => identifier(), TypeError);
  },
);
