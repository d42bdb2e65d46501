// The lock of a run among many that ask at once, and what dead ones leave.
import assert from 'node:assert/strict';
import { mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import net from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { isRunLocked, takeRunLock } from './run-lock.ts';

async function directoryFor(t: TestContext): Promise<string> {
  const directory = await mkdtemp(path.join(tmpdir(), 'stillpoint-lock-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

test('of many that ask at once two never have it, and in the end somebody does', async (t) => {
  const directory = await directoryFor(t);
  let taken = 0;
  for (let round = 0; round < 15; round += 1) {
    const asked = await Promise.all(Array.from({ length: 8 }, () => takeRunLock(directory)));
    const held = asked.filter((one) => one !== undefined);
    assert.ok(held.length <= 1, `${held.length} have it`);
    assert.equal(await isRunLocked(directory), held.length === 1);
    if (held.length === 1) assert.equal(await takeRunLock(directory), undefined);
    for (const one of held) await one[Symbol.asyncDispose]();
    taken += held.length;
  }
  assert.ok(taken > 0);
  assert.deepEqual(await readdir(directory), []);
});

test('whoever comes and goes while others ask hinders nobody', async (t) => {
  const directory = await directoryFor(t);
  let holders = 0;
  let taken = 0;
  const asker = async (): Promise<void> => {
    for (let turn = 0; turn < 15; turn += 1) {
      const lock = await takeRunLock(directory);
      if (lock === undefined) continue;
      holders += 1;
      taken += 1;
      assert.equal(holders, 1);
      await readdir(directory);
      holders -= 1;
      await lock[Symbol.asyncDispose]();
    }
  };
  await Promise.all([asker(), asker(), asker()]);
  assert.ok(taken > 0);
  assert.deepEqual(await readdir(directory), []);
});

test('a socket that nobody listens on any more is cleared away', async (t) => {
  const directory = await directoryFor(t);
  const dead = path.join(directory, '.lock-0123456789ab');
  // Its name stays as that of a killed process does: closing removes the name that it was bound to.
  const server = net.createServer().listen(`${dead}.tmp`);
  await once(server, 'listening');
  await rename(`${dead}.tmp`, dead);
  assert.equal(await isRunLocked(directory), true);
  server.close();
  await once(server, 'close');
  assert.equal(await isRunLocked(directory), false);
  assert.deepEqual(await readdir(directory), ['.lock-0123456789ab']);
  const lock = await takeRunLock(directory);
  assert.ok(lock !== undefined);
  assert.equal((await readdir(directory)).length, 1);
  await lock[Symbol.asyncDispose]();
});
