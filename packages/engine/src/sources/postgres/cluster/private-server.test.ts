import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { cp } from 'node:fs/promises';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Client } from 'pg';
import { identifyProcess, isFailure, newUuid } from '@stillpoint/core';
import { findPostmaster } from './postmaster.ts';
import { holdTestCluster, never, removeShared, sourceFlags } from './testing.ts';
import { waitUntil } from './wait-until.ts';

const held = holdTestCluster();
const { cluster } = held;
before(() => cluster.ensureCreated(never));
after(async () => {
  await held.close();
  await removeShared();
});

const application = { applicationName: 'stillpoint test' };

/** A second incarnation: the bytes of the first, which is stopped. */
async function copyOfCurrent(): Promise<{ id: string; dataDirectory: string }> {
  await cluster.stop();
  const id = newUuid();
  const from = await cluster.incarnationDirectory(await cluster.currentIncarnation());
  const to = await cluster.incarnationDirectory(id);
  await cp(path.join(from, 'data'), path.join(to, 'data'), { recursive: true });
  await cluster.takeOwnership(to);
  await cluster.writeServerConfig(id);
  return { id, dataDirectory: path.join(to, 'data') };
}

test('a private server has no door but a socket in a private directory', async () => {
  const { id, dataDirectory } = await copyOfCurrent();
  await using server = await cluster.startPrivate(id, {
    signal: never,
    settings: { work_mem: '3MB' },
  });
  const client = await server.connect({ ...application, database: 'shop' });
  const shown = await client.query(
    `SELECT current_setting('listen_addresses') AS tcp, current_setting('work_mem') AS work_mem,
            current_setting('unix_socket_directories') AS socket`,
  );
  const { tcp, work_mem, socket } = shown.rows[0] as Record<string, string>;
  await client.end();
  assert.deepEqual([tcp, work_mem], ['', '3MB']);
  // One entry of a list: quoted where its name needs it, with quotes in it doubled.
  const named = (socket ?? '').replace(/^"(.*)"$/s, '$1').replaceAll('""', '"');
  const directory = lstatSync(named);
  assert.equal(directory.mode & 0o777, 0o700);
  assert.equal(directory.uid, cluster.owner?.uid ?? process.getuid?.());
  assert.equal((await cluster.status()).state, 'stopped', 'it is not the live one');
  const replication = await server.connect({ ...application, replication: true });
  assert.equal((await replication.query('IDENTIFY_SYSTEM')).rows.length, 1);
  await replication.end();
  const pid = findPostmaster(dataDirectory)?.pid ?? 0;
  await server.stop();
  assert.equal(identifyProcess(pid), undefined);
  assert.equal(
    existsSync(path.join(dataDirectory, 'postmaster.pid')),
    false,
    'it was ended cleanly',
  );
  await cluster.dropIncarnation(id);
});

test('the live server runs beside a private one, and the switch is a new name in one file', async () => {
  const { id } = await copyOfCurrent();
  const before = await cluster.currentIncarnation();
  await cluster.start(never);
  const server = await cluster.startPrivate(id, { signal: never });
  const client = await server.connect({ ...application, database: 'shop' });
  await client.query('CREATE TABLE public.only_in_copy ()');
  await client.end();
  await server.stop();
  await assert.rejects(cluster.setCurrentIncarnation(id), { code: 'ERR_ASSERTION' });
  await cluster.stop();
  await cluster.setCurrentIncarnation(id);
  await cluster.setCurrentIncarnation(id);
  await cluster.start(never);
  const live = await cluster.connect({ ...application, database: 'shop' });
  assert.equal(
    (await live.query("SELECT to_regclass('public.only_in_copy') AS t")).rows[0].t,
    'public.only_in_copy',
  );
  await live.end();
  await assert.rejects(cluster.dropIncarnation(id), { code: 'ERR_ASSERTION' });
  await cluster.stop();
  await cluster.setCurrentIncarnation(before);
  await cluster.dropIncarnation(id);
  await cluster.dropIncarnation(id);
  assert.deepEqual(await cluster.listIncarnations(), [before]);
  assert.deepEqual(readdirSync(path.join(cluster.root, 'trash')), []);
});

test('passwords and roles of older data are made right again', async () => {
  const id = await cluster.currentIncarnation();
  await cluster.stop();
  await using server = await cluster.startPrivate(id, { signal: never });
  const client = await server.connect(application);
  await client.query(
    "ALTER ROLE app SUPERUSER PASSWORD 'older'; ALTER ROLE stillpoint PASSWORD 'older'",
  );
  await cluster.resetRoles(client);
  await cluster.resetRoles(client);
  await client.end();
  await server.stop();
  await cluster.start(never);
  const live = await cluster.connect(application);
  const app = await live.query("SELECT rolsuper FROM pg_roles WHERE rolname = 'app'");
  assert.deepEqual(app.rows, [{ rolsuper: false }]);
  // A role that the restored data never had.
  await live.query('ALTER DATABASE shop OWNER TO stillpoint; DROP OWNED BY app; DROP ROLE app');
  await cluster.resetRoles(live);
  await live.query('ALTER DATABASE shop OWNER TO app');
  await live.end();
  const client2 = new Client({ connectionString: await cluster.url() });
  await client2.connect();
  await client2.end();
});

test('one that a killed process left behind is ended before its incarnation is used', async () => {
  const { id, dataDirectory } = await copyOfCurrent();
  const leave = async (): Promise<number> => {
    const index = JSON.stringify(new URL('./index.ts', import.meta.url).href);
    const { cluster: _cluster, close: _close, ...options } = held;
    const code = `import { createCluster } from ${index};
      await createCluster(${JSON.stringify(options)})
        .startPrivate('${id}', { signal: new AbortController().signal });
      process.kill(process.pid, 'SIGKILL');`;
    const child = spawn(process.execPath, [...sourceFlags, '--input-type=module', '--eval', code], {
      stdio: 'inherit',
    });
    await once(child, 'close');
    const left = findPostmaster(dataDirectory);
    assert.ok(left !== undefined, 'it was left behind');
    return left.pid;
  };
  const first = await leave();
  const server = await cluster.startPrivate(id, { signal: never });
  assert.equal(identifyProcess(first), undefined);
  await server.stop();

  const second = await leave();
  const before = await cluster.currentIncarnation();
  await cluster.setCurrentIncarnation(id);
  await cluster.start(never);
  assert.equal(identifyProcess(second), undefined);
  await cluster.stop();
  await cluster.setCurrentIncarnation(before);

  const third = await leave();
  await cluster.dropIncarnation(id);
  assert.equal(identifyProcess(third), undefined);
});

test('a server that cannot recover says why; one that is given up is gone', async () => {
  const { id, dataDirectory } = await copyOfCurrent();
  const settings = { restore_command: 'false', recovery_target_name: 'nowhere' };
  writeFileSync(path.join(dataDirectory, 'recovery.signal'), '');
  await cluster.takeOwnership(path.dirname(dataDirectory));
  await assert.rejects(cluster.startPrivate(id, { signal: never, settings }), (error) => {
    assert.ok(isFailure(error, 'POSTGRES_RECOVERY_FAILED'));
    assert.match(error.message, /recovery target was reached/);
    return true;
  });
  const abort = new AbortController();
  const slow = {
    ...settings,
    // Run by a shell, in the data directory.
    restore_command: 'touch ../asked; sleep 600',
  };
  const starting = cluster.startPrivate(id, { signal: abort.signal, settings: slow });
  starting.catch(() => {});
  const asked = path.join(path.dirname(dataDirectory), 'asked');
  assert.ok(
    await waitUntil(async () => existsSync(asked) || undefined, { limitMs: 60_000, signal: never }),
  );
  const pid = findPostmaster(dataDirectory)?.pid ?? 0;
  abort.abort(new Error('changed my mind'));
  await assert.rejects(starting, /my mind/);
  assert.equal(identifyProcess(pid), undefined);
  await assert.rejects(
    cluster.startPrivate(id, { signal: never, settings: slow, timeoutMs: 100 }),
    (error) => isFailure(error, 'POSTGRES_RECOVERY_FAILED'),
  );
  assert.equal(findPostmaster(dataDirectory), undefined);
  await cluster.dropIncarnation(id);
});

test('what a hand wrote into the configuration does not stay', async () => {
  const id = await cluster.currentIncarnation();
  const data = path.join(await cluster.incarnationDirectory(id), 'data');
  await cluster.stop();
  appendFileSync(path.join(data, 'pg_hba.conf'), 'host all all 0.0.0.0/0 trust\n');
  appendFileSync(path.join(data, 'postgresql.conf'), 'fsync = off\n');
  await cluster.start(never);
  assert.doesNotMatch(readFileSync(path.join(data, 'pg_hba.conf'), 'utf8'), /trust/);
  const client = await cluster.connect(application);
  const shown = await client.query("SELECT current_setting('fsync') AS fsync");
  await client.end();
  assert.equal(shown.rows[0].fsync, 'on');
});
