// A real PgBouncer in between: one that hands out transactions is refused before anybody is paused, one that hands out sessions
// works, for a restore too.
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { accessSync } from 'node:fs';
import { chown, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, test } from 'node:test';
import { newUuid } from '@stillpoint/core';
import { chooseFreePort } from '../cluster/port.ts';
import { findUser } from '../cluster/system-user.ts';
import {
  beginUrlLife,
  driverOptions,
  findServerPrograms,
  never,
  OWNER,
  PASSWORD,
  startTestServer,
  withUrl,
  type TestServer,
} from './testing.ts';

const PGBOUNCER = '/usr/sbin/pgbouncer';
const programs = await findServerPrograms();
const skip = reasonToSkip();
const server = skip === false ? await startTestServer(programs!) : undefined!;
const poolers: ChildProcess[] = [];
after(async () => {
  for (const pooler of poolers) {
    pooler.kill('SIGKILL');
    if (pooler.exitCode === null && pooler.signalCode === null) await once(pooler, 'close');
  }
  await (server as TestServer | undefined)?.[Symbol.asyncDispose]();
});

function reasonToSkip(): string | false {
  if (programs === undefined) return 'no PostgreSQL server is installed';
  try {
    accessSync(PGBOUNCER);
    return false;
  } catch {
    return 'PgBouncer is not installed';
  }
}

/** Resolves to the address of `database` through a pooler of its own. */
async function startPooler(mode: string, database: string): Promise<string> {
  const directory = path.join(server.directory, `pooler-${database}-${mode}`);
  const port = await chooseFreePort(newUuid());
  await mkdir(directory, { mode: 0o700 });
  const users = path.join(directory, 'users.txt');
  await writeFile(users, `"${OWNER}" "${PASSWORD.replaceAll('"', '""')}"\n`);
  const config = path.join(directory, 'pgbouncer.ini');
  await writeFile(
    config,
    `[databases]\n* = host=${server.host} port=${server.port}\n[pgbouncer]\npool_mode = ${mode}\nlisten_port = ${port}\n` +
      `listen_addr = 127.0.0.1\nauth_type = scram-sha-256\nauth_file = ${users}\nunix_socket_dir =\n`,
  );
  const user = process.getuid?.() === 0 ? findUser('postgres') : undefined;
  if (user !== undefined) {
    for (const one of [directory, users, config]) await chown(one, user.uid, user.gid);
  }
  const pooler = spawn(PGBOUNCER, [config], { ...user, stdio: ['ignore', 'ignore', 'pipe'] });
  poolers.push(pooler);
  const listening = new Promise<void>((resolve, reject) => {
    let said = '';
    pooler.once('close', () => reject(new Error(said)));
    pooler.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (/listening on 127/.test(said)) resolve();
    });
  });
  await listening;
  const url = new URL(server.url(database));
  url.port = String(port);
  return url.href;
}

async function makeDatabase(name: string): Promise<string> {
  await server.createDatabase(name);
  const direct = server.url(name);
  await withUrl(direct, (client) => client.query('CREATE TABLE t AS SELECT 1 AS n'));
  return direct;
}

test(
  'a pooler that hands out transactions is refused, and directUrl leads past it',
  { skip },
  async () => {
    const directUrl = await makeDatabase('pooled');
    for (const mode of ['transaction', 'statement']) {
      const url = await startPooler(mode, 'pooled');
      const life = beginUrlLife(server, driverOptions(server, url));
      const expected = { code: 'POSTGRES_POOLED', hint: /^Set directUrl/ };
      await assert.rejects(life.driver.probe(never), expected);
      await assert.rejects(life.capture(), expected);
      const address = async () => ({ url, directUrl });
      const past = beginUrlLife(server, driverOptions(server, url, { address }));
      await past.restore(await past.capture());
    }
  },
);

test('a busy pooler that hands out transactions is refused too', { skip }, async () => {
  await makeDatabase('crowded');
  const url = await startPooler('transaction', 'crowded');
  let stopped = false;
  const busy = [1, 2, 3].map(() =>
    withUrl(url, async (client) => {
      // oxlint-disable-next-line no-unmodified-loop-condition -- changed below
      while (!stopped) await client.query('SELECT pg_sleep(0.002)');
    }),
  );
  const life = beginUrlLife(server, driverOptions(server, url));
  await assert.rejects(life.driver.probe(never), { code: 'POSTGRES_POOLED' });
  stopped = true;
  await Promise.all(busy);
});

test('a pooler that hands out sessions works, for a restore too', { skip }, async () => {
  const direct = await makeDatabase('sessions');
  const url = await startPooler('session', 'sessions');
  const life = beginUrlLife(server, driverOptions(server, url));
  const taken = await life.capture();
  await withUrl(direct, (client) => client.query('INSERT INTO t VALUES (2)'));
  await life.restore(taken);
  await withUrl(url, async (client) => {
    assert.equal((await client.query('SELECT * FROM t')).rowCount, 1);
  });
});
