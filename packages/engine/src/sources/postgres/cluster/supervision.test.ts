import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Client } from 'pg';
import { identifyProcess, isAlive, isFailure } from '@stillpoint/core';
import { createCluster, type Cluster } from './index.ts';
import { findOrphans, pidFile } from './postmaster.ts';
import { clusterNameOf } from './server-command.ts';
import { never, holdTestCluster, openTestCluster, removeShared } from './testing.ts';
import { readState } from './supervision-files.ts';
import { waitUntil } from './wait-until.ts';

// One cluster for most of the tests: making one takes longer than what they look at. Each starts it as it needs.
const { cluster, close } = holdTestCluster();
before(async () => {
  await cluster.ensureCreated(never);
});
after(async () => {
  await close();
  await removeShared();
});

const DEADLINE_MS = 30_000;

async function until<T>(look: () => Promise<T | undefined> | T | undefined): Promise<T> {
  const found = await waitUntil(look, { limitMs: DEADLINE_MS });
  assert.ok(found !== undefined, 'it did not happen in time');
  return found;
}

/** The pid of a running postmaster that is not `old`. */
function successorOf(cluster: Cluster, old: number | undefined): Promise<number> {
  return until(async () => {
    const { state, pid } = await cluster.status();
    return state === 'running' && pid !== old ? pid : undefined;
  });
}

async function connectSoon(cluster: Cluster): Promise<Client> {
  return until(() =>
    cluster
      .connect({ database: 'shop', applicationName: 'stillpoint test' })
      .catch(() => undefined),
  );
}

test('a killed postmaster is started again, with what was committed', async () => {
  await cluster.start(never);
  const client = await connectSoon(cluster);
  await client.query('CREATE TABLE IF NOT EXISTS public.t AS SELECT 7 AS n');
  const { pid = 0 } = await cluster.status();
  process.kill(pid, 'SIGKILL');
  await successorOf(cluster, pid);
  const again = await connectSoon(cluster);
  assert.deepEqual((await again.query('SELECT n FROM public.t')).rows, [{ n: 7 }]);
  await again.end();
  await assert.rejects(client.query('SELECT 1'));
  await client.end().catch(() => {});
});

test('a backend that computes on after its postmaster was killed does not keep it down', async () => {
  await cluster.start(never);
  const { pid = 0, incarnation = '' } = await cluster.status();
  const client = await connectSoon(cluster);
  const busy = client.query('DO $$ BEGIN LOOP END LOOP; END $$').catch(() => 'ended');
  const backend = await until(async () => {
    const other = await connectSoon(cluster);
    const rows = await other.query(
      `SELECT pid FROM pg_stat_activity WHERE query LIKE 'DO %' AND state = 'active'`,
    );
    await other.end();
    return rows.rows[0]?.pid as number | undefined;
  });
  const uid = cluster.owner?.uid ?? process.getuid?.() ?? 0;
  process.kill(pid, 'SIGKILL');
  assert.ok(findOrphans(clusterNameOf(incarnation), uid).includes(backend));
  await successorOf(cluster, pid);
  assert.equal(await busy, 'ended');
  assert.equal(identifyProcess(backend), undefined);
  await client.end().catch(() => {});
});

test('when the supervisor is killed the database goes on; start supervises it again', async (t) => {
  await cluster.start(never);
  const client = await connectSoon(cluster);
  t.after(() => client.end());
  const { pid } = await cluster.status();
  const first = readState(cluster.root)?.supervisor;
  assert.ok(first !== undefined);
  process.kill(first.pid, 'SIGKILL');
  await until(() => (isAlive(first) ? undefined : true));
  const orphaned = await cluster.status();
  assert.deepEqual([orphaned.state, orphaned.supervised], ['running', false]);
  await cluster.start(never);
  await until(async () => ((await cluster.status()).supervised ? true : undefined));
  assert.equal((await cluster.status()).pid, pid, 'nobody was disturbed');
  assert.equal((await client.query('SELECT 1 AS n')).rows[0].n, 1);
  process.kill(pid ?? 0, 'SIGKILL');
  await successorOf(cluster, pid);
  await cluster.stop();
  assert.deepEqual((await cluster.status()).state, 'stopped');
});

test('when the supervisor is killed, stop still stops', async () => {
  await cluster.start(never);
  const { pid = 0 } = await cluster.status();
  const supervisor = readState(cluster.root)?.supervisor;
  process.kill(supervisor?.pid ?? 0, 'SIGKILL');
  await cluster.stop();
  assert.equal((await cluster.status()).state, 'stopped');
  assert.equal(identifyProcess(pid), undefined);
});

test('stop ends a supervisor and a postmaster that are suspended', async () => {
  await cluster.start(never);
  const { pid = 0 } = await cluster.status();
  process.kill(readState(cluster.root)?.supervisor.pid ?? 0, 'SIGSTOP');
  process.kill(pid, 'SIGSTOP');
  await cluster.stop();
  assert.equal((await cluster.status()).state, 'stopped');
  assert.equal(identifyProcess(pid), undefined);
});

test('a start that is given up while it only watches again leaves the database running', async () => {
  await cluster.start(never);
  const { pid } = await cluster.status();
  const { supervisor } = readState(cluster.root) ?? assert.fail();
  process.kill(supervisor.pid, 'SIGKILL');
  await until(() => (isAlive(supervisor) ? undefined : true));
  const abort = new AbortController();
  const starting = cluster.start(abort.signal);
  await until(() => readState(cluster.root));
  abort.abort(new Error('changed my mind'));
  await starting.catch((error: Error) => assert.match(error.message, /my mind/));
  assert.equal((await cluster.status()).pid, pid);
  assert.equal((await cluster.status()).supervised, true);
});

test('when both are killed, start comes up again', async () => {
  await cluster.start(never);
  const { pid = 0 } = await cluster.status();
  process.kill(readState(cluster.root)?.supervisor.pid ?? 0, 'SIGKILL');
  process.kill(pid, 'SIGKILL');
  await until(async () => ((await cluster.status()).state === 'stopped' ? true : undefined));
  await cluster.start(never);
  assert.notEqual((await cluster.status()).pid, pid);
});

test('a pid file whose pid now belongs to another process of the same user is seen through', async (t) => {
  await cluster.start(never);
  const { dataDirectory = '', port } = await cluster.status();
  const kept = readFileSync(pidFile(dataDirectory), 'utf8');
  await cluster.stop();
  const owner = cluster.owner;
  const stranger = spawn('sleep', ['600'], { stdio: 'ignore', cwd: '/', ...owner });
  t.after(() => stranger.kill());
  await once(stranger, 'spawn');
  const stale = kept.replace(/^\d+/, String(stranger.pid));
  writeFileSync(pidFile(dataDirectory), stale);
  assert.equal((await cluster.status()).state, 'stopped');
  await cluster.start(never);
  assert.equal((await cluster.status()).port, port);
  assert.equal(stranger.exitCode, null, 'the stranger was left alone');
});

test('a taken port is named, and who took it', async (t) => {
  await cluster.start(never);
  const { port = 0 } = await cluster.status();
  await cluster.stop();
  const thief = createServer();
  t.after(() => thief.close());
  thief.listen(port, '127.0.0.1');
  await once(thief, 'listening');
  assert.equal((thief.address() as AddressInfo).port, port);
  await assert.rejects(cluster.start(never), (error) => {
    assert.ok(isFailure(error, 'PORT_TAKEN'));
    assert.match(
      error.message,
      new RegExp(`${port}.*${process.platform === 'linux' ? process.pid : ''}`),
    );
    return true;
  });
  assert.equal((await cluster.status()).supervised, false);
});

test('a server that cannot start is given up, with the last lines of its log', async (t) => {
  const { cluster, ...options } = openTestCluster(t);
  await cluster.ensureCreated(never);
  const settings = { shared_buffers: 'a lot' };
  const wrong = createCluster({ ...options, settings });
  await assert.rejects(wrong.start(never), (error) => {
    assert.ok(isFailure(error, 'POSTGRES_START_FAILED'));
    assert.match(error.hint, /shared_buffers/);
    return true;
  });
  assert.equal((await wrong.status()).state, 'stopped');
  await cluster.start(never);
});

test('a start that is given up leaves nothing running', async () => {
  await cluster.stop();
  await assert.rejects(cluster.start(AbortSignal.abort(new Error('changed my mind'))), /my mind/);
  // A server can be up before we have seen its supervisor: then another try.
  for (let tries = 1; !(await isGivenUp()); tries += 1) {
    assert.ok(tries < 10, 'it always started before it could be given up');
    await cluster.stop();
  }
  await until(async () => ((await cluster.status()).state === 'stopped' ? true : undefined));
});

/** False: it was faster than we were. */
async function isGivenUp(): Promise<boolean> {
  const abort = new AbortController();
  const starting = cluster.start(abort.signal);
  await until(() => readState(cluster.root));
  abort.abort(new Error('changed my mind'));
  return await starting.then(
    () => false,
    (error: Error) => {
      assert.match(error.message, /my mind/);
      return true;
    },
  );
}

test('refused connections: those that are go on, nobody new, nobody starts it again, start reopens', async () => {
  await cluster.start(never);
  const client = await connectSoon(cluster);
  const { pid = 0 } = await cluster.status();
  await cluster.refuseNewConnections();
  await until(async () => {
    const other = await cluster
      .connect({ applicationName: 'stillpoint test' })
      .catch(() => undefined);
    await other?.end();
    return other === undefined ? true : undefined;
  });
  assert.equal((await client.query('SELECT 1 AS n')).rows[0].n, 1);
  const { supervisor } = readState(cluster.root) ?? assert.fail();
  process.kill(pid, 'SIGKILL');
  await until(() => (isAlive(supervisor) ? undefined : true));
  assert.equal((await cluster.status()).state, 'stopped', 'even a crash does not open it again');
  await client.end().catch(() => {});
  await cluster.start(never);
  const again = await connectSoon(cluster);
  await cluster.refuseNewConnections();
  await cluster.start(never);
  await (await connectSoon(cluster)).end();
  await again.end().catch(() => {});
  await cluster.refuseNewConnections();
  await cluster.stop();
  assert.equal((await cluster.status()).state, 'stopped');
});

test('a clean shutdown by hand ends the supervisor too', async () => {
  await cluster.start(never);
  const { pid = 0 } = await cluster.status();
  const { supervisor } = readState(cluster.root) ?? assert.fail();
  process.kill(pid, 'SIGINT');
  await until(() => (isAlive(supervisor) ? undefined : true));
  assert.equal((await cluster.status()).state, 'stopped');
});

test('data of another major version, or of another architecture, is refused', async (t) => {
  const { cluster, ...options } = openTestCluster(t);
  await cluster.ensureCreated(never);
  const { dataDirectory = '' } = await cluster.status();
  const version = path.join(dataDirectory, 'PG_VERSION');
  writeFileSync(version, '15\n');
  await assert.rejects(cluster.start(never), (error) =>
    isFailure(error, 'POSTGRES_MAJOR_MISMATCH'),
  );
  writeFileSync(version, '18\n');
  const file = path.join(cluster.root, 'cluster.json');
  writeFileSync(file, readFileSync(file, 'utf8').replace(process.arch, 'vax'));
  const moved = createCluster({ ...options });
  await assert.rejects(moved.start(never), (error) => isFailure(error, 'POSTGRES_ARCH_MISMATCH'));
  writeFileSync(path.join(cluster.root, 'current.json'), '{"incarnation":');
  await assert.rejects(moved.start(never), (error) => isFailure(error, 'POSTGRES_FILE_DAMAGED'));
});
