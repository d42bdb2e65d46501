// Ways to a server: by TLS, past databases that the role may not enter, and without the password in any argument list.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chown, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { findUser } from '../cluster/system-user.ts';
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

test('the password is in no argument list', { skip }, async () => {
  await server.createDatabase('quiet');
  const wrapped = path.join(server.directory, 'wrapped');
  const list = path.join(server.directory, 'arguments');
  await mkdir(wrapped);
  for (const name of ['pg_dump', 'pg_restore']) {
    const script = `#!/bin/sh\necho "$0 $*" >> ${list}\nexec ${programs}/${name} "$@"\n`;
    await writeFile(path.join(wrapped, name), script, { mode: 0o755 });
  }
  const url = server.url('quiet');
  const life = beginUrlLife(server, driverOptions(server, url, { programs: wrapped }));
  await life.restore(await life.capture());
  const written = await readFile(list, 'utf8');
  assert.match(written, /pg_dump -Fd.*--snapshot=/);
  assert.match(written, /pg_restore -Fd/);
  assert.ok(!written.includes(PASSWORD) && !written.includes(encodeURIComponent(PASSWORD)));
});

test('by TLS, checked as far as the address demands it', { skip }, async (t) => {
  const certificate = path.join(server.directory, 'server.crt');
  const key = path.join(server.directory, 'server.key');
  try {
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
    const files = ['-nodes', '-keyout', key, '-out', certificate];
    execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', ...files, ...subject], {
      stdio: 'ignore',
    });
  } catch {
    t.skip('openssl is not installed');
    return;
  }
  const user = process.getuid?.() === 0 ? findUser('postgres') : undefined;
  if (user !== undefined) await chown(key, user.uid, user.gid);
  const admin = await server.admin();
  await admin.query(`ALTER SYSTEM SET ssl_cert_file = '${certificate}'`);
  await admin.query(`ALTER SYSTEM SET ssl_key_file = '${key}'`);
  await admin.query('ALTER SYSTEM SET ssl = on');
  await admin.query('SELECT pg_reload_conf()');
  await server.createDatabase('secret');
  const url = new URL(server.url('secret'));
  url.hostname = 'localhost';
  await withUrl(url.href, (client) =>
    client.query(`CREATE TABLE t AS SELECT 1 AS n; ALTER TABLE t ADD CHECK (n > 0)`),
  );
  const verified = `sslmode=verify-full&sslrootcert=${encodeURIComponent(certificate)}`;
  for (const mode of ['sslmode=require', verified, verified.replace('full', 'ca')]) {
    url.search = `?${mode}`;
    await withUrl(url.href, async (client) => {
      const { rows } = await client.query<{ ssl: boolean }>(
        'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()',
      );
      assert.equal(rows[0]?.ssl, true, mode);
    });
    const life = beginUrlLife(server, driverOptions(server, url.href));
    await life.restore(await life.capture());
  }
  url.hostname = '127.0.0.1';
  url.search = `?${verified}`;
  const wrongName = beginUrlLife(server, driverOptions(server, url.href));
  await assert.rejects(wrongName.capture(), { code: 'POSTGRES_SERVER_UNREACHABLE' });
});

test(
  'a role that may enter its own database alone names another one to rename from',
  { skip },
  async () => {
    const admin = await server.admin();
    await server.createDatabase('alone');
    await server.createDatabase('another');
    await admin.query(
      'REVOKE CONNECT ON DATABASE postgres FROM PUBLIC; REVOKE CONNECT ON DATABASE template1 FROM PUBLIC',
    );
    const url = server.url('alone');
    const life = beginUrlLife(server, driverOptions(server, url));
    const taken = await life.capture();
    await assert.rejects(life.prepare(taken), {
      code: 'POSTGRES_NO_THIRD_DATABASE',
      message: /postgres, defaultdb, template1/,
    });
    const named = driverOptions(server, `${url}?maintenance=another`);
    await beginUrlLife(server, named, life.objects).restore(taken);
    await admin.query(`GRANT CONNECT ON DATABASE postgres TO ${OWNER}`);
  },
);

test('a kept database that cannot be dropped takes no restore back', { skip }, async () => {
  const admin = await server.admin();
  await server.createDatabase('subscribed');
  const inside = await server.admin('subscribed');
  await inside.query(
    `CREATE SUBSCRIPTION theirs CONNECTION 'dbname=no' PUBLICATION no WITH (connect = false, slot_name = NONE)`,
  );
  await inside.query(`SELECT pg_create_logical_replication_slot('slot', 'test_decoding')`);
  await inside.end();
  const life = beginUrlLife(server, driverOptions(server, server.url('subscribed')));
  const { notes } = await life.driver.probe(never);
  assert.match(
    notes.join('\n'),
    /subscriptions are not captured\n.*slots? slot stay with the database/,
  );
  const taken = await life.capture();
  await life.restore(taken);
  await life.restore(taken);
  const beside = async (): Promise<readonly string[]> => {
    const { rows } = await admin.query<{ name: string }>(
      `SELECT datname AS name FROM pg_database WHERE datname LIKE 'subscribed\\_%' ORDER BY oid`,
    );
    return rows.map(({ name }) => name);
  };
  const [held, ...others] = await beside();
  assert.equal(others.length, 1, 'the one that a subscription holds, and the undo point');
  await admin.query(`ALTER DATABASE ${held} ALLOW_CONNECTIONS true`);
  const old = await server.admin(held);
  await old.query('DROP SUBSCRIPTION theirs');
  await old.end();
  await life.restore(taken);
  assert.equal((await beside()).length, 1);
});
