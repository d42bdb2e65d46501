import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  lstatSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  statSync,
} from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Client } from 'pg';
import { identifyProcess, isFailure } from '@stillpoint/core';
import { createCluster, type Cluster } from './index.ts';
import { serverConfig } from './server-config.ts';
import {
  holdTestCluster,
  isRoot,
  never,
  openTestCluster,
  removeShared,
  sourceFlags,
  testOptions,
} from './testing.ts';

// For the tests that only look.
const held = holdTestCluster({ settings: { Work_Mem: '7MB', 'app.motto': "it's \\ so" } });
before(async () => {
  await held.cluster.ensureCreated(never);
  await held.cluster.start(never);
});
after(async () => {
  await held.close();
  await removeShared();
});

async function asApplication<T>(cluster: Cluster, use: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: await cluster.url() });
  client.on('error', () => {});
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

function filesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name));
}

test('a cluster is created, started, used by the application, stopped and started again', async (t) => {
  const { cluster } = openTestCluster(t);
  assert.equal((await cluster.status()).state, 'absent');
  await assert.rejects(cluster.start(never), (error) => isFailure(error, 'POSTGRES_NOT_CREATED'));
  await cluster.ensureCreated(never);
  assert.equal((await cluster.status()).state, 'stopped');
  await assert.rejects(cluster.connect({ applicationName: 'stillpoint test' }), (error) =>
    isFailure(error, 'POSTGRES_UNREACHABLE'),
  );
  await cluster.start(never);
  const status = await cluster.status();
  assert.equal(status.state, 'running');
  assert.equal(status.supervised, true);
  assert.equal(status.incarnation, await cluster.currentIncarnation());
  assert.deepEqual(await cluster.listIncarnations(), [status.incarnation]);
  await asApplication(cluster, async (client) => {
    await client.query('CREATE TABLE t (n int); INSERT INTO t VALUES (7)');
    const rights = await client.query(
      'SELECT rolsuper, rolreplication, rolcreatedb FROM pg_roles WHERE rolname = current_user',
    );
    assert.deepEqual(rights.rows, [{ rolsuper: false, rolreplication: false, rolcreatedb: true }]);
  });
  await cluster.start(never);
  assert.equal((await cluster.status()).pid, status.pid, 'a second start changes nothing');
  await cluster.stop();
  await cluster.stop();
  assert.equal((await cluster.status()).state, 'stopped');
  assert.equal((await cluster.status()).supervised, false);
  await cluster.ensureCreated(never);
  await cluster.start(never);
  assert.equal((await cluster.status()).port, status.port);
  const rows = await asApplication(cluster, (client) => client.query('SELECT n FROM t'));
  assert.deepEqual(rows.rows, [{ n: 7 }]);
});

test('the server is set as Stillpoint needs it, and sorts by its own collation', async (t) => {
  const { cluster } = held;
  const client = await cluster.connect({ database: 'shop', applicationName: 'stillpoint test' });
  t.after(() => client.end());
  const show = async (name: string): Promise<unknown> =>
    (await client.query(`SELECT current_setting('${name}') AS value`)).rows[0].value;
  assert.equal(await show('wal_level'), 'replica');
  assert.equal(await show('summarize_wal'), 'off');
  assert.equal(await show('data_checksums'), 'on');
  assert.equal(await show('max_slot_wal_keep_size'), '4GB');
  assert.equal(await show('listen_addresses'), '127.0.0.1');
  assert.equal(await show('work_mem'), '7MB');
  assert.equal(await show('app.motto'), "it's \\ so");
  assert.equal(await show('search_path'), 'pg_catalog');
  const provider = await client.query(
    'SELECT datlocprovider, datlocale FROM pg_database WHERE datname = current_database()',
  );
  assert.deepEqual(provider.rows, [{ datlocprovider: 'b', datlocale: 'C.UTF-8' }]);
  await assert.rejects(client.query("ALTER SYSTEM SET work_mem = '1MB'"), /not allowed/);
});

test('the limit of the WAL that is kept can be set', () => {
  const limit = /^max_slot_wal_keep_size = '(.*)'$/m;
  assert.equal(limit.exec(serverConfig({}))?.[1], '4096MB');
  assert.equal(
    limit.exec(serverConfig({}, 512e6))?.[1],
    '489MB',
    'rounded up to what it counts in',
  );
});

test('settings that Stillpoint needs cannot be changed', () => {
  for (const settings of [
    { WAL_Level: 'minimal' },
    { fsync: 'off' },
    { max_slot_wal_keep_size: '1GB' },
    { include: '/etc/passwd' },
    { max_wal_senders: '1' },
    { work_mem: '1MB\nfsync = off' },
    { 'work_mem = 1MB\nfsync': 'off' },
  ]) {
    assert.throws(() => createCluster(testOptions({ settings })), { code: 'ERR_ASSERTION' });
  }
});

test('nobody else can read the data or reach the socket, and the server is not root', async () => {
  const { cluster, socketDirectory } = held;
  const { pid = 0, dataDirectory = '' } = await cluster.status();
  const uid = cluster.owner?.uid ?? process.getuid?.();
  assert.notEqual(uid, 0);
  for (const file of [dataDirectory, path.dirname(dataDirectory), socketDirectory]) {
    const found = lstatSync(file);
    assert.equal(found.uid, uid, file);
    assert.equal(found.mode & 0o777, 0o700, file);
  }
  assert.equal(statSync(cluster.root).mode & 0o007, 0, 'others cannot enter the root');
  assert.equal(statSync(path.join(cluster.root, 'secrets.json')).mode & 0o777, 0o600);
  assert.equal(statSync(path.join(cluster.root, 'log')).mode & 0o077, 0);
  if (process.platform !== 'linux') return;
  assert.match(
    readFileSync(`/proc/${pid}/status`, 'utf8'),
    new RegExp(`^Uid:\\t${uid}\\t${uid}\\t${uid}\\t${uid}$`, 'm'),
  );
  if (isRoot) {
    assert.match(readFileSync(`/proc/${pid}/status`, 'utf8'), /^Groups:\s*$/m);
    assert.ok(
      readlinkSync(`/proc/${pid}/exe`).startsWith(realpathSync(cluster.binaries.directory)),
    );
  }
});

test('passwords stand in secrets.json only: in no process list, log, file or error', async () => {
  const { cluster } = held;
  const client = await cluster.connect({ applicationName: 'stillpoint test' });
  await cluster.resetRoles(client);
  await client.end();
  const secrets = JSON.parse(
    readFileSync(path.join(cluster.root, 'secrets.json'), 'utf8'),
  ) as Record<string, string>;
  const words = Object.values(secrets);
  assert.equal(words.length, 2);
  const processes = execFileSync('ps', ['-eww', '-o', 'args'], { encoding: 'utf8' });
  for (const word of words) assert.ok(!processes.includes(word));
  for (const file of filesBelow(cluster.root)) {
    const holds = words.some((word) => readFileSync(file).includes(word));
    assert.equal(holds, path.basename(file) === 'secrets.json', file);
  }
  const logs = filesBelow(path.join(cluster.root, 'log')).map((file) => readFileSync(file, 'utf8'));
  assert.ok(logs.length > 0 && !logs.join('').includes('SCRAM-SHA-256$'));
});

test('the application has no replication rights, and a wrong password does not open', async () => {
  const { cluster } = held;
  const url = await cluster.url();
  const config = { connectionString: url, replication: 'true' } as object;
  const client = new Client(config);
  client.on('error', () => {});
  await assert.rejects(client.connect(), /pg_hba|replication/);
  const wrong = new Client({ connectionString: url.replace(/:[^:@/]+@/, ':wrong@') });
  await assert.rejects(wrong.connect(), /password authentication failed/);
  const replication = await cluster.connect({
    applicationName: 'stillpoint test',
    replication: true,
  });
  const system = await replication.query('IDENTIFY_SYSTEM');
  assert.equal(system.rows.length, 1);
  await replication.end();
});

test('when the runtime directory was cleared away, the loopback port is used', async (t) => {
  const { cluster, socketDirectory } = held;
  const { port = 0 } = await cluster.status();
  rmSync(path.join(socketDirectory, `.s.PGSQL.${port}`));
  const client = await cluster.connect({ applicationName: 'stillpoint test' });
  t.after(() => client.end());
  const found = await client.query('SELECT host(inet_server_addr()) AS address');
  assert.deepEqual(found.rows, [{ address: '127.0.0.1' }]);
  assert.equal((await cluster.status()).state, 'running');
});

test('two that create and start at once end with one cluster', async (t) => {
  const { cluster, ...options } = openTestCluster(t);
  const other = createCluster(options);
  await Promise.all([cluster.ensureCreated(never), other.ensureCreated(never)]);
  assert.equal((await cluster.listIncarnations()).length, 1);
  await Promise.all([cluster.start(never), other.start(never)]);
  const status = await cluster.status();
  assert.equal(status.state, 'running');
  assert.equal(status.pid, (await other.status()).pid);
  await Promise.all([cluster.stop(), other.stop()]);
  assert.equal((await other.status()).state, 'stopped');
});

test('a command that starts the database can end, and its output closes', async () => {
  const { cluster, close: _close, ...options } = held;
  await cluster.stop();
  const index = JSON.stringify(new URL('./index.ts', import.meta.url).href);
  const given = JSON.stringify(options);
  const code = `import { createCluster } from ${index};
    await createCluster(${given}).start(new AbortController().signal);`;
  const child = spawn(process.execPath, [...sourceFlags, '--input-type=module', '--eval', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  child.stdout.resume();
  // 'close' comes only when nobody holds the pipe any more: the detached server does not.
  const [exitCode] = (await once(child, 'close')) as [number];
  assert.equal(exitCode, 0);
  const status = await cluster.status();
  assert.equal(status.state, 'running');
  assert.equal(status.supervised, true);
});

test('removing a cluster leaves nothing of it', async () => {
  const { cluster, socketDirectory } = held;
  const { pid = 0 } = await cluster.status();
  await cluster.remove();
  await cluster.remove();
  assert.equal(identifyProcess(pid), undefined);
  assert.equal(statSync(cluster.root, { throwIfNoEntry: false }), undefined);
  assert.equal(statSync(socketDirectory, { throwIfNoEntry: false }), undefined);
  assert.equal((await cluster.status()).state, 'absent');
});
