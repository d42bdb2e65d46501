// A real PgBouncer in between: one that hands out transactions is refused, one that hands out sessions works.
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chown, mkdtemp, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { isFailure } from '@stillpoint/core';
import { openDatabase } from './index.ts';
import { OWNER, PASSWORD, serverOfTests, whyNot, type TestServer } from './testing/index.ts';
import { serverUser } from './testing/programs.ts';

const PGBOUNCER = '/usr/sbin/pgbouncer';
const skip = existsSync(PGBOUNCER) ? whyNot('debian-15') : 'PgBouncer is not installed';

/** Resolves to the address of `database` through a pooler of its own, which ends with the test. */
async function startPooler(
  t: TestContext,
  server: TestServer,
  mode: 'session' | 'transaction',
  settings = '',
): Promise<string> {
  const url = new URL(await server.createDatabase());
  const directory = await mkdtemp(path.join(server.directory, `pooler-${mode}-`));
  const users = path.join(directory, 'users.txt');
  await writeFile(users, `"${OWNER}" "${PASSWORD.replaceAll('"', '""')}"\n`);
  const config = path.join(directory, 'pgbouncer.ini');
  await writeFile(
    config,
    `[databases]\n* = host=${server.directory} port=5432\n[pgbouncer]\npool_mode = ${mode}\nlisten_port = 6432\n` +
      `listen_addr =\nauth_type = scram-sha-256\nauth_file = ${users}\nunix_socket_dir = ${directory}\n${settings}\n`,
  );
  const user = serverUser();
  if (user !== undefined) {
    for (const one of [directory, users, config]) await chown(one, user.uid, user.gid);
  }
  const pooler = spawn(PGBOUNCER, [config], { ...user, stdio: ['ignore', 'ignore', 'pipe'] });
  t.after(() => end(pooler));
  await new Promise<void>((resolve, reject) => {
    let said = '';
    pooler.once('close', () => reject(new Error(said)));
    pooler.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (/listening on unix/.test(said)) resolve();
    });
  });
  url.port = '6432';
  url.searchParams.set('host', directory);
  return url.href;
}

async function end(pooler: ChildProcess): Promise<void> {
  pooler.kill('SIGKILL');
  if (pooler.exitCode === null && pooler.signalCode === null) await once(pooler, 'close');
}

test('a pooler that hands out transactions is refused, and named', { skip }, async (t) => {
  const server = await serverOfTests('debian-15');
  const url = await startPooler(t, server, 'transaction');
  await assert.rejects(openDatabase({ at: url }), (error) => {
    assert.ok(isFailure(error, 'DATABASE_POOLED'), String(error));
    return true;
  });
});

test(
  'a pooler that has one session for everybody is refused, and does not wait for itself',
  { skip },
  async (t) => {
    const server = await serverOfTests('debian-15');
    const url = await startPooler(t, server, 'transaction', 'default_pool_size = 1');
    await assert.rejects(openDatabase({ at: url }), {
      code: 'DATABASE_POOLED',
      message: /one connection is given several sessions/,
    });
  },
);

test('a pooler that hands out sessions is as good as the server', { skip }, async (t) => {
  const server = await serverOfTests('debian-15');
  await using database = await openDatabase({ at: await startPooler(t, server, 'session') });
  await database.transaction((transaction) => transaction.query('CREATE TABLE t (n int)'));
  await using session = await database.session('worker');
  await session.query('SELECT pg_advisory_lock(1)');
  await assert.rejects(openDatabase({ at: server.url('nothing', OWNER) }), {
    code: 'DATABASE_MISSING',
  });
});
