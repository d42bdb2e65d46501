// Creation that dies: whatever it left, the next one makes the cluster, and only one.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { after, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { findPostmaster } from './postmaster.ts';
import { never, openTestCluster, removeShared, sourceFlags } from './testing.ts';
import { waitUntil } from './wait-until.ts';

after(removeShared);

/** What is seen on disk at the moment when the creating process is killed. */
const moments: Record<string, (root: string, incarnation: string) => boolean> = {
  'the passwords are there': (root) => existsSync(path.join(root, 'secrets.json')),
  'an incarnation is begun': (root) => existsSync(path.join(root, 'creating.json')),
  'initdb runs': (_, incarnation) => existsSync(path.join(incarnation, 'data', 'base')),
  'the private server runs': (_, incarnation) =>
    findPostmaster(path.join(incarnation, 'data'))?.state === 'ready',
};

for (const [moment, isReached] of Object.entries(moments)) {
  test(`killed when ${moment}, creation is made good by the next one`, async (t) => {
    const { cluster, ...options } = openTestCluster(t);
    const index = JSON.stringify(new URL('./index.ts', import.meta.url).href);
    const code = `import { createCluster } from ${index};
      await createCluster(${JSON.stringify(options)}).ensureCreated(new AbortController().signal);`;
    const child = spawn(process.execPath, [...sourceFlags, '--input-type=module', '--eval', code], {
      stdio: 'inherit',
    });
    const exited = once(child, 'exit');
    const incarnations = path.join(cluster.root, 'incarnations');
    let reached = false;
    // Looked at without a pause: some of the moments are short.
    while (!reached && child.exitCode === null) {
      const [id = 'none'] = existsSync(incarnations) ? readdirSync(incarnations) : [];
      reached = isReached(cluster.root, path.join(incarnations, id));
      await nextTurn();
    }
    child.kill('SIGKILL');
    await exited;
    assert.ok(reached, 'the moment came');
    await cluster.ensureCreated(never);
    assert.deepEqual(await cluster.listIncarnations(), [await cluster.currentIncarnation()]);
    assert.ok(!existsSync(path.join(cluster.root, 'creating.json')));
    await cluster.start(never);
    const client = await cluster.connect({ applicationName: 'stillpoint test', database: 'shop' });
    await client.end();
  });
}

test('a creation that is given up leaves no incarnation, and can be repeated', async (t) => {
  const { cluster } = openTestCluster(t);
  const abort = new AbortController();
  const creating = cluster.ensureCreated(abort.signal);
  creating.catch(() => {});
  const begun = path.join(cluster.root, 'creating.json');
  await waitUntil(() => (existsSync(begun) ? true : undefined), { limitMs: 30_000 });
  abort.abort(new Error('changed my mind'));
  await assert.rejects(creating, /my mind/);
  assert.deepEqual(await cluster.listIncarnations(), []);
  await cluster.ensureCreated(never);
  assert.equal((await cluster.status()).state, 'stopped');
});
